// The three forms of the length, at each border, in both directions.

import { describe, expect, it } from 'vitest'
import { FrameDecoder, FrameEncoder, Opcode } from '../support/floors.ts'
import { headerLength, writeHeader } from '../../src/frame/header.ts'
import { expectBytes, hex, join, oneByOne, pattern } from '../support/bytes.ts'
import { decodeAll, run, wire } from '../support/frames.ts'

const key = hex('00 00 00 00')
const around = (n: bigint) => [n - 1n, n, n + 1n]
const exact = [
  0n,
  1n,
  125n,
  126n,
  127n,
  65534n,
  65535n,
  65536n,
  65537n,
  ...around(2n ** 31n),
  ...around(2n ** 32n),
  2n ** 40n,
  2n ** 53n - 2n,
  2n ** 53n - 1n,
]
const tooLarge = [2n ** 53n, 2n ** 53n + 1n, 2n ** 56n, 2n ** 62n, 2n ** 63n - 1n]
const topBit = [2n ** 63n, 2n ** 63n + 1n, 2n ** 64n - 1n]

describe('lengths that are exact', () => { // security.md, rows 10, 20, 24, 25; rules 29, 30
  it.each(exact)('%s is decoded from a header, whole and byte by byte', (length) => {
    const bytes = wire({ opcode: 2, length })
    for (const chunks of [[bytes.slice()], oneByOne(bytes)]) {
      const { frames, error } = run(new FrameDecoder({ role: 'client', wholeFrameLimit: 0 }), chunks)
      expect(error).toBe(undefined)
      expect(frames.map(({ payloadLength, offset, payload }) => [payloadLength, offset, payload.length]))
        .toEqual([[Number(length), 0, 0]])
    }
    const masked = run(new FrameDecoder({ role: 'server', wholeFrameLimit: 0 }), [wire({ opcode: 2, length, key })])
    expect(masked.frames[0]?.payloadLength).toBe(Number(length))
  })

  it.each(exact)('%s is encoded in the fewest bytes', (length) => {
    const payloadLength = Number(length)
    const payload = new Uint8Array(0)
    const plain = new FrameEncoder({ role: 'server' }).encode({ opcode: Opcode.Binary, payload, payloadLength })
    expectBytes(join(plain), wire({ opcode: 2, length }))
    const masked = new FrameEncoder({ role: 'client', insecureMaskingKeys: () => 0 })
    expectBytes(
      join(masked.encode({ opcode: Opcode.Binary, payload, payloadLength })),
      wire({ opcode: 2, length, key }),
    )
    for (const mask of [false, true]) {
      expect(headerLength(payloadLength, mask)).toBe(wire({ opcode: 2, length, ...(mask && { key }) }).length)
      const written = new Uint8Array(14)
      expect(writeHeader(written, 0, 0x82, payloadLength, mask)).toBe(headerLength(payloadLength, false))
    }
  })

  it.each([0, 1, 125, 126, 127, 65535, 65536, 65537])('%s bytes go through whole', (size) => {
    const bytes = wire({ opcode: 2, payload: pattern(size) })
    const decoder = new FrameDecoder({ role: 'client', wholeFrameLimit: 100_000 })
    const [frame] = decodeAll(decoder, [bytes.slice(0, 5), bytes.slice(5)])
    expectBytes(frame!.payload, pattern(size))
    expectBytes(join(new FrameEncoder({ role: 'server' }).encode(frame!)), bytes)
  })
})

describe('lengths that are refused', () => {
  it.each(tooLarge)('%s is too large to be exact', (length) => {
    const { error } = run(new FrameDecoder({ role: 'client' }), [wire({ opcode: 2, length })])
    expect(error).toMatchObject({ code: 'length-too-large', statusCode: 1009 })
    expect(error!.message).toBe(
      `Cannot decode frame: payload must be at most ${2 ** 53 - 1} bytes, got ${Number(length)}`,
    )
  })

  it.each(topBit)('%s has the top bit set', (length) => {
    const { error } = run(new FrameDecoder({ role: 'client' }), [wire({ opcode: 2, length })])
    expect(error).toMatchObject({ code: 'length-top-bit', statusCode: 1002 })
  })

  it.each([2 ** 53, 2 ** 63, -1, 1.5, NaN, Infinity, '5', null])(
    'payloadLength %s cannot be encoded',
    (payloadLength) => {
      const encoder = new FrameEncoder({ role: 'server' })
      const payload = new Uint8Array(0)
      expect(() => encoder.encode({ opcode: 2, payload, payloadLength: payloadLength as number })).toThrow(RangeError)
      expectBytes(join(encoder.encode({ opcode: 2, payload })), hex('82 00'))
    },
  )
})
