import { describe, expect, it } from 'vitest'
import { KeptBytes } from '../../src/values/kept-bytes.ts'
import { chop, expectBytes, join, pattern } from '../support/bytes.ts'
import { forSeeds } from '../support/random.ts'
import { countWork, Meter } from '../support/work.ts'

describe('KeptBytes', () => {
  it('gives back adopted parts too, joined or in pieces, in order, whatever they are views of', () => {
    forSeeds(100, (random) => {
      const bytes = random.bytes(random.pick([0, 1, 5000, 65536, 300_000]))
      const held = new KeptBytes(new Meter().allocate)
      const announced = random.pick([0, bytes.length])
      const pieces = chop(random, bytes).map((piece) => {
        const memory = new Uint8Array(piece.length + random.pick([0, 14, 10_000, 100_000]))
        memory.set(piece)
        return memory.subarray(0, piece.length)
      })
      for (let round = 0; round < 2; round++) {
        for (const piece of pieces) {
          if (random.below(3) === 0) held.append(piece, announced)
          else held.adopt(piece, announced)
        }
        expect(held.length).toBe(bytes.length)
        const taken = random.below(2) === 0 ? join(held.takeParts()) : held.take()
        expectBytes(taken, bytes)
        expect(taken.buffer.byteLength).toBe(bytes.length)
        expect(held.length).toBe(0)
      }
    })
  })

  it('keeps large parts of full buffers without a copy, and copies small ones and windows that pin more than 64 KiB beside them', () => {
    for (const [length, memory, copied] of [[65522, 65536, 0], [4095, 4095, 1], [16384, 65536, 0], [5000, 131072, 1]]) {
      const meter = new Meter()
      const held = new KeptBytes(meter.allocate)
      const part = new Uint8Array(memory!).subarray(0, length)
      held.adopt(part)
      expect(meter.count).toBe(copied)
      expect(held.takeParts()[0]!.buffer === part.buffer).toBe(copied === 0)
    }
  })

  it('keeps no more memory alive than twice what came and 64 KiB, the joined array included', () => { // law 1
    for (
      const [length, memory] of [[4096, 8000], [40_000, 65536], [65522, 65536], [5000, 1_000_000], [200_000, 220_000]]
    ) {
      for (const small of [0, 1, 3000]) {
        const meter = new Meter()
        const held = new KeptBytes(meter.allocate)
        const parts: Uint8Array[] = []
        let came = 0
        for (let i = 0; i < 40; i++) {
          const part = new Uint8Array(memory!).subarray(0, length)
          parts.push(part)
          held.adopt(part)
          held.append(new Uint8Array(small))
          came += part.length + small
          const own = parts.map(({ buffer }) => buffer)
          expect(meter.allocated).toBeLessThanOrEqual(2 * came + 65536)
          if (i < 39) continue
          const kept = new Set(held.takeParts().map(({ buffer }) => buffer))
          let alive = came // the joined array
          for (const buffer of kept) alive += buffer.byteLength
          expect(alive).toBeLessThanOrEqual(2 * came + 65536)
          expect(own.some((buffer) => kept.has(buffer))).toBe(memory! - length! <= 32768)
        }
      }
    }
  })

  it('copies each adopted byte once, and what is small at most twice', () => {
    const held = new KeptBytes()
    const parts = Array.from({ length: 16 }, () => new Uint8Array(65536).subarray(14))
    const { bytes } = countWork(() => {
      for (const part of parts) held.adopt(part, 16 * 65522)
      held.take()
    })
    expect(bytes).toBe(16 * 65522)
  })

  it('does not invent the bytes of a part whose memory was transferred away', () => {
    const held = new KeptBytes(new Meter().allocate)
    const part = pattern(5000)
    held.adopt(part)
    structuredClone(part.buffer, { transfer: [part.buffer as ArrayBuffer] })
    expect(() => held.take()).toThrow(TypeError)
  })
})
