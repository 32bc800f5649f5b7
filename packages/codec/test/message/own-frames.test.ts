// A text given to the frame encoder as it comes from the message encoder is written where it is sent from; what leaves is the same.

import { describe, expect, it } from 'vitest'
import { FrameEncoder, MessageEncoder, Opcode, type Role } from '../support/floors.ts'
import { expectBytes, hex, join, utf8 } from '../support/bytes.ts'
import { frame, keyNumber, wire } from '../support/frames.ts'
import { Meter } from '../support/work.ts'

const key = hex('37 fa 21 3d')
const mine = (role: Role) => (role === 'client' ? { key } : {})
const lengths = [0, 1, 2, 57, 58, 59, 60, 61, 62, 63, 64, 65, 125, 126, 1023, 1024, 4095, 4096, 65535, 65536, 70_000]

describe.each(['client', 'server'] as const)('a text of a %s', (role) => {
  const encoderOf = (meter = new Meter()) =>
    // its memory is full of a5
    new FrameEncoder({ role, insecureMaskingKeys: () => keyNumber(key), allocate: meter.allocate })
  const framesOf = (data: string, fragmentSize?: number) =>
    new MessageEncoder({ fragmentSize }).encode({ type: 'text', data })

  it('leaves as one exact chunk of its own, the same that its frame leaves as', () => {
    for (const length of lengths) {
      const data = 'abcdefghijklm'.repeat(length / 13 + 1).slice(0, length)
      const expected = wire({ opcode: 1, payload: utf8(data), ...mine(role) })
      const meter = new Meter()
      const encoder = encoderOf(meter)
      const chunks = [...encoder.encode(framesOf(data)), ...encoder.encode(framesOf(data))]
      expect(chunks.length).toBe(2)
      expect(chunks[0]!.buffer).not.toBe(chunks[1]!.buffer)
      for (const chunk of chunks) {
        expectBytes(chunk, expected)
        expect(chunk.buffer.byteLength).toBe(expected.length)
      }
      expect(meter.allocated).toBe(2 * expected.length)
      expectBytes(join(encoderOf().encode([...framesOf(data)])), expected)
    }
  })

  it('is right with other characters too, wherever they stand, and with lone surrogates', () => {
    for (const length of lengths) {
      for (const other of ['\u0080', 'é', '€', '😀', '\ud800', '\udc00']) {
        const rest = 'x'.repeat(length)
        for (const data of [other + rest, rest + other, other.repeat(Math.min(length, 3000))]) {
          const expected = wire({ opcode: 1, payload: utf8(data), ...mine(role) })
          expectBytes(join(encoderOf().encode(framesOf(data))), expected)
        }
      }
    }
  })

  it('is taken once, by whoever comes first', () => {
    const encoder = encoderOf()
    const taken = framesOf('hello')
    expect(encoder.encode(taken).length).toBe(1)
    expect([...taken]).toEqual([])
    expect(encoder.encode(taken)).toEqual([])
    const iterated = framesOf('hello')
    expect([...iterated].length).toBe(1)
    expect(encoder.encode(iterated)).toEqual([])
  })

  it('is cut where fragments may be too small for it', () => {
    for (const [fragmentSize, count] of [[29, 2], [30, 1], [89, 1], [90, 1], [91, 1]] as const) {
      const data = 'x'.repeat(30)
      const frames = [...framesOf(data, fragmentSize)]
      expect(frames.length).toBe(count)
      expectBytes(join(encoderOf().encode(framesOf(data, fragmentSize))), join(encoderOf().encode(frames)))
    }
  })

  it('is refused inside a long frame', () => {
    const encoder = encoderOf()
    const part = { payloadLength: 6 }
    const chunks = encoder.encode(frame(Opcode.Binary, utf8('abc'), part))
    expect(() => encoder.encode(framesOf('hello'))).toThrow(/a frame of 6 bytes is under way at 3/)
    chunks.push(...encoder.encode(frame(Opcode.Binary, utf8('def'), { ...part, offset: 3 })))
    expectBytes(join(chunks), wire({ opcode: 2, payload: utf8('abcdef'), ...mine(role) }))
  })
})
