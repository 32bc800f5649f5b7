// What hurt other implementations, as far as bytes, frames and messages go. Each test is named by the fault; the comment
// names its row in docs/security.md. The rows on upgrades and connections are tested beside those rooms.

import { describe, expect, it } from 'vitest'
import {
  type Frame,
  FrameDecoder,
  type FrameDecoderOptions,
  FrameEncoder,
  MessageDecoder,
  type MessageDecoderOptions,
  MessageEncoder,
  Opcode,
  ProtocolError,
} from '../support/floors.ts'
import { cutAt, expectBytes, hex, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { decodeAll, frame, keyNumber, run, wire } from '../support/frames.ts'
import { countWork, Meter } from '../support/work.ts'

const key = hex('37 fa 21 3d')
const declared = (length: number | bigint, opcode = 2) => wire({ opcode, length, key })

/** Both floors in a row, as a connection has them: nothing is held back. */
function receive(
  chunks: Iterable<Uint8Array>,
  frames: Partial<FrameDecoderOptions> = {},
  messages: MessageDecoderOptions = {},
) {
  const below = new FrameDecoder({ role: 'server', wholeFrameLimit: 0, ...frames })
  const above = new MessageDecoder(messages)
  const given: unknown[] = []
  let taken = 0
  try {
    for (const chunk of chunks) {
      taken += chunk.length
      for (const one of below.decode(chunk)) {
        const item = above.decode(one)
        if (item !== undefined) given.push(item)
      }
    }
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError)
    return { given, taken, code: (error as ProtocolError).code }
  }
  return { given, taken, code: undefined }
}

describe('uninitialised memory', () => {
  it('is not sent for a number where bytes belong', () => { // row 1: ws 1.0.1, ping(number)
    for (const wrong of [100, -1, '100', true, { length: 100 }, [100]]) {
      expect(() => new MessageEncoder().encode({ type: 'ping', data: wrong as unknown as Uint8Array })).toThrow(
        TypeError,
      )
      expect(() => new MessageEncoder().encode({ type: 'binary', data: wrong as unknown as Uint8Array })).toThrow(
        TypeError,
      )
      expect(() =>
        new FrameEncoder({ role: 'client' }).encode({ opcode: Opcode.Ping, payload: wrong as unknown as Uint8Array })
      ).toThrow(TypeError)
    }
  })

  it('is not sent for a close reason that is a typed array', () => { // row 6: ws CVE-2026-45736
    for (
      const reason of [
        new Uint8Array(20),
        new Float64Array(3),
        new DataView(new ArrayBuffer(9)),
        new ArrayBuffer(9),
        20,
      ]
    ) {
      expect(() =>
        new MessageEncoder().encode({ type: 'close', statusCode: 1000, reason: reason as unknown as string })
      ).toThrow(TypeError)
    }
  })

  it('never shows, even where the allocator gives dirty memory', () => { // rows 1, 6
    const { allocate } = new Meter()
    for (const role of ['client', 'server'] as const) {
      const encoder = new FrameEncoder({ role, allocate, insecureMaskingKeys: () => keyNumber(key) })
      const sizes = [0, 1, 125, 126, 5000, 16384, 70_000]
      const bytes = join(encoder.encode(sizes.map((size) => frame(Opcode.Binary, pattern(size)))))
      const own = role === 'client' ? { key } : {}
      expectBytes(bytes, join(sizes.map((size) => wire({ opcode: 2, payload: pattern(size), ...own }))))
      const decoder = new FrameDecoder({ role: role === 'client' ? 'server' : 'client', allocate })
      const frames = decodeAll(decoder, cutAt(bytes, [3, 50, 200, 5100, 9000, 40_000]))
      expectBytes(join(frames.map(({ payload }) => payload)), join(sizes.map((size) => pattern(size))))
    }
  })
})

