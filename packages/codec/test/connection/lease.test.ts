// Law: memory that a transport gets back is looked at by nobody any more. The transport here spoils what it gets back, so that whoever
// still looks sees it, and counts, so that it does get it back.

import { describe, expect, test } from 'vitest'
import { Duplex, type DuplexSocket } from '../../src/adapter/index.ts'
import { Connection, type ConnectionOptions } from '../../src/index.ts'
import { SMALL } from '../../src/values/bytes.ts'
import { expectBytes, join, pattern } from '../support/bytes.ts'
import { wire } from '../support/frames.ts'
import { Random } from '../support/random.ts'
import { drain } from './transport.ts'

interface Counts {
  /** Chunks that were told, and those that came back. */
  told: number
  back: number
}

/** One end of a wire in memory. What is sent arrives in chunks of `cut` bytes at most, in arrays of their own, some turns later. */
class Wire implements DuplexSocket {
  readonly duplex: Duplex
  readonly counts: Counts = { told: 0, back: 0 }
  other!: Wire
  readonly #cut: () => number
  #flowing = false
  #waiting: Uint8Array[] = []
  #ended = false

  constructor(cut: () => number) {
    this.#cut = cut
    this.duplex = new Duplex(this, { startTimer: () => () => {} })
  }

  readonly reclaim = (chunk: Uint8Array): void => {
    this.counts.back++
    new Uint8Array(chunk.buffer).fill(0xdd)
  }

  resume(): void {
    this.#flowing = true
    void this.#deliver()
  }

