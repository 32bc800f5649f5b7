// Echoes a connection's messages: each comes back as it came, text as text and binary as binary, whatever its size.

import type { Connection, IncomingMessage } from '@wirestream/node'

/**
 * Echoes until the connection ends; throws what ended it. A message that is here at once goes back in one frame; any other
 * flows back as it comes, in bounded memory. With `whole`, messages are put together first, so that `limits.maxMessageSize`
 * binds them.
 */
export async function echo(connection: Connection, whole = false): Promise<void> {
  for await (const message of connection.messages()) {
    if (whole) await connection.send(await message.bytes(), { type: message.type })
    else await echoMessage(connection, message)
  }
}

async function echoMessage(connection: Connection, { type, body }: IncomingMessage): Promise<void> {
  const reader = body.getReader()
  let complete = false
  reader.closed.then(() => complete = true, () => {})
  const { value = new Uint8Array(0) } = await reader.read()
  await undefined // a body that is here to its end closes right behind its last chunk
  await connection.send(complete ? value : joined(value, reader), { type })
}

/** A stream again, of one chunk that was read and the rest. */
function joined(first: Uint8Array, reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(first),
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 })
}
