// What the encoder refuses, and that a refusal changes nothing.

import { describe, expect, it } from 'vitest'
import { FrameEncoder, type FrameInit, Opcode, type Role } from '../support/floors.ts'
import { expectBytes, hex, join, pattern, utf8 } from '../support/bytes.ts'
import { frame, keyNumber, wire } from '../support/frames.ts'
import { Meter } from '../support/work.ts'
import { sharedBytes } from '../support/shared-memory.ts'

const none = new Uint8Array(0)
const key = hex('37 fa 21 3d')
const encoderOf = (role: Role) => new FrameEncoder({ role, insecureMaskingKeys: () => keyNumber(key) })
const mine = (role: Role) => (role === 'client' ? { key } : {})

describe('FrameEncoder', () => {
  it('fills in FIN, no reserved bits and a whole frame', () => {
    expectBytes(join(encoderOf('server').encode({ opcode: Opcode.Text, payload: utf8('hi') })), hex('81 02 68 69'))
  })

  it('writes every header field as it is told', () => {
    for (const role of ['client', 'server'] as const) {
      for (const opcode of [0, 1, 2] as const) {
        for (const rsv of [0, 0x10, 0x20, 0x40, 0x70]) {
          for (const fin of [true, false]) {
            const bits = { rsv1: (rsv & 0x40) !== 0, rsv2: (rsv & 0x20) !== 0, rsv3: (rsv & 0x10) !== 0 }
            const bytes = join(encoderOf(role).encode({ opcode, fin, ...bits, payload: utf8('abc') }))
            expectBytes(bytes, wire({ opcode, fin, rsv, payload: utf8('abc'), ...mine(role) }))
          }
        }
      }
    }
  })

  it('takes one frame, an array, a generator, and nothing', () => {
    const encoder = encoderOf('server')
    const ping = frame(Opcode.Ping, utf8('x'))
    const once = join(encoder.encode(ping))
    expectBytes(join(encoder.encode([ping, ping])), join([once, once]))
    expectBytes(
      join(encoder.encode(function* () {
        yield ping
        yield ping
      }())),
      join([once, once]),
    )
    expect(encoder.encode([])).toEqual([])
  })

  it('puts small frames into one chunk that is as large as they are', () => {
    for (const role of ['client', 'server'] as const) {
      const meter = new Meter()
      const encoder = new FrameEncoder({ role, allocate: meter.allocate })
      const chunks = encoder.encode(Array.from({ length: 1000 }, (_, i) => frame(Opcode.Binary, pattern(i))))
      expect(chunks.length).toBe(1)
      expect(chunks[0]!.buffer.byteLength).toBe(chunks[0]!.length)
      expect(meter.count).toBe(1)
    }
  })

  it('asks for no more memory than it writes, however small and lent payloads alternate', () => {
    const meter = new Meter()
    const encoder = new FrameEncoder({ role: 'server', allocate: meter.allocate })
    const large = pattern(16385)
    const frames = Array.from({ length: 300 }, (_, i) => frame(Opcode.Binary, i % 3 === 0 ? pattern(100) : large))
    for (let round = 0; round < 2; round++) {
      meter.allocated = 0
      const chunks = encoder.encode(frames)
      const lent = chunks.filter((chunk) => chunk.buffer === large.buffer).length
      expect(lent).toBe(200)
      expect(meter.allocated).toBe(join(chunks).length - lent * large.length)
    }
    meter.allocated = 0
    for (let i = 0; i < 10; i++) encoder.encode(frame(Opcode.Binary, large))
    expect(meter.allocated).toBe(40)
  })
})

type Refusal = [what: string, frame: unknown, error: typeof RangeError | typeof TypeError, says: RegExp]

const refusals: Refusal[] = [
  // rule 28
  ...[3, 7, 11, 15, 16, -1, NaN, '1', undefined, null].map((opcode): Refusal => [
    `opcode ${opcode}`,
    { opcode, payload: none },
    RangeError,
    /opcode must be defined, got/,
  ]),
  // rules 33, 37
  ...[Opcode.Close, Opcode.Ping, Opcode.Pong].flatMap((opcode): Refusal[] => [
    [`control frame ${opcode} of 126 bytes`, frame(opcode, pattern(126)), RangeError, /at most 125 bytes, got 126$/],
    [
      `control frame ${opcode} without FIN`,
      frame(opcode, none, { fin: false }),
      RangeError,
      /^Cannot encode frame: control frames must have FIN set, got opcode \d+ without$/,
    ],
    [
      `control frame ${opcode} with RSV1`,
      frame(opcode, none, { rsv1: true }),
      RangeError,
      /^Cannot encode frame: RSV1 must be 0 where not negotiated, got 1$/,
    ],
    [
      `control frame ${opcode} in parts`,
      frame(opcode, none, { payloadLength: 5 }),
      RangeError,
      /control frames must be whole, got 0 of 5 bytes$/,
    ],
  ]),
  // security.md, row 1: a number as a payload once sent foreign memory.
  ...[5, '5', 'text', null, undefined, [1, 2], new ArrayBuffer(4), new DataView(new ArrayBuffer(4)), {}].map((
    payload,
  ): Refusal => [
    `payload ${Object.prototype.toString.call(payload)}`,
    { opcode: 2, payload },
    TypeError,
    /payload must be a Uint8Array, got /,
  ]),
  ['shared memory', { opcode: 2, payload: sharedBytes(4) }, TypeError, /shared memory/],
  [
    'a part that does not open a frame',
    frame(2, pattern(5), { offset: 5, payloadLength: 10 }),
    RangeError,
    /offset must be 0, got 5$/,
  ],
  [
    'more payload than declared',
    frame(2, pattern(5), { payloadLength: 4 }),
    RangeError,
    /payloadLength must be a whole number of bytes from 5 to 2\^53 - 1, got 4$/,
  ],
  ['offset -1', frame(2, pattern(5), { offset: -1 }), RangeError, /offset must be 0, got -1$/],
  ['offset 0.5', frame(2, pattern(5), { offset: 0.5 }), RangeError, /offset must be 0, got 0.5$/],
  ...[-1, 9.5, NaN, 2 ** 53, '9', null].map((payloadLength): Refusal => [
    `payloadLength ${payloadLength}`,
    { opcode: 2, payload: pattern(5), payloadLength },
    RangeError,
    /payloadLength must be a whole number of bytes from 5 to 2\^53 - 1, got /,
  ]),
  ['nothing at all', undefined, TypeError, /want a frame, got undefined$/],
  ['a number', 5, TypeError, /want a frame, got number$/],
  ['a string', 'frame', TypeError, /want a frame, got string$/],
  ['null', null, TypeError, /want a frame, got null$/],
]