  pause(): void {
    this.#flowing = false
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    await drain() // the system looks at them late
    for (const chunk of chunks) {
      for (let at = 0, end = 0; at < chunk.length; at = end) {
        end = Math.min(chunk.length, at + this.#cut())
        this.other.#waiting.push(chunk.slice(at, end))
      }
    }
    void this.other.#deliver()
  }

  shutdown(): void {
    this.other.#ended = true
    void this.other.#deliver()
  }

  close(): void {}

  destroy(): void {}

  async #deliver(): Promise<void> {
    await drain()
    while (this.#flowing && this.#waiting.length > 0) {
      this.counts.told++
      this.duplex.push(this.#joined())
    }
    if (this.#ended && this.#waiting.length === 0) this.duplex.end()
  }

  /** Several of those that wait, as a socket would bring them. */
  #joined(): Uint8Array {
    const some = this.#waiting.splice(0, 1 + this.#cut() % 4)
    const all = new Uint8Array(some.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const chunk of some) {
      all.set(chunk, at)
      at += chunk.length
    }
    return all
  }
}

function wires(cut: () => number): [Wire, Wire] {
  const [a, b] = [new Wire(cut), new Wire(cut)]
  a.other = b
  b.other = a
  return [a, b]
}

const defer = (callback: () => void): void => void setTimeout(callback, 0)

/** A client whose messages go through `handle` at the server, and the counts of the server's chunks. */
function open(handle: (server: Connection) => Promise<void>, random: Random, options: Partial<ConnectionOptions> = {}) {
  const [near, far] = wires(() => random.pick([1 + random.below(200), 4096, 65536]))
  const environment = { defer }
  const client = new Connection(near.duplex, { role: 'client', environment })
  const server = new Connection(far.duplex, { role: 'server', environment, ...options })
  const handled = handle(server)
  return { client, handled, counts: far.counts }
}

const sizes = [0, 1, 64, 65, 125, 4000, 5000, 16_384, 16_385, 40_000, 65_536, 200_000]

const handlers: Record<string, (server: Connection) => Promise<void>> = {
  'piped back': (server) => server.readable.pipeTo(server.writable),
  'piped through a stream': (server) => server.readable.pipeThrough(new TransformStream()).pipeTo(server.writable),
  async 'read and sent'(server) {
    for await (const message of server.readable) await server.send(message)
  },
  async 'kept, and sent later'(server) {
    const reader = server.readable.getReader()
    for (let kept: (string | Uint8Array)[] = [];;) {
      const { done, value } = await reader.read()
      if (!done) kept.push(value)
      if (kept.length < 4 && !done) continue
      for (const message of kept) await server.send(message)
      kept = []
      if (done) return
    }
  },
  async 'sent on as bodies'(server) {
    for await (const { body, type } of server.messages()) await server.send(body, { type })
  },
  async 'taken as a whole'(server) {
    for await (const message of server.messages()) {
      await server.send(message.type === 'text' ? await message.text() : await message.bytes())
    }
  },
  async 'half of it by hand, half by pipe'(server) {
    const reader = server.readable.getReader()
    for (let i = 0; i < sizes.length; i++) await server.send((await reader.read()).value!)
    reader.releaseLock()
    await server.readable.pipeTo(server.writable)
  },
}

describe.each(Object.entries(handlers))('messages that are %s', (name, handle) => {
  test.each([['copies', 'copy'], ['views', 'view']] as const)('come back whole, as %s', async (_, binary) => {
    for (let seed = 1; seed <= 4; seed++) {
      const random = new Random(seed)
      const { client, handled, counts } = open(handle, random, { binary })
      const order = Array.from({ length: 2 * sizes.length }, () => random.pick(sizes))
      const sending = (async () => {
        for (const [i, size] of order.entries()) {
          void client.send(i % 3 === 0 ? 'ü'.repeat(size >> 1) : pattern(size, i))
          if (random.chance(0.3)) await drain()
        }
      })()
      const reader = client.readable.getReader()
      for (const [i, size] of order.entries()) {
        const { value } = await reader.read()
        if (i % 3 === 0) expect(value === 'ü'.repeat(size >> 1)).toBe(true)
        else expectBytes(value as Uint8Array, pattern(size, i))
      }
      await sending
      client.close()
      await Promise.all([client.closed, handled])
      if (name === 'piped back') expect(counts.back).toBe(counts.told)
    }
  })
})

test('a chunk that was read only to be copied comes back before the next is asked for', async () => {
  const [near, far] = wires(() => 65536)
  const client = new Connection(near.duplex, { role: 'client', environment: { defer } })
  const server = new Connection(far.duplex, { role: 'server', environment: { defer } })
  const messages: Uint8Array[] = []
  const reading = (async () => {
    for await (const message of server.readable) messages.push(message as Uint8Array)
  })()
  for (let i = 0; i < 10; i++) {
    await client.send(pattern(3000, i))
    await drain()
    await drain()
    await drain()
  }
  client.close()
  await reading
  expect(far.counts.back).toBe(far.counts.told)
  for (const [i, message] of messages.entries()) expectBytes(message, pattern(3000, i))
})

test('a chunk that ends inside a frame may be transferred away as soon as all of it was looked at, though the inbox is full', async () => {
  const back: number[] = []
  const socket: DuplexSocket = {
    reclaim({ buffer }) {
      back.push(buffer.byteLength)
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] }) // as Node's adapter has it
    },
    resume() {},
    pause() {},
    write: () => undefined,
    shutdown() {},
    close() {},
    destroy() {},
  }
  const duplex = new Duplex(socket, { startTimer: () => () => {} })
  const connection = new Connection(duplex, { role: 'client', limits: { readAhead: 150 } })
  await drain()
  // Small payloads are copies, so that nobody holds the chunk; two of them fill the inbox.
  const bytes = join([wire({ opcode: 2, payload: pattern(10) }), wire({ opcode: 2, payload: pattern(64) })])
  duplex.push(bytes.slice(0, -4))
  await drain()
  if (SMALL > 0) expect(back).toEqual([bytes.length - 4]) // else views hold it
  const reader = connection.readable.getReader()
  expectBytes((await reader.read()).value as Uint8Array, pattern(10))
  duplex.push(bytes.slice(-4))
  expectBytes((await reader.read()).value as Uint8Array, pattern(64))
})
