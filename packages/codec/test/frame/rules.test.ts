// What RFC 6455 §5 forbids, as one table: the first byte at which it fails, the error, and what it says.

import { describe, expect, it } from 'vitest'
import {
  FrameDecoder,
  type FrameDecoderOptions,
  Opcode,
  ProtocolError,
  type ProtocolErrorCode,
} from '../support/floors.ts'
import { cutAt, expectBytes, hex, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { frame, run, wire } from '../support/frames.ts'

interface Fault {
  rule: string
  options: FrameDecoderOptions
  bytes: Uint8Array
  /** How many of the bytes are enough to fail. */
  at: number
  code: ProtocolErrorCode
  says: string
}

const client: FrameDecoderOptions = { role: 'client' }
const server: FrameDecoderOptions = { role: 'server' }

const faults: Fault[] = [
  // rule 26
  {
    rule: 'a server refuses a frame without mask',
    options: server,
    bytes: hex('81 01 41'),
    at: 2,
    code: 'missing-mask',
    says: 'a client must mask its frames',
  },
  {
    rule: 'a server refuses even an empty frame without mask',
    options: server,
    bytes: hex('81 00'),
    at: 2,
    code: 'missing-mask',
    says: 'a client must mask its frames',
  },
  {
    rule: 'a client refuses a masked frame',
    options: client,
    bytes: hex('81 81 01 02 03 04 40'),
    at: 2,
    code: 'unexpected-mask',
    says: 'a server must not mask its frames',
  },
  // rule 27
  ...[[0x40, 'RSV1'], [0x20, 'RSV2'], [0x10, 'RSV3'], [0x70, 'RSV1, RSV2, RSV3']].map(([rsv, names]): Fault => ({
    rule: `${names} without an extension`,
    options: client,
    bytes: wire({ opcode: 1, rsv: rsv as number }),
    at: 1,
    code: 'reserved-bits',
    says: `${(names as string).slice(0, 4)} must be 0 where not negotiated, got 1`,
  })),
  {
    rule: 'RSV2 where RSV1 is negotiated',
    options: { ...client, allowedRsv: 0x40 },
    bytes: wire({ opcode: 2, rsv: 0x60 }),
    at: 1,
    code: 'reserved-bits',
    says: 'RSV2 must be 0 where not negotiated, got 1',
  },
  {
    rule: 'RSV1 on a control frame, negotiated or not',
    options: { ...client, allowedRsv: 0x40 },
    bytes: wire({ opcode: 9, rsv: 0x40 }),
    at: 1,
    code: 'reserved-bits',
    says: 'RSV1 must be 0 where not negotiated, got 1',
  },
  // rule 28
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): Fault => ({
    rule: `opcode ${opcode}`,
    options: client,
    bytes: wire({ opcode }),
    at: 1,
    code: 'unknown-opcode',
    says: `opcode must be defined, got ${opcode}`,
  })),
  // rule 29
  {
    rule: 'the top bit of a 64-bit length',
    options: client,
    bytes: hex('82 7f 80 00 00 00 00 00 00 00'),
    at: 3,
    code: 'length-top-bit',
    says: 'the top bit of a 64-bit length must be 0, got 1',
  },
  // rule 30
  ...[0, 1, 125].map((length): Fault => ({
    rule: `length ${length} in 16 bits`,
    options: client,
    bytes: wire({ opcode: 2, length, form: 16 }),
    at: 4,
    code: 'length-not-minimal',
    says: `a length must take the fewest bytes, got ${length} in 2 bytes`,
  })),
  ...[0, 125, 126, 65535].map((length): Fault => ({
    rule: `length ${length} in 64 bits`,
    options: client,
    bytes: wire({ opcode: 2, length, form: 64 }),
    at: 10,
    code: 'length-not-minimal',
    says: `a length must take the fewest bytes, got ${length} in 8 bytes`,
  })),
  ...([[125, 16], [65535, 64]] as const).map(([length, form]): Fault => ({
    rule: `a masked length ${length} in ${form} bits, before its key`,
    options: server,
    bytes: wire({ opcode: 2, length, form, key: hex('01 02 03 04') }),
    at: 2 + form / 8,
    code: 'length-not-minimal',
    says: `a length must take the fewest bytes, got ${length} in ${form / 8} bytes`,
  })),
  {
    rule: 'a length of 2^53',
    options: client,
    bytes: wire({ opcode: 2, length: 2n ** 53n }),
    at: 10,
    code: 'length-too-large',
    says: 'payload must be at most 9007199254740991 bytes, got 9007199254740992',
  },
  // rule 53
  {
    rule: 'a length above maxPayloadLength',
    options: { ...client, maxPayloadLength: 1000 },
    bytes: wire({ opcode: 2, length: 1001 }),
    at: 4,
    code: 'frame-too-big',
    says: 'payload must be at most 1000 bytes, got 1001',
  },
  {
    rule: 'a masked length above maxPayloadLength, before its key',
    options: { ...server, maxPayloadLength: 0 },
    bytes: hex('82 81 01 02 03 04 40'),
    at: 2,
    code: 'frame-too-big',
    says: 'payload must be at most 0 bytes, got 1',
  },
  // rule 33
  ...[Opcode.Close, Opcode.Ping, Opcode.Pong].map((opcode): Fault => ({
    rule: `a fragmented control frame ${opcode}`,
    options: client,
    bytes: wire({ opcode, fin: false }),
    at: 1,
    code: 'control-fragmented',
    says: `control frames must have FIN set, got opcode ${opcode} without`,
  })),
  // rule 37
  ...[Opcode.Close, Opcode.Ping, Opcode.Pong].map((opcode): Fault => ({
    rule: `a control frame ${opcode} of 126 bytes`,
    options: client,
    bytes: wire({ opcode, payload: new Uint8Array(126) }),
    at: 2,
    code: 'control-too-long',
    says: 'control payload must be at most 125 bytes, got 126 or more',
  })),
  {
    rule: 'a control frame of 2^40 bytes',
    options: client,
    bytes: wire({ opcode: 9, length: 2 ** 40 }),
    at: 2,
    code: 'control-too-long',
    says: 'control payload must be at most 125 bytes, got 126 or more',
  },
]