describe('floods of tiny pieces', () => { // row 7: ws CVE-2026-48779; row 13: undici; row 22: aiohttp
  it('a million empty fragments keep no memory', () => {
    const meter = new Meter()
    const flood = new Uint8Array(2_000_000) // 00 00: Continuation, not the last, empty
    const { given, code } = receive(
      [wire({ opcode: 2, fin: false }), flood, wire({ opcode: 0, payload: utf8('x') })],
      { role: 'client', allocate: meter.allocate },
      { allocate: meter.allocate },
    )
    expect([given, code]).toEqual([[{ type: 'binary', data: utf8('x') }], undefined])
    expect(meter.allocated).toBeLessThanOrEqual(4096)
  })

  it('a million fragments of one byte keep the bytes and no object each', () => {
    const meter = new Meter()
    const flood = new Uint8Array(3_000_000)
    for (let i = 0; i < flood.length; i += 3) flood.set([0, 1, 65], i)
    flood[0] = 1
    const { given } = receive([flood, hex('80 00')], { role: 'client', allocate: meter.allocate }, {
      allocate: meter.allocate,
    })
    expect(given.length).toBe(1)
    expect((given[0] as { data: string }).data.length).toBe(1_000_000)
    expect(meter.allocated).toBeLessThanOrEqual(2 * 1_000_000 + 65536)
  })

  it('one byte in each chunk keeps no chunk alive', () => {
    const meter = new Meter()
    const bytes = wire({ opcode: 2, payload: pattern(20_000), key })
    const large = new Uint8Array(65536) // each byte comes in a chunk that is part of a large buffer
    const decoder = new FrameDecoder({ role: 'server', wholeFrameLimit: 65536, allocate: meter.allocate })
    const frames: Frame[] = []
    for (const byte of bytes) {
      large[7] = byte
      frames.push(...decoder.decode(large.subarray(7, 8)))
    }
    expect(frames.length).toBe(1)
    expect(frames[0]!.payload.buffer.byteLength).toBe(20_000)
    expectBytes(frames[0]!.payload, pattern(20_000))
    expect(meter.allocated).toBeLessThanOrEqual(2 * bytes.length + 65536)
  })

  it('fragments have no count limit: 4 MiB in 64 byte fragments arrive', () => {
    const data = pattern(4 * 2 ** 20)
    const frames = [...new MessageEncoder({ fragmentSize: 64 }).encode({ type: 'binary', data })]
    const decoder = new MessageDecoder()
    let message
    for (const one of frames) message = decoder.decode(one)
    expectBytes((message as { data: Uint8Array }).data, data)
  })
})

describe('lengths', () => { // rows 10, 20, 24, 25: undici, gorilla, swift-nio, noPoll
  const table: [length: bigint, code: string | undefined][] = [
    ...[0n, 125n, 126n, 65535n, 65536n].map((length): [bigint, undefined] => [length, undefined]),
    ...[31n, 32n].flatMap((power) => [-1n, 0n, 1n].map((by): [bigint, undefined] => [2n ** power + by, undefined])),
    [2n ** 53n - 1n, undefined],
    [2n ** 53n, 'length-too-large'],
    [2n ** 53n + 1n, 'length-too-large'],
    [2n ** 63n - 1n, 'length-too-large'],
    [2n ** 63n, 'length-top-bit'],
    [2n ** 63n + 1n, 'length-top-bit'],
  ]
  it.each(table)('%s is exact or a clear error, never another number', (length, code) => {
    for (const chunks of [[declared(length)], oneByOne(declared(length))]) {
      const { frames, error } = run(new FrameDecoder({ role: 'server', wholeFrameLimit: 0 }), chunks)
      expect(error?.code).toBe(code)
      expect(frames.map(({ payloadLength }) => BigInt(payloadLength))).toEqual(code === undefined ? [length] : [])
    }
  })

  it('never let the stream slip: what follows a long frame is read as what it is', () => { // row 14: websocket-driver
    const payload = join([utf8('x'.repeat(66_000)), wire({ opcode: 1, payload: utf8('smuggled'), key })])
    const bytes = join([wire({ opcode: 2, payload, key }), wire({ opcode: 9, payload: utf8('next'), key })])
    for (const places of [[], [9, 10, 11], [66_014, 66_020], [bytes.length - 10]]) {
      const { given } = receive(cutAt(bytes, places))
      expect(given.length).toBe(2)
      expectBytes((given[0] as { data: Uint8Array }).data, payload)
      expect(given[1]).toEqual({ type: 'ping', data: utf8('next') })
    }
  })
})

describe('size limits', () => { // rows 13, 22: undici, aiohttp
  it('sum over fragments, empty and tiny ones among them, and stop at the header that goes too far', () => {
    const fragment = wire({ opcode: 0, fin: false, payload: pattern(100), key })
    const chunks = [
      wire({ opcode: 2, fin: false, payload: pattern(100), key }),
      ...Array.from({ length: 20 }, () => fragment.slice()),
    ]
    const { code, taken, given } = receive(chunks, {}, { maxMessageSize: 1000 })
    expect([code, given]).toEqual(['message-too-big', []])
    expect(taken).toBe(11 * 106)
  })

  it('are judged by the header: an incomplete big frame does not pass', () => {
    for (const cut of [1, 2]) {
      const { code, taken } = receive(cutAt(join([declared(2 ** 24 + 1), new Uint8Array(10)]), [14 - cut, 14]))
      expect([code, taken]).toEqual(['message-too-big', 14])
    }
    const limited = receive(oneByOne(declared(1001)), { maxPayloadLength: 1000 })
    expect(limited).toEqual({ given: [], taken: 4, code: 'frame-too-big' }) // before its masking key
  })
})

describe('masking keys', () => { // row 16: curl CVE-2025-10148, one key per connection
  it('are another for each frame, whatever the frames', () => {
    const encoder = new FrameEncoder({ role: 'client' })
    const keys = new Set<string>()
    for (let i = 0; i < 2000; i++) {
      const bytes = join(encoder.encode(frame(Opcode.Binary, new Uint8Array(4)))) // zeros: the payload shows the key
      keys.add(bytes.subarray(6).join())
      expectBytes(bytes.subarray(2, 6), bytes.subarray(6))
    }
    expect(keys.size).toBeGreaterThan(1990)
  })

  it('are not those of another encoder', () => {
    const first = () => join(new FrameEncoder({ role: 'client' }).encode(frame(Opcode.Ping, new Uint8Array(8)))).join()
    expect(new Set(Array.from({ length: 50 }, first)).size).toBeGreaterThan(45)
  })
})

