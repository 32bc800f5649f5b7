// Prints what comes: a text as a line, a binary message as a line about it. A message of any size passes in bounded memory.

import type { IncomingMessage } from '@wirestream/node'
import type { Output } from './output.ts'
import { hexOf, printable } from './printable.ts'

/** How many bytes of a binary message are shown. */
const SHOWN = 16

/** Prints one message. With `whole` it is put together first, so that `limits.maxMessageSize` binds it. */
export async function printMessage(message: IncomingMessage, output: Output, whole: boolean): Promise<void> {
  const chunks = whole ? [await message.bytes()] : message.body
  if (message.type === 'text') await printText(chunks, output)
  else await output.write(`${await summarize(chunks)}\n`)
}

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** A terminal gets text that cannot drive it; a pipe gets the very bytes. */
async function printText(chunks: Chunks, output: Output): Promise<void> {
  if (!output.isTerminal) {
    for await (const chunk of chunks) await output.write(chunk)
    return await output.write('\n')
  }
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  for await (const chunk of chunks) await output.write(printable(decoder.decode(chunk, { stream: true })))
  await output.write('\n')
}

/** Such as `binary, 5 bytes: 68 65 6c 6c 6f`. */
async function summarize(chunks: Chunks): Promise<string> {
  let start = new Uint8Array(0)
  let length = 0
  for await (const chunk of chunks) {
    if (start.length < SHOWN) start = Uint8Array.of(...start, ...chunk.subarray(0, SHOWN))
    length += chunk.length
  }
  const bytes = length === 0 ? '' : `: ${hexOf(start, SHOWN)}${length > SHOWN ? ' …' : ''}`
  return `binary, ${length} bytes${bytes}`
}
