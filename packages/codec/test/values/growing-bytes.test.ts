import { describe, expect, it } from 'vitest'
import { GrowingBytes } from '../../src/values/growing-bytes.ts'
import { chop, cutAt, expectBytes, pattern } from '../support/bytes.ts'
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

  it('gives an exact array with room for the last bytes, which are written once', () => {
    for (const [came, more] of [[0, 5], [5, 0], [10, 70_000], [3000, 100], [70_000, 1], [70_000, 65_536]] as const) {
      const meter = new Meter()
      const growing = new GrowingBytes(meter.allocate)
      for (const piece of cutAt(pattern(came), [came >> 1])) growing.append(piece, came + more)
      const taken = growing.take(more)
      expect([taken.length, taken.buffer.byteLength]).toEqual([came + more, came + more])
      expectBytes(taken.subarray(0, came), pattern(came))
      expect(meter.allocated).toBeLessThanOrEqual(2 * (came + more) + 65536)
      expect(growing.take()).toHaveLength(0)
    }
  })

  it('shares not even an empty array', () => {
    const growing = new GrowingBytes()
    expect(growing.take()).not.toBe(growing.take())
  })

  it('keeps no appended chunk', () => {
    const growing = new GrowingBytes()
    const chunk = pattern(10)
    growing.append(chunk)
    chunk.fill(0)
    expectBytes(growing.take(), pattern(10))
  })
})
