// The main job: one message of any length to an echo server and back, both directions streaming at once, with the sums of what
// went and of what came.

import { createHash, type Hash } from 'node:crypto'
import { connect, type Connection } from '@wirestream/node'
import { MemoryWatch } from './memory.ts'
import { pattern } from './pattern.ts'
import type { Progress } from './progress.ts'

/** What a round trip gave. */
export interface RoundTrip {
  /** In bytes. */
  readonly size: number
  /** SHA-256 in hex of what was sent and of what was received, and whether they are equal. */
  readonly sent: string
  readonly received: string
  readonly equal: boolean
  readonly seconds: number
  /** Resident memory at the start and how far it rose above that, in bytes. */
  readonly start: number
  readonly growth: number
}

/** Sends `size` bytes as one message and takes the echo. Throws where the connection ends before it is whole. */
export async function roundTrip(url: string, size: number, progress: Progress): Promise<RoundTrip> {
  const memory = new MemoryWatch()
  try {
    const begun = performance.now()
    const connection = await connect(url)
    const hash = createHash('sha256')
    const [received] = await Promise.all([
      receive(connection, createHash('sha256'), progress),
      connection.send(pattern(size, hash), { type: 'binary' }),
    ])
    const sent = hash.digest('hex')
    const seconds = (performance.now() - begun) / 1000
    connection.close({ closeCode: 1000 })
    await connection.closed
    return { size, sent, received, equal: sent === received, seconds, start: memory.start, growth: memory.stop() }
  } finally {
    memory.stop()
  }
}

/** The sum of the one message that comes. */
async function receive(connection: Connection, hash: Hash, progress: Progress): Promise<string> {
  for await (const { body } of connection.messages()) {
    for await (const chunk of body) {
      hash.update(chunk)
      await progress.add(chunk.length)
    }
    return hash.digest('hex')
  }
  throw new Error('the connection closed before the echo came')
}
