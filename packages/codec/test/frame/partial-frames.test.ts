// A frame up to wholeFrameLimit comes whole; a longer one in parts, as its bytes arrive, and nothing of it is kept.

import { describe, expect, it } from 'vitest'
import { FrameDecoder, Opcode } from '../support/floors.ts'
import { expectBytes, hex, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { decodeAll, header, joinParts, wire } from '../support/frames.ts'
import { Meter } from '../support/work.ts'

const key = hex('01 23 45 67')
const masked = (payload: Uint8Array, opcode = 2, fin = true) => wire({ opcode, payload, key, fin })

describe('a frame', () => {
  it.each([0, 1, 5, 125, 1000, 65536])('up to wholeFrameLimit %i comes whole, one byte longer in parts', (limit) => {
    for (const size of [limit - 1, limit, limit + 1]) {
      if (size < 0) continue
      const bytes = masked(pattern(size))
      const half = bytes.length - Math.ceil(size / 2)
      const frames = decodeAll(new FrameDecoder({ role: 'server', wholeFrameLimit: limit }), [
        bytes.slice(0, half),
        bytes.slice(half),
      ])
      expect(frames.length).toBe(size > limit ? 2 : 1)
      expectBytes(joinParts(frames)[0]!.payload, pattern(size))
    }
  })

  it('is held up to 64 KiB unless told otherwise', () => {
    for (const [size, parts] of [[65536, 1], [65537, 2]] as const) {
      const bytes = masked(pattern(size))
      const frames = decodeAll(new FrameDecoder({ role: 'server' }), [bytes.slice(0, 100), bytes.slice(100)])
      expect(frames.length).toBe(parts)
    }
  })
})

describe('a long frame', () => {
  it('opens with its header: an empty first part when no payload came with it', () => { // rule 36
    const bytes = masked(pattern(300))
    for (const came of [8, 9]) {
      const decoder = new FrameDecoder({ role: 'server', wholeFrameLimit: 10 })
      const [first, ...more] = decodeAll(decoder, [bytes.slice(0, came)])
      expect(more).toEqual([])
      expect(first).toMatchObject({ fin: true, opcode: 2, payloadLength: 300, offset: 0 })
      expect(first!.payload.length).toBe(came - 8)
    }
  })

  it('gives each part at once, with its place, and repeats the header', () => {
    const decoder = new FrameDecoder({ role: 'client', wholeFrameLimit: 0, allowedRsv: 0x70 })
    const bytes = wire({ opcode: 1, fin: false, rsv: 0x50, payload: pattern(1000) })
    const parts = [bytes.slice(0, 4), bytes.slice(4, 5), bytes.slice(5, 504), bytes.slice(504)].map((chunk) =>
      decodeAll(decoder, [chunk])
    )
    expect(parts.map((frames) => frames.length)).toEqual([1, 1, 1, 1])
    const flat = parts.flat()
    expect(flat.map(({ offset, payload }) => [offset, payload.length])).toEqual([[0, 0], [0, 1], [1, 499], [500, 500]])
    expect(new Set(flat.map(header))).toEqual(new Set(['-1-3 1:1000']))
    expectBytes(join(flat.map(({ payload }) => payload)), pattern(1000))
  })

  it('gives nothing for an empty chunk', () => {
    const decoder = new FrameDecoder({ role: 'client', wholeFrameLimit: 0 })
    expect(decodeAll(decoder, [new Uint8Array(0)])).toEqual([])
    expect(decodeAll(decoder, [hex('82 05')]).length).toBe(1)
    expect(decodeAll(decoder, [new Uint8Array(0), new Uint8Array(0)])).toEqual([])
    expect(decodeAll(decoder, [utf8('Hello')]).length).toBe(1)
  })

  it('is one part where all of it came at once', () => {
    const frames = decodeAll(new FrameDecoder({ role: 'server', wholeFrameLimit: 0 }), [masked(pattern(70_000))])
    expect(frames.map(({ offset, payload, payloadLength }) => [offset, payload.length, payloadLength])).toEqual([[
      0,
      70_000,
      70_000,
    ]])
  })

  it('ends in the middle of a chunk that goes on with other frames', () => {
    const bytes = join([masked(pattern(200), 1, false), masked(utf8('p'), 9), masked(pattern(50), 0)])
    const decoder = new FrameDecoder({ role: 'server', wholeFrameLimit: 100 })
    const frames = decodeAll(decoder, [bytes.slice(0, 150), bytes.slice(150)])
    expect(frames.map(({ opcode, offset, payload }) => [opcode, offset, payload.length])).toEqual([
      [1, 0, 142],
      [1, 142, 58],
      [9, 0, 1],
      [0, 0, 50],
    ])
  })

  it('is unmasked at any offset, cut anywhere', () => {
    const bytes = masked(pattern(400))
    for (let step = 1; step < 40; step++) {
      const chunks = Array.from(
        { length: Math.ceil(bytes.length / step) },
        (_, i) => bytes.slice(i * step, (i + 1) * step),
      )
      const [frame] = joinParts(decodeAll(new FrameDecoder({ role: 'server', wholeFrameLimit: 0 }), chunks))
      expectBytes(frame!.payload, pattern(400))
    }
  })
})

describe('wholeFrameLimit 0', () => {
  it('holds no byte of payload back and asks for no memory, except for control frames', () => {
    const meter = new Meter()
    const decoder = new FrameDecoder({ role: 'server', wholeFrameLimit: 0, allocate: meter.allocate })
    const bytes = masked(pattern(300))
    let given = 0
    for (const [i, byte] of bytes.entries()) {
      for (const { payload } of decoder.decode(Uint8Array.of(byte))) given += payload.length
      expect(given).toBe(Math.max(0, i + 1 - 8))
    }
    expect(meter.allocated).toBe(0)
    for (const opcode of [Opcode.Close, Opcode.Ping, Opcode.Pong]) {
      const frames = decodeAll(decoder, oneByOne(masked(pattern(125), opcode)))
      expect(frames.length).toBe(1) // always whole
      expectBytes(frames[0]!.payload, pattern(125))
    }
    expect(meter.allocated).toBeLessThan(3 * 65536)
  })

  it('gives empty frames', () => {
    const frames = decodeAll(new FrameDecoder({ role: 'client', wholeFrameLimit: 0 }), [hex('82 00 80 00 01 00')])
    expect(frames.map(header)).toEqual(['F--- 2:0', 'F--- 0:0', '---- 1:0'])
  })
})