describe.each(['client', 'server'] as const)('a %s', (role) => {
  it.each(refusals)('refuses %s before any byte, and goes on as if nothing had been', (_, wrong, type, says) => {
    const encoder = encoderOf(role)
    const right = frame(Opcode.Text, utf8('ok'))
    const expected = wire({ opcode: 1, payload: utf8('ok'), ...mine(role) })
    const attempts: unknown[] = [
      wrong,
      [wrong],
      [right, right, wrong],
      function* () {
        yield right
        yield wrong
      }(),
    ]
    for (const attempt of attempts) {
      expect(() => encoder.encode(attempt as FrameInit)).toThrow(type)
      expectBytes(join(encoder.encode(right)), expected)
    }
    expect(() => encoder.encode([wrong] as FrameInit[])).toThrow(says)
  })

  it('passes on what an iterable throws, and goes on as if nothing had been', () => {
    const encoder = encoderOf(role)
    const wrong = new Error('mine')
    expect(() =>
      encoder.encode(function* () {
        yield frame(Opcode.Binary, pattern(3), { payloadLength: 9 })
        throw wrong
      }())
    ).toThrow(wrong)
    expectBytes(join(encoder.encode(frame(Opcode.Pong))), wire({ opcode: 10, ...mine(role) }))
  })
})

describe.each(['client', 'server'] as const)('a long frame of a %s', (role) => {
  const payload = pattern(100_000)
  const whole = wire({ opcode: 2, payload, ...mine(role), fin: false, rsv: 0x40 })
  const part = (from: number, to: number) =>
    frame(Opcode.Binary, payload.subarray(from, to), {
      fin: false,
      rsv1: true,
      offset: from,
      payloadLength: payload.length,
    })

  it('goes on part by part with the key at the right place, in any sizes', () => { // rule 31
    for (const step of [1777, 16383, 16384, 33333, 99_999, 100_000]) {
      const encoder = encoderOf(role)
      const chunks: Uint8Array[] = []
      for (let at = 0; at < payload.length; at += step) {
        chunks.push(...encoder.encode(part(at, Math.min(at + step, payload.length))))
      }
      expectBytes(join(chunks), whole)
    }
  })

  it('may open with an empty part, and have empty parts', () => {
    const encoder = encoderOf(role)
    const parts = [part(0, 0), part(0, 0), part(0, 7), part(7, 7), part(7, payload.length)]
    expectBytes(join(parts.flatMap((one) => encoder.encode(one))), whole)
    expectBytes(join(encoderOf(role).encode(parts)), whole)
  })

  it('admits a last part without payloadLength, and frames before and after it in the same call', () => {
    const encoder = encoderOf(role)
    const ping = frame(Opcode.Ping, utf8('p'))
    const last = { opcode: Opcode.Binary, fin: false, rsv1: true, offset: 50_000, payload: payload.subarray(50_000) }
    const bytes = join(encoder.encode([ping, part(0, 50_000), last, ping]))
    const control = wire({ opcode: 9, payload: utf8('p'), ...mine(role) })
    expectBytes(bytes, join([control, whole, control]))
  })

  const between: [what: string, frame: FrameInit][] = [
    ['a ping', frame(Opcode.Ping)],
    ['a Close', frame(Opcode.Close)],
    ['another frame', frame(Opcode.Binary, pattern(5))],
    ['the same frame anew', part(0, 10)],
    ['a part too far on', part(11, 20)],
    ['a part too far back', part(9, 20)],
    ['a part of another length', { ...part(10, 20), payloadLength: 99_999 }],
    ['a part of another opcode', { ...part(10, 20), opcode: Opcode.Text }],
    ['a part with another FIN', { ...part(10, 20), fin: true }],
    ['a part with other reserved bits', { ...part(10, 20), rsv2: true }],
    ['a part beyond the end', { ...part(10, 20), payload: pattern(100_000) }],
    ['an empty whole frame', frame(Opcode.Binary)],
  ]
  it.each(between)('refuses %s inside with a RangeError, and then still takes the right part', (_, wrong) => {
    const encoder = encoderOf(role)
    const chunks = encoder.encode(part(0, 10))
    for (const attempt of [wrong, [wrong], [part(10, 20), wrong, wrong]]) {
      expect(() => encoder.encode(attempt)).toThrow(RangeError)
    }
    chunks.push(...encoder.encode(part(10, 50_000)), ...encoder.encode(part(50_000, 100_000)))
    expectBytes(join(chunks), whole)
    expectBytes(join(encoder.encode(frame(Opcode.Ping))), wire({ opcode: 9, ...mine(role) }))
  })
})

it('a role that is none is a TypeError', () => {
  for (const role of [undefined, null, 'peer']) {
    expect(() => new FrameEncoder({ role: role as Role })).toThrow(TypeError)
  }
})