describe('reserved bits', () => { // row 23: aiohttp accepted RSV1 that nobody had negotiated
  it('are refused unless negotiated, for both roles and every kind of frame', () => {
    for (const role of ['client', 'server'] as const) {
      for (const opcode of Object.values(Opcode)) {
        for (const rsv of [0x10, 0x20, 0x40]) {
          for (const allowedRsv of [0, 0x40, 0x70]) {
            const bytes = wire({ opcode, rsv, ...(role === 'server' && { key }) })
            const { error } = run(new FrameDecoder({ role, allowedRsv }), [bytes])
            const allowed = (rsv & allowedRsv) !== 0 && opcode < 8
            expect(error?.code).toBe(allowed ? undefined : 'reserved-bits')
          }
        }
      }
    }
  })
})

describe('declared lengths', () => { // row 27: Jetty; row 28: uWS CVE-2016-10544
  it('of a frame with an unknown opcode do not matter: it fails at its first byte', () => {
    for (const opcode of [3, 7, 11, 15]) {
      const { taken, code } = receive(oneByOne(declared(2 ** 40, opcode)))
      expect([taken, code]).toEqual([1, 'unknown-opcode'])
    }
  })

  it('allocate nothing, also where the limits would admit them', () => {
    for (const length of [65536, 2 ** 31 - 1, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const meter = new Meter()
      const { code } = receive(
        [declared(length), pattern(10)],
        { allocate: meter.allocate, wholeFrameLimit: Infinity },
        { allocate: meter.allocate, maxMessageSize: Infinity },
      )
      expect(code).toBe(undefined)
      expect(meter.allocated).toBeLessThanOrEqual(65536)
    }
  })

  it('of control frames end at 125', () => {
    for (const opcode of [8, 9, 10]) {
      expect(receive(oneByOne(declared(2 ** 26, opcode)))).toEqual({ given: [], taken: 2, code: 'control-too-long' })
    }
  })
})

describe('text', () => { // rows 31, 34: Netty; faye's regular expression
  const size = 64 * 2 ** 20

  it('of 64 MiB with its fault in the last byte is refused, in one frame', () => {
    const text = new Uint8Array(size).fill(65)
    text[size - 1] = 0xff
    const decoder = new MessageDecoder({ maxMessageSize: size })
    expect(() => decoder.decode(frame(Opcode.Text, text))).toThrow(`0xff at byte ${size - 1}`)
  })

  it('of 64 MiB with its fault in the last byte is refused, in parts, and none of it is delivered', () => {
    const part = new Uint8Array(2 ** 20).fill(65)
    const decoder = new MessageDecoder({ maxMessageSize: size })
    for (let offset = 0; offset < size; offset += part.length) {
      const one = frame(Opcode.Text, part, { offset, payloadLength: size })
      if (offset + part.length < size) expect(decoder.decode(one)).toBe(undefined)
      else {
        part[part.length - 1] = 0xc3 // the text ends inside a character
        expect(() => decoder.decode(one)).toThrow(expect.objectContaining({ code: 'invalid-utf8', statusCode: 1007 }))
      }
    }
  })

  it('fails at its first wrong byte, whatever was declared to follow', () => {
    const bytes = join([wire({ opcode: 1, length: 10_000_000, key: hex('00 00 00 00') }), hex('41 42 ed a0')])
    expect(receive(oneByOne(bytes))).toEqual({ given: [], taken: bytes.length, code: 'invalid-utf8' })
    const fragments = join([
      wire({ opcode: 1, fin: false, payload: hex('41 c3'), key }),
      wire({ opcode: 0, fin: false, payload: hex('28 41'), key }),
    ])
    expect(receive([fragments]).code).toBe('invalid-utf8')
  })

  it('continuation frames without a message, and messages inside a message, are refused', () => {
    expect(receive([wire({ opcode: 0, payload: utf8('x'), key })]).code).toBe('unexpected-continuation')
    const nested = join([wire({ opcode: 1, fin: false, key }), wire({ opcode: 1, key })])
    expect(receive([nested]).code).toBe('expected-continuation')
  })
})

describe('work', () => { // rows 7, 19
  it('stays linear through both floors for the worst cutting of the worst frames', () => {
    const flood = (fragments: number) => {
      const one = wire({ opcode: 0, fin: false, payload: utf8('a'), key })
      const bytes = join([
        wire({ opcode: 1, fin: false, key }),
        ...Array.from({ length: fragments }, () => one),
        wire({ opcode: 0, key }),
      ])
      const chunks = oneByOne(bytes)
      return countWork(() => expect(receive(chunks).given.length).toBe(1))
    }
    const [small, large] = [flood(3000), flood(12_000)]
    expect(large.bytes).toBeLessThanOrEqual(4.5 * small.bytes + 65536)
    expect(large.calls).toBeLessThanOrEqual(4.5 * small.calls + 100)
  })
})
