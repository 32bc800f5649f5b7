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
  const first = await reader.read()
  const next = reader.read()
  // A message that is complete ends its body in this turn of the event loop.
  const complete = first.done || await Promise.race([next.then(({ done }) => done), turn()])
  if (complete) await connection.send(first.value ?? new Uint8Array(0), { type })
  else await connection.send(joined(first.value, next, reader), { type })
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

/** A stream again, of one chunk that was read, one that is being read, and the rest. */
function joined(first: Uint8Array, next: ReturnType<Reader['read']>, reader: Reader): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(first),
    async pull(controller) {
      const { done, value } = await next
      if (done) return controller.close()
      controller.enqueue(value)
      next = reader.read()
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 })
}

function turn(): Promise<false> {
  return new Promise((resolve) => setImmediate(resolve, false))
}
