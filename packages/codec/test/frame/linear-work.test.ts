// Law 1: memory follows the bytes that arrived. Law 2: work is linear in them, also one byte at a time.
// Both are counted, not timed: memory by an allocator that keeps the books, work by bytes moved and calls made.

import { describe, expect, it } from 'vitest'
import { FrameDecoder, type FrameDecoderOptions, FrameEncoder, Opcode } from '../support/floors.ts'
import { expectBytes, hex, join, oneByOne, pattern } from '../support/bytes.ts'
import { decodeAll, keyNumber, wire } from '../support/frames.ts'
import { countWork, Meter } from '../support/work.ts'

const key = hex('37 fa 21 3d')

describe('memory', () => { // law 1; security.md, rows 7, 22, 28
  const declared = [70_000, 2 ** 24, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]

  it.each(declared)('nothing is allocated for a header that declares %i bytes', (length) => {
    for (const wholeFrameLimit of [0, 65536, Number.MAX_SAFE_INTEGER]) {
      const meter = new Meter()
      const decoder = new FrameDecoder({ role: 'server', wholeFrameLimit, allocate: meter.allocate })
      for (const chunk of [wire({ opcode: 2, length, key }), Uint8Array.of(1), Uint8Array.of(2, 3)]) {
        decodeAll(decoder, [chunk])
      }
      expect(meter.allocated).toBeLessThanOrEqual(65536)
    }
  })

  it.each([1, 7, 1460, 65536])('pieces of %i bytes never cost more than twice what came, and 64 KiB', (step) => {
    const size = step === 1 ? 100_000 : 1_000_000
    for (const wholeFrameLimit of [0, 65536, 2 ** 30]) {
      const meter = new Meter()
      const decoder = new FrameDecoder({ role: 'server', wholeFrameLimit, allocate: meter.allocate })
      const bytes = wire({ opcode: 2, payload: pattern(size), key })
      let worst = 0
      const payloads: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += step) {
        for (const { payload } of decoder.decode(bytes.slice(at, at + step))) payloads.push(payload)
        worst = Math.max(worst, meter.allocated - 2 * (at + step))
      }
      expect(worst).toBeLessThanOrEqual(65536)
      expectBytes(join(payloads), pattern(size))
    }
  })

  it('a frame of 64 MiB in parts asks for nothing at all, in decoder and encoder of a server', () => { // the small stand-in for 5 GiB
    const size = 64 * 2 ** 20
    const meter = new Meter()
    const decoder = new FrameDecoder({ role: 'client', allocate: meter.allocate })
    const encoder = new FrameEncoder({ role: 'server', allocate: meter.allocate })
    const chunk = pattern(65536)
    let [came, went, parts] = [0, 0, 0]
    const through = (bytes: Uint8Array) => {
      for (const part of decoder.decode(bytes)) {
        expect(part.offset).toBe(came)
        came += part.payload.length
        parts++
        for (const out of encoder.encode(part)) went += out.length
      }
    }
    through(wire({ opcode: 2, length: size }))
    for (let at = 0; at < size; at += chunk.length) through(chunk.subarray())
    expect([came, went, parts]).toEqual([size, size + 10, size / chunk.length + 1])
    expect(meter.allocated).toBe(10) // the header
    decoder.end()
  })

  it('a masked frame of 64 MiB in parts asks for one array for each part', () => {
    const size = 64 * 2 ** 20
    const meter = new Meter()
    const encoder = new FrameEncoder({
      role: 'client',
      allocate: meter.allocate,
      insecureMaskingKeys: () => keyNumber(key),
    })
    const decoder = new FrameDecoder({ role: 'server', allocate: meter.allocate })
    const chunk = pattern(65536)
    for (let offset = 0; offset < size; offset += chunk.length) {
      const before = meter.allocated
      const [out, ...more] = encoder.encode({ opcode: Opcode.Binary, payload: chunk, offset, payloadLength: size })
      expect(more.length).toBe(0)
      expect(meter.allocated - before).toBeLessThanOrEqual(65536 + 14)
      const [part] = decodeAll(decoder, [out!])
      if (offset % (16 * 2 ** 20) === 0) expectBytes(part!.payload, chunk)
    }
    expect(meter.largest).toBeLessThanOrEqual(65536 + 14)
    decoder.end()
  })
})

describe('work', () => { // law 2
  const cases: [name: string, options: FrameDecoderOptions, bytes: (n: number) => Uint8Array][] = [
    [
      'one masked frame that is kept whole',
      { role: 'server', wholeFrameLimit: 2 ** 30 },
      (n) => wire({ opcode: 2, payload: pattern(n), key }),
    ],
    [
      'one masked frame in parts',
      { role: 'server', wholeFrameLimit: 0 },
      (n) => wire({ opcode: 2, payload: pattern(n), key }),
    ],
    [
      'one frame that is copied',
      { role: 'client', wholeFrameLimit: 0, copy: true },
      (n) => wire({ opcode: 2, payload: pattern(n) }),
    ],
    ['empty frames', { role: 'client' }, (n) => new Uint8Array(n).map((_, i) => (i % 2 === 0 ? 0x80 : 0))],
    ['frames of one byte', { role: 'client' }, (n) => new Uint8Array(n).map((_, i) => [0x80, 1, 65][i % 3]!)],
    [
      'a thousand frames',
      { role: 'server' },
      (n) => join(Array.from({ length: 1000 }, () => wire({ opcode: 2, payload: pattern(n / 1000), key }))),
    ],
  ]

  describe.each(cases)('for %s', (_, options, make) => {
    const work = (n: number, cut: (bytes: Uint8Array) => Uint8Array[]) => {
      const chunks = cut(make(n))
      const decoder = new FrameDecoder(options)
      return countWork(() => {
        for (const chunk of chunks) for (const _frame of decoder.decode(chunk));
      })
    }

    it.each([['in one chunk', (bytes: Uint8Array) => [bytes]], ['byte by byte', oneByOne]] as const)(
      '%s is linear',
      (_, cut) => {
        const small = work(25_000, cut)
        const large = work(100_000, cut)
        // Four times the bytes: four times the work; quadratic code would do sixteen times as much.
        expect(large.bytes).toBeLessThanOrEqual(4.5 * small.bytes + 65536)
        expect(large.calls).toBeLessThanOrEqual(4.5 * small.calls + 100)
        // And little of it: each byte is moved five times at most, in and out of the vector kernel included; with four calls.
        expect(large.bytes).toBeLessThanOrEqual(5 * 100_100)
        expect(large.calls).toBeLessThanOrEqual(4 * 100_100)
      },
    )
  })

  it('the counter counts: it would fail for code that gathers by concatenation', () => {
    const gather = (n: number) =>
      countWork(() => {
        let all = new Uint8Array(0)
        for (let i = 0; i < n; i++) {
          const next = new Uint8Array(all.length + 1)
          next.set(all)
          all = next
        }
      })
    expect(gather(4000).bytes).toBeGreaterThan(10 * gather(1000).bytes)
  })

  it('encoding a long frame in small parts is linear', () => {
    const work = (n: number) => {
      const encoder = new FrameEncoder({ role: 'client', insecureMaskingKeys: () => 1 })
      const payload = Uint8Array.of(7)
      return countWork(() => {
        for (let offset = 0; offset < n; offset++) encoder.encode({ opcode: 2, payload, offset, payloadLength: n })
      })
    }
    const [small, large] = [work(5000), work(20_000)]
    expect(large.bytes).toBeLessThanOrEqual(4.5 * small.bytes)
    expect(large.calls).toBeLessThanOrEqual(4.5 * small.calls)
  })
})
