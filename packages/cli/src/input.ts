// Standard input on its way to the peer: each line a text message, or all of it one binary message. Nothing of it is altered on
// the way, and no more of it is read than the peer takes.

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

/**
 * Sends standard input to its end and closes once the peer has been silent for a while after that, since answers come later than
 * questions. Gives what kept it from reading; how the connection ended is told by the connection itself.
 */
export async function sendInput(connection: Connection, { binary, linger, ...peer }: InputOptions): Promise<unknown> {
  const { stdin } = process
  let isOver = false
  const over = connection.closed.catch(() => {}).then(() => {
    isOver = true
    stdin.destroy()
  })
  try {
    if (binary) await connection.send(Readable.toWeb(stdin), { type: 'binary' })
    else await sendLines(connection, new LineReader(decodeInput(stdin)))
    await silence(peer, linger, over)
    return undefined
  } catch (error) {
    // The connection ended first: then nothing can be sent, and nothing is read any more.
    return error instanceof DOMException || isOver ? undefined : error
  } finally {
    connection.close({ closeCode: 1000 })
  }
}

async function sendLines(connection: Connection, lines: LineReader): Promise<void> {
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    await connection.send(line, { type: 'text' })
  }
}

/** Bytes as the text that they are. Throws for other bytes: the peer would take replacement characters for what was meant. */
export async function* decodeInput(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined })
    } catch {
      throw new Error('standard input must be UTF-8, got bytes that are not; --binary sends any')
    }
  }
  for await (const chunk of chunks) yield decode(chunk)
  yield decode()
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
