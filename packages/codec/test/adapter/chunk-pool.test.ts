// Memory that is written again: whose it is when, and that nothing of what was sent before ever shows.

import { describe, expect, it } from 'vitest'
import { ChunkPool } from '../../src/adapter/chunk-pool.ts'
import { FrameEncoder, type Message, MessageEncoder, type Role } from '../support/floors.ts'
import { expectBytes, join } from '../support/bytes.ts'
import { Random } from '../support/random.ts'
import { Meter } from '../support/work.ts'

const lengths = [66, 127, 4095, 4096, 4098, 65536, 65550, 2 ** 20 + 14, 2 ** 21]

describe('ChunkPool', () => {
  it('gives exact views, each the only one of its memory, and the memory again once it was given back', () => {
    for (const length of lengths) {
      const pool = new ChunkPool()
      const [first, second] = [pool.allocate(length), pool.allocate(length)]
      expect([first.constructor, first.length, second.length]).toEqual([Uint8Array, length, length])
      expect(first.buffer).not.toBe(second.buffer)
      pool.giveBack(first)
      const third = pool.allocate(length - 1)
      expect(third.buffer).toBe(first.buffer)
      expect(third.length).toBe(length - 1)
      expect(pool.allocate(length).buffer).not.toBe(first.buffer)
    }
  })

  it('takes its memory where it is told to, at most twice what is asked for, or 4 KiB, and nothing again that waits', () => {
    for (const length of lengths) {
      const meter = new Meter()
      const pool = new ChunkPool({ allocate: meter.allocate })
      for (let i = 0; i < 10; i++) pool.giveBack(pool.allocate(length))
      expect(meter.count).toBe(1)
      expect(meter.allocated).toBeLessThanOrEqual(Math.max(4096, 2 * length))
    }
  })

  it('makes small and very large chunks anew, each of its own', () => {
    for (const length of [0, 1, 64, 2 ** 21 + 1]) {
      const pool = new ChunkPool()
      const chunk = pool.allocate(length)
      pool.giveBack(chunk)
      expect(chunk.buffer.byteLength).toBe(length)
      expect(pool.allocate(length).buffer).not.toBe(chunk.buffer)
    }
  })

  it('takes a chunk back once: a second time, and later, does nothing', () => {
    const pool = new ChunkPool()
    const chunk = pool.allocate(100)
    pool.giveBack(chunk)
    pool.giveBack(chunk)
    const again = pool.allocate(100)
    expect(again.buffer).toBe(chunk.buffer)
    pool.giveBack(chunk) // its memory is another one's by now
    const other = pool.allocate(100)
    expect(other.buffer).not.toBe(chunk.buffer)
    pool.giveBack(again)
    expect(pool.allocate(100).buffer).toBe(chunk.buffer)
  })

  it('leaves alone what is not its own: other arrays, views of its chunks, chunks of another pool', () => {
    const [pool, other] = [new ChunkPool(), new ChunkPool()]
    const chunk = pool.allocate(1000)
    for (
      const foreign of [new Uint8Array(1000), chunk.subarray(0), chunk.subarray(0, 500), new Uint8Array(chunk.buffer)]
    ) {
      pool.giveBack(foreign)
      expect(pool.allocate(1000).buffer).not.toBe(foreign.buffer)
    }
    other.giveBack(chunk)
    expect(other.allocate(1000).buffer).not.toBe(chunk.buffer)
    pool.giveBack(chunk) // still possible
    expect(pool.allocate(1000).buffer).toBe(chunk.buffer)
  })

  it('never gives memory again that was transferred away', () => {
    const pool = new ChunkPool()
    for (let i = 0; i < 3; i++) {
      const chunk = pool.allocate(1000)
      expect(chunk.length).toBe(1000)
      structuredClone(chunk.buffer, { transfer: [chunk.buffer as ArrayBuffer] })
      pool.giveBack(chunk)
    }
  })

  it('keeps 4 MiB waiting at most', () => {
    const meter = new Meter()
    const pool = new ChunkPool({ allocate: meter.allocate })
    const take = () => Array.from({ length: 80 }, () => pool.allocate(65536))
    for (const chunk of take()) pool.giveBack(chunk)
    take()
    expect(meter.count).toBe(80 + 80 - 64)
  })
})

describe.each(['client', 'server'] as const)('a pool for the encoder of a %s', (role: Role) => {
  const randomMessage = (random: Random): Message => {
    const size = random.pick([0, 5, 100, 1000, 4090, 4096, 20_000, 70_000])
    return random.chance(0.5)
      ? { type: 'binary', data: random.bytes(size) }
      : { type: 'text', data: (random.chance(0.2) ? 'é' : 'x').repeat(size) }
  }
  const keys = () => {
    let key = 1
    return () => (key = (key * 69069 + 1) | 0)
  }

  it('changes nothing in what is sent, whatever was sent before, and in whatever order chunks come back', () => {
    const random = new Random(7)
    const meter = new Meter() // its memory is full of a5
    const pool = new ChunkPool({ allocate: meter.allocate })
    const pooled = new FrameEncoder({ role, insecureMaskingKeys: keys(), allocate: (length) => pool.allocate(length) })
    const plain = new FrameEncoder({ role, insecureMaskingKeys: keys() })
    const messages = new MessageEncoder()
    const out: { chunks: Uint8Array[]; expected: Uint8Array }[] = []
    for (let i = 0; i < 500; i++) {
      const list = Array.from({ length: 1 + random.below(6) }, () => randomMessage(random))
      const items = random.chance(0.5) ? list : list[0]!
      const expected = join(plain.encode([...messages.encode(items)]))
      out.push({ chunks: pooled.encode(messages.encode(items)), expected })
      if (out.length < 5) continue
      const [{ chunks, expected: wanted }] = out.splice(random.below(5), 1) as [typeof out[0]]
      expectBytes(join(chunks), wanted)
      for (const chunk of chunks) pool.giveBack(chunk)
    }
    expect(meter.count).toBeLessThan(500)
  })
})
