// Standard input on its way to the peer: each line a text message, or all of it one binary message. Nothing of it is altered on
// the way, and no more of it is read than the peer takes.

import { isUtf8 } from 'node:buffer'
import { fstatSync } from 'node:fs'
import process from 'node:process'
import { Readable } from 'node:stream'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Connection } from '@wirestream/node'
import { LineReader } from './lines.ts'

/** How standard input is sent. */
export interface InputOptions {
  /** Whether it is one binary message, and not lines. */
  readonly binary: boolean
  /** How long the peer must have been silent at the end, in milliseconds. */
  readonly linger: number
  /** How many parts of messages have come so far. */
  heard(): number
  /** Whether the reader of standard output keeps more from being heard. */
  isHeldUp(): boolean
}

const LINE_FEED = 0x0a

/** Throws where standard input is a directory, which the platform would take for an empty file. */
export function checkInput(): void {
  if (process.stdin.isTTY || !fstatSync(0).isDirectory()) return
  throw new Error('standard input must be a file, a pipe or a terminal, got a directory')
}

/**
 * Sends standard input, to its end or to what keeps it from being read, and closes once the peer has been silent for a while after
 * that, since answers come later than questions. Gives what kept it; how the connection ended is told by the connection itself.
 */
export async function sendInput(connection: Connection, { binary, linger, ...peer }: InputOptions): Promise<unknown> {
  const { stdin } = process
  let isOver = false
  const over = connection.closed.catch(() => {}).then(() => {
    isOver = true
    stdin.destroy()
  })
  const send = binary ? sendBinary : sendLines
  // Where the connection ended first, nothing can be sent, and nothing is read any more: no fault of the input.
  const excuse = (error: unknown) => error instanceof DOMException || isOver ? undefined : error
  const fault = await send(connection, stdin).catch(excuse)
  await silence(peer, linger, over)
  connection.close({ closeCode: 1000 })
  return fault
}

async function sendBinary(connection: Connection, input: Readable): Promise<void> {
  await connection.send(Readable.toWeb(input), { type: 'binary' })
}

async function sendLines(connection: Connection, input: Readable): Promise<void> {
  const lines = new LineReader(decodeInput(input))
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    await connection.send(line, { type: 'text' })
  }
}

/**
 * Bytes as the text that they are. Throws for other bytes, once the lines before them were given, however the chunks are cut: the
 * peer would take replacement characters for what was meant.
 */
export async function* decodeInput(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (bytes?: Uint8Array): string | undefined => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch {
      return undefined
    }
  }
  for await (const chunk of chunks) {
    // Only what stands up to the first line feed can end a character of an earlier chunk: no line feed is part of one.
    const second = chunk.indexOf(LINE_FEED) + 1
    const [start, rest] = [decode(chunk.subarray(0, second)), chunk.subarray(second)]
    if (start === undefined) throw notText()
    const text = decode(rest)
    yield start + (text ?? new TextDecoder('utf-8', { ignoreBOM: true }).decode(goodLines(rest)))
    if (text === undefined) throw notText()
  }
  if (decode() === undefined) throw notText()
}

/** The whole lines before the first that is not UTF-8. */
function goodLines(bytes: Uint8Array): Uint8Array {
  let end = 0
  for (let next; (next = bytes.indexOf(LINE_FEED, end) + 1) > 0 && isUtf8(bytes.subarray(end, next));) end = next
  return bytes.subarray(0, end)
}

function notText(): Error {
  return new Error('standard input must be UTF-8, got bytes that are not; --binary sends any')
}

/** Resolves when nothing has been heard for that long, though it could have been, or when the connection is over. */
async function silence(
  { heard, isHeldUp }: Pick<InputOptions, 'heard' | 'isHeldUp'>,
  ms: number,
  over: Promise<unknown>,
): Promise<void> {
  const stop = new AbortController()
  void over.then(() => stop.abort())
  for (let before = NaN; (before !== heard() || isHeldUp()) && !stop.signal.aborted;) {
    before = heard()
    await setTimeout(ms, undefined, { signal: stop.signal }).catch(() => {})
    await setImmediate() // writing to a pipe stops everything while it is full: what came meanwhile is heard first
  }
}
