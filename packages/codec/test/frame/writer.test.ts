import { describe, expect, it } from 'vitest'
import { FrameWriter, LEND_ABOVE } from '../../src/frame/writer.ts'
import type { Role } from '../support/floors.ts'
import { expectBytes, hex, join, pattern, utf8 } from '../support/bytes.ts'
import { keyNumber, wire } from '../support/frames.ts'
import { Meter } from '../support/work.ts'

const key = hex('37 fa 21 3d')
const mine = (role: Role) => (role === 'client' ? { key } : {})
const writerOf = (role: Role, meter = new Meter()) =>
  new FrameWriter({ role, maskingKeys: () => keyNumber(key), allocate: meter.allocate })

const texts = [
  '',
  'a',
  'x'.repeat(125),
  'x'.repeat(126),
  'é'.repeat(62),
  'é'.repeat(63),
  '€'.repeat(42),
  '😀'.repeat(32),
  'x'.repeat(124) + 'é',
  'é'.repeat(40_000),
  'x'.repeat(65_535),
  'x'.repeat(65_534) + 'é',
  'lone \ud800 surrogate',
]

describe.each(['client', 'server'] as const)('FrameWriter of a %s', (role) => {
  it.each(texts.map((text) => [text.slice(0, 10), utf8(text).length, text] as const))(
    'writes text %s… of %i bytes in place, with the header that fits',
    (_, length, text) => {
      const writer = writerOf(role)
      writer.header(0x89, 0) // so that the text does not begin its block
      expect(writer.text(0x81, text)).toBe(length)
      writer.header(0x8a, 0)
      const bytes = join(writer.take())
      const [ping, pong] = [wire({ opcode: 9, ...mine(role) }), wire({ opcode: 10, ...mine(role) })]
      expectBytes(bytes, join([ping, wire({ opcode: 1, payload: utf8(text), ...mine(role) }), pong]))
    },
  )

  it('counts what waits, and starts anew after take', () => {
    const writer = writerOf(role)
    expect(writer.take()).toEqual([])
    let size = 0
    for (const length of [0, 10, 126, 20_000, 70_000]) {
      writer.header(0x82, length)
      writer.payload(pattern(length), true)
      size += wire({ opcode: 2, payload: pattern(length), ...mine(role) }).length
      expect(writer.size).toBe(size)
    }
    expect(join(writer.take()).length).toBe(size)
    expect(writer.size).toBe(0)
    expect(writer.take()).toEqual([])
  })

  it('never gives two chunks on one ArrayBuffer, nor bytes that it did not write', () => {
    const meter = new Meter() // its memory is full of a5
    const writer = writerOf(role, meter)
    const seen = new Set<ArrayBufferLike>()
    const expected: Uint8Array[] = []
    const actual: Uint8Array[] = []
    for (let i = 0; i < 200; i++) {
      const payload = pattern((i * 977) % 20_000, i)
      writer.header(0x82, payload.length)
      writer.payload(payload, true)
      expected.push(wire({ opcode: 2, payload, ...mine(role) }))
      if (i % 7 !== 0) continue
      for (const chunk of writer.take()) {
        expect(seen.has(chunk.buffer)).toBe(false)
        seen.add(chunk.buffer)
        actual.push(chunk)
      }
    }
    actual.push(...writer.take())
    expectBytes(join(actual), join(expected))
  })

  it('needs no more memory than a few blocks for steady traffic', () => {
    const meter = new Meter()
    const writer = writerOf(role, meter)
    let written = 0
    for (let i = 0; i < 1000; i++) {
      writer.header(0x82, 1000)
      writer.payload(pattern(1000))
      written += 1004 + (role === 'client' ? 4 : 0)
      if (i % 10 === 9) writer.take()
    }
    expect(meter.allocated).toBeLessThanOrEqual(2 * written + 65536)
  })
})

describe('FrameWriter of a server', () => {
  it('lends payloads from 16 KiB on, uncopied, only when told to', () => {
    for (const lend of [true, false]) {
      for (const length of [LEND_ABOVE, LEND_ABOVE + 1]) {
        const meter = new Meter()
        const writer = writerOf('server', meter)
        const payload = pattern(length)
        writer.header(0x82, length)
        writer.payload(payload, lend)
        const chunks = writer.take()
        expect(chunks.some((chunk) => chunk.buffer === payload.buffer)).toBe(lend && length > LEND_ABOVE)
        expectBytes(join(chunks), wire({ opcode: 2, payload }))
        if (lend && length > LEND_ABOVE) expect(meter.allocated).toBe(4) // no more than the header
      }
    }
  })

  it('passes encoded frames on, large ones uncopied', () => {
    const writer = writerOf('server')
    const small = wire({ opcode: 1, payload: utf8('hi') })
    const large = wire({ opcode: 2, payload: pattern(20_000) })
    writer.raw(small)
    writer.raw(large)
    writer.raw(small)
    const chunks = writer.take()
    expect(chunks[1]).toBe(large)
    expectBytes(join(chunks), join([small, large, small]))
  })
})