const statusCodes: Partial<Record<ProtocolErrorCode, number>> = { 'length-too-large': 1009, 'frame-too-big': 1009 }

describe.each(faults)('$rule', ({ options, bytes, at, code, says }) => {
  const key = options.role === 'server' ? hex('01 02 03 04') : undefined
  const before = wire({
    opcode: 1,
    payload: options.maxPayloadLength === 0 ? utf8('') : utf8('before'),
    ...(key && { key }),
  })

  it('fails with its code and section, and says what was seen', () => {
    const { frames, error } = run(new FrameDecoder(options), [bytes.slice()])
    expect(frames).toEqual([])
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error!.code).toBe(code)
    expect(error!.message).toBe(`Cannot decode frame: ${says}`)
    expect(error!.statusCode).toBe(statusCodes[code] ?? 1002)
    expect(error!.section).toMatch(/^RFC 6455 §(5|10)\.\d$/)
  })

  it('fails at the first byte that tells, not one later', () => {
    expect(run(new FrameDecoder(options), [bytes.slice(0, at - 1)])).toEqual({ frames: [] })
    expect(run(new FrameDecoder(options), [bytes.slice(0, at)]).error?.code).toBe(code)
    expect(run(new FrameDecoder(options), oneByOne(bytes.subarray(0, at - 1)))).toEqual({ frames: [] })
    expect(run(new FrameDecoder(options), oneByOne(bytes.subarray(0, at))).error?.code).toBe(code)
  })

  it('delivers the frames before it, in one chunk or cut at each place, and nothing after it', () => {
    const all = join([before, before, bytes, before])
    for (let place = 0; place <= all.length; place++) {
      const decoder = new FrameDecoder(options)
      const { frames, error } = run(decoder, cutAt(all, [place]))
      expect(frames.length).toBe(2)
      expect(frames.every((one) => one.opcode === Opcode.Text && one.payload.length === one.payloadLength)).toBe(true)
      expect(error?.code).toBe(code)
      // Failed for good: every call throws the same error.
      expect(() => decoder.decode(before.slice())).toThrow(error)
      expect(() => decoder.pull()).toThrow(error)
      expect(() => decoder.end()).toThrow(error)
      expect(decoder.unread).toBe(0)
    }
  })
})

describe('what RFC 6455 §5 allows', () => {
  it('every opcode with every negotiated bit on data frames', () => {
    for (const opcode of [0, 1, 2]) {
      for (const rsv of [0, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70]) {
        for (const fin of [true, false]) {
          const decoder = new FrameDecoder({ role: 'client', allowedRsv: 0x70 })
          const { frames: [one] } = run(decoder, [wire({ opcode, rsv, fin, payload: utf8('x') })])
          const { rsv1, rsv2, rsv3 } = one!
          expect((rsv1 ? 0x40 : 0) + (rsv2 ? 0x20 : 0) + (rsv3 ? 0x10 : 0)).toBe(rsv)
          expect([one!.fin, one!.opcode]).toEqual([fin, opcode])
        }
      }
    }
  })

  it('control frames of 0 and 125 bytes between the fragments of a message', () => { // rule 33
    const bytes = join([
      wire({ opcode: 1, fin: false, payload: utf8('a') }),
      wire({ opcode: 9, payload: new Uint8Array(125) }),
      wire({ opcode: 10 }),
      wire({ opcode: 0, payload: utf8('b') }),
    ])
    expect(run(new FrameDecoder(client), [bytes]).frames.map(({ opcode }) => opcode)).toEqual([1, 9, 10, 0])
  })

  it('any two first bytes: accepted or refused, never another error', () => {
    for (const role of ['client', 'server'] as const) {
      for (let first = 0; first < 256; first++) {
        for (let second = 0; second < 256; second++) {
          const { error } = run(new FrameDecoder({ role }), [Uint8Array.of(first, second)])
          const allowed = [0, 1, 2, 8, 9, 10].includes(first & 15) && (first & 0x70) === 0 &&
            (second >= 128) === (role === 'server') &&
            ((first & 8) === 0 || (first >= 128 && (second & 127) < 126))
          if (allowed !== (error === undefined)) expect.unreachable(`${role} ${first} ${second}: ${error?.code}`)
        }
      }
    }
  })
})

