import { describe, expect, it } from 'vitest'
import { GrowingBytes } from '../../src/values/growing-bytes.ts'
import { chop, cutAt, expectBytes, join, pattern } from '../support/bytes.ts'
import { forSeeds } from '../support/random.ts'
import { countWork, Meter } from '../support/work.ts'

describe('GrowingBytes', () => {
  it('gives back what was appended as one exact array, with and without an announced end', () => {
    forSeeds(60, (random) => {
      const bytes = random.bytes(random.pick([0, 1, 1023, 1024, 1025, 5000, 65536, 65537, 200_000]))
      const meter = new Meter()
      const growing = new GrowingBytes(meter.allocate)
      const announced = random.pick([0, bytes.length, bytes.length + 7, 2 ** 40])
      for (const piece of chop(random, bytes)) growing.append(piece, announced)
      expect(growing.length).toBe(bytes.length)
      const taken = growing.take()
      expectBytes(taken, bytes)
      expect(taken.buffer.byteLength).toBe(bytes.length)
      expect(growing.length).toBe(0)
      growing.append(pattern(10))
      expectBytes(growing.take(), pattern(10))
    })
  })

  it('never asks for more than twice what came and 64 KiB, in all, whatever is announced', () => {
    for (const step of [1, 100, 4096, 65536, 150_000]) {
      for (const announced of [0, 300_000, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
        const meter = new Meter()
        const growing = new GrowingBytes(meter.allocate)
        const piece = pattern(step)
        let worst = 0
        for (let came = 0; came < 300_000; came = growing.length) {
          growing.append(piece.subarray(0, 300_000 - came), announced)
          worst = Math.max(worst, meter.allocated - 2 * growing.length)
        }
        growing.take()
        expect(Math.max(worst, meter.allocated - 600_000)).toBeLessThanOrEqual(65536)
      }
    }
  })

  it('copies each byte at most twice, however they drip', () => {
    for (const size of [10_000, 40_000, 160_000]) {
      const growing = new GrowingBytes()
      const piece = Uint8Array.of(1)
      const { bytes } = countWork(() => {
        for (let i = 0; i < size; i++) growing.append(piece)
        growing.take()
      })
      expect(bytes).toBeLessThanOrEqual(2 * size)
    }
  })

  it('puts the rest of an announced array where it belongs once its end is near, without another copy', () => {
    const meter = new Meter()
    const growing = new GrowingBytes(meter.allocate)
    const bytes = pattern(100_000)
    for (const piece of cutAt(bytes, [60_000, 80_000])) growing.append(piece, bytes.length)
    expectBytes(growing.take(), bytes)
    expect(meter.allocated).toBe(100_000)
  })

  it('keeps no appended chunk', () => {
    const growing = new GrowingBytes()
    const chunk = pattern(10)
    growing.append(chunk)
    chunk.fill(0)
    expectBytes(growing.take(), pattern(10))
  })

  it('gives back adopted parts too, joined or in pieces, in order, whatever they are views of', () => {
    forSeeds(100, (random) => {
      const bytes = random.bytes(random.pick([0, 1, 5000, 65536, 300_000]))
      const growing = new GrowingBytes(new Meter().allocate)
      const announced = random.pick([0, bytes.length])
      const pieces = chop(random, bytes).map((piece) => {
        const memory = new Uint8Array(piece.length + random.pick([0, 14, 10_000, 100_000]))
        memory.set(piece)
        return memory.subarray(0, piece.length)
      })
      for (let round = 0; round < 2; round++) {
        for (const piece of pieces) {
          if (random.below(3) === 0) growing.append(piece, announced)
          else growing.adopt(piece, announced)
        }
        expect(growing.length).toBe(bytes.length)
        const taken = random.below(2) === 0 ? join(growing.takeParts()) : growing.take()
        expectBytes(taken, bytes)
        expect(taken.buffer.byteLength).toBe(bytes.length)
        expect(growing.length).toBe(0)
      }
    })
  })

  it('keeps large parts of full buffers without a copy, and makes one of small ones and of windows onto large buffers', () => {
    for (const [length, memory, copied] of [[65522, 65536, 0], [4095, 4095, 1], [16384, 65536, 1], [32768, 65536, 0]]) {
      const meter = new Meter()
      const growing = new GrowingBytes(meter.allocate)
      const part = new Uint8Array(memory!).subarray(0, length)
      growing.adopt(part)
      expect(meter.count).toBe(copied)
      expect(growing.takeParts()[0]!.buffer === part.buffer).toBe(copied === 0)
    }
  })

  it('keeps no more memory alive than twice what came and 64 KiB, the joined array included', () => { // law 1
    for (
      const [length, memory] of [[4096, 8000], [40_000, 65536], [65522, 65536], [5000, 1_000_000], [200_000, 220_000]]
    ) {
      for (const small of [0, 1, 3000]) {
        const meter = new Meter()
        const growing = new GrowingBytes(meter.allocate)
        const parts: Uint8Array[] = []
        let came = 0
        for (let i = 0; i < 40; i++) {
          const part = new Uint8Array(memory!).subarray(0, length)
          parts.push(part)
          growing.adopt(part)
          growing.append(new Uint8Array(small))
          came += part.length + small
          const own = parts.map(({ buffer }) => buffer)
          expect(meter.allocated).toBeLessThanOrEqual(2 * came + 65536)
          if (i < 39) continue
          const kept = new Set(growing.takeParts().map(({ buffer }) => buffer))
          let alive = came // the joined array
          for (const buffer of kept) alive += buffer.byteLength
          expect(alive).toBeLessThanOrEqual(2 * came + 65536)
          expect(own.some((buffer) => kept.has(buffer))).toBe(memory! - length! <= 32768)
        }
      }
    }
  })

  it('copies each adopted byte once, and what is small at most twice', () => {
    const growing = new GrowingBytes()
    const parts = Array.from({ length: 16 }, () => new Uint8Array(65536).subarray(14))
    const { bytes } = countWork(() => {
      for (const part of parts) growing.adopt(part, 16 * 65522)
      growing.take()
    })
    expect(bytes).toBe(16 * 65522)
  })

  it('does not invent the bytes of a part whose memory was transferred away', () => {
    const growing = new GrowingBytes(new Meter().allocate)
    const part = pattern(5000)
    growing.adopt(part)
    structuredClone(part.buffer, { transfer: [part.buffer as ArrayBuffer] })
    expect(() => growing.take()).toThrow(TypeError)
  })
})