describe('the end of the bytes', () => { // rule 48
  const masked = wire({ opcode: 2, payload: utf8('Hello'), key: hex('01 02 03 04') })

  it('between frames is no error', () => {
    const decoder = new FrameDecoder(server)
    expect(() => decoder.end()).not.toThrow()
    run(decoder, [masked.slice()])
    expect(() => decoder.end()).not.toThrow()
  })

  it('inside a header or a payload is unexpected-end, 1006, and says how far it came', () => {
    for (let came = 1; came < masked.length; came++) {
      const decoder = new FrameDecoder(server)
      run(decoder, [masked.slice(0, came)])
      const seen = came < 6 ? `${came} bytes of a header` : `${came - 6} of 5 payload bytes`
      try {
        decoder.end()
        expect.unreachable()
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
        expect(error).toMatchObject({ code: 'unexpected-end', statusCode: 1006, section: 'RFC 6455 §7.1.4' })
        expect((error as Error).message).toBe(`Cannot decode frame: the bytes ended after ${seen}`)
        expect(() => decoder.decode(masked.slice())).toThrow(error as Error)
      }
    }
  })
})

describe("the caller's faults", () => {
  it.each([undefined, null, 'peer', 'Client'])('role %s is a TypeError', (role) => {
    expect(() => new FrameDecoder({ role: role as 'client' })).toThrow(TypeError)
  })

  it.each([1, 2, 0x80, 0x41, -0x40, 0.5, NaN])('allowedRsv %s is a RangeError', (allowedRsv) => {
    expect(() => new FrameDecoder({ role: 'client', allowedRsv })).toThrow(RangeError)
  })

  it.each(['text', null, undefined, [1, 2], new ArrayBuffer(2), new DataView(new ArrayBuffer(2))])(
    'chunk %s is a TypeError',
    (chunk) => {
      const decoder = new FrameDecoder(client)
      expect(() => decoder.decode(chunk as unknown as Uint8Array)).toThrow(TypeError)
      expect(run(decoder, [wire({ opcode: 1 })]).frames.length).toBe(1)
    },
  )

  it('another chunk, or the end, before the last iterator is drained is a TypeError, and loses nothing', () => {
    const decoder = new FrameDecoder(client)
    const frames = decoder.decode(
      join([wire({ opcode: 1, payload: utf8('a') }), wire({ opcode: 1, payload: utf8('b') })]),
    )
    expect(frames.next().value!.payload[0]).toBe(97)
    expect(() => decoder.decode(wire({ opcode: 9 }))).toThrow(TypeError)
    expect(() => decoder.end()).toThrow(TypeError)
    expect([...frames].map(({ payload }) => payload[0])).toEqual([98])
    expect(run(decoder, [wire({ opcode: 9 })]).frames.length).toBe(1)
    decoder.end()
  })

  it.each([['client', 300], ['client', 100], ['server', 100]] as const)(
    'as a %s, a chunk whose last frame was taken need not be asked for more: the next, of %i bytes, is read from its own memory',
    (role, size) => {
      const decoder = new FrameDecoder({ role })
      const masked = role === 'server' && { key: hex('37 fa 21 3d') }
      const [first] = decoder.decode(wire({ opcode: 2, payload: pattern(100, 1), ...masked }))
      const [second] = decoder.decode(wire({ opcode: 2, payload: pattern(size, 2), ...masked }))
      expectBytes(first!.payload, pattern(100, 1))
      expectBytes(second!.payload, pattern(size, 2))
      decoder.end()
    },
  )

  it('nothing is decoded before somebody iterates', () => {
    const decoder = new FrameDecoder(client)
    const frames = decoder.decode(wire({ opcode: 3 }))
    expect(decoder.unread).toBe(2)
    expect(() => frames.next()).toThrow(ProtocolError)
  })

  it('a drained iterator stays drained, and a new one does not disturb it', () => {
    const decoder = new FrameDecoder(client)
    const first = decoder.decode(wire({ opcode: 1, payload: utf8('a') }))
    expect([...first].length).toBe(1)
    expect(first.next()).toEqual({ done: true, value: undefined })
    const [one] = decoder.decode(wire({ opcode: 2, payload: utf8('b') }))
    expectBytes(one!.payload, utf8('b'))
    expect(frame(Opcode.Binary, utf8('b'))).toEqual({ ...one, payload: utf8('b') })
  })
})
