// The rules between data frames, and messages put together from frames and from parts of frames.

import { describe, expect, it } from 'vitest'
import {
  type Control,
  type Frame,
  FrameDecoder,
  FrameEncoder,
  type Message,
  MessageDecoder,
  MessageEncoder,
  Opcode,
  ProtocolError,
} from '../support/floors.ts'
import { chop, expectBytes, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { decodeAll, frame } from '../support/frames.ts'
import { forSeeds, type Random } from '../support/random.ts'
import { countWork, Meter } from '../support/work.ts'

const { Continuation, Text, Binary, Close, Ping, Pong } = Opcode
const open = { fin: false }

function messages(frames: Iterable<Frame>, decoder: MessageDecoder = new MessageDecoder()): (Message | Control)[] {
  return [...frames].map((one) => decoder.decode(one)).filter((item) => item !== undefined)
}

function failure(frames: Frame[], decoder: MessageDecoder = new MessageDecoder()): ProtocolError {
  const [before, last] = [frames.slice(0, -1), frames.at(-1)!]
  for (const one of before) decoder.decode(one)
  try {
    decoder.decode(last)
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError)
    // Failed for good.
    expect(() => decoder.decode(frame(Ping))).toThrow(error as Error)
    expect(() => decoder.end()).toThrow(error as Error)
    return error as ProtocolError
  }
  return expect.unreachable('no error')
}

function expectMessages(actual: readonly (Message | Control)[], expected: readonly (Message | Control)[]): void {
  expect(actual.map(({ type }) => type)).toEqual(expected.map(({ type }) => type))
  actual.forEach((item, i) => {
    const want = expected[i]!
    if (item.type === 'close' || want.type === 'close') return expect(item).toEqual(want)
    if (typeof item.data === 'string') return expect(item.data === want.data).toBe(true)
    expectBytes(item.data, want.data as Uint8Array)
  })
}

/** Parts of a frame as a decoder without limit would give them, cut at random. */
function inParts(random: Random, whole: Frame): Frame[] {
  if (whole.opcode >= 8) return [whole]
  let offset = 0
  return chop(random, whole.payload).filter(({ length }, i) => length > 0 || i === 0).map((payload) => {
    const part = { ...whole, payload, offset }
    offset += payload.length
    return part
  })
}

describe('messages', () => {
  it('of one frame: text, binary, empty', () => { // rules 42, 43
    expectMessages(messages([frame(Text, utf8('Grüße')), frame(Binary, pattern(5)), frame(Text), frame(Binary)]), [
      { type: 'text', data: 'Grüße' },
      { type: 'binary', data: pattern(5) },
      { type: 'text', data: '' },
      { type: 'binary', data: new Uint8Array(0) },
    ])
  })

  it('of several frames, empty ones among them', () => { // rules 32, 34
    const frames = [
      frame(Text, utf8('a'), open),
      frame(Continuation, utf8(''), open),
      frame(Continuation, utf8('b'), open),
      frame(Continuation),
    ]
    expectMessages(messages(frames), [{ type: 'text', data: 'ab' }])
    const binary = [
      frame(Binary, pattern(0), open),
      frame(Continuation, pattern(3), open),
      frame(Continuation, pattern(4, 3)),
    ]
    expectMessages(messages(binary), [{ type: 'binary', data: pattern(7) }])
  })

  it('with control frames between their fragments, which come at once', () => { // rule 33
    const decoder = new MessageDecoder()
    expect(decoder.decode(frame(Text, utf8('He'), open))).toBe(undefined)
    expect(decoder.decode(frame(Ping, utf8('p')))).toEqual({ type: 'ping', data: utf8('p') })
    expect(decoder.decode(frame(Continuation, utf8('ll'), open))).toBe(undefined)
    expect(decoder.decode(frame(Pong))).toEqual({ type: 'pong', data: new Uint8Array(0) })
    expect(decoder.decode(frame(Close))).toEqual({ type: 'close', reason: '' })
    expect(decoder.decode(frame(Continuation, utf8('o')))).toEqual({ type: 'text', data: 'Hello' })
  })

  it('one after another, each from the beginning', () => {
    const one = [frame(Text, utf8('a'), open), frame(Continuation, utf8('b'))]
    const two = [frame(Binary, pattern(2), open), frame(Continuation, pattern(2, 2))]
    expectMessages(messages([...one, ...two, ...one, frame(Text, utf8('x')), ...two]), [
      { type: 'text', data: 'ab' },
      { type: 'binary', data: pattern(4) },
      { type: 'text', data: 'ab' },
      { type: 'text', data: 'x' },
      { type: 'binary', data: pattern(4) },
    ])
  })

  it('whatever the fragments and the parts: what was encoded comes back', () => {
    forSeeds(300, (random) => {
      const texts = ['', 'plain', 'Grüße, 世界 😀', '\ufeffmark', 'x'.repeat(5000) + '€']
      const fragmentSize = random.pick([1, 2, 3, 1000, Infinity])
      const items = Array.from(
        { length: 1 + random.below(4) },
        (): Message | Control =>
          random.pick<() => Message | Control>([
            () => ({ type: 'text', data: random.pick(texts) }),
            () => ({
              type: 'binary',
              data: random.bytes(random.pick([0, 1, 100, 3000, fragmentSize < 1000 ? 5 : 70_000])),
            }),
            () => ({ type: random.pick(['ping', 'pong'] as const), data: random.bytes(random.below(126)) }),
            () => ({ type: 'close', statusCode: 1000, reason: random.pick(texts).slice(0, 20) }),
          ])(),
      )
      const encoder = new MessageEncoder({ fragmentSize })
      const frames = items.flatMap((item) => [...encoder.encode(item)])
      expectMessages(messages(frames), items)
      expectMessages(messages(frames.flatMap((one) => inParts(random, one))), items)
      // And over the wire, through both floors.
      const bytes = join(new FrameEncoder({ role: 'client' }).encode(frames))
      const decoder = new FrameDecoder({ role: 'server', wholeFrameLimit: random.pick([0, 10, 65536]) })
      expectMessages(messages(decodeAll(decoder, chop(random, bytes))), items)
    })
  })
})

describe('fragmentation rules', () => { // rule 32
  it('a Continuation frame needs a message to continue', () => {
    for (const fin of [true, false]) {
      const error = failure([frame(Continuation, utf8('x'), { fin })])
      expect(error).toMatchObject({ code: 'unexpected-continuation', statusCode: 1002, section: 'RFC 6455 §5.4' })
      expect(error.message).toBe('Cannot decode message: a Continuation frame needs a message to continue')
    }
    expect(failure([frame(Text, utf8('x')), frame(Continuation)]).code).toBe('unexpected-continuation')
    expect(failure([frame(Binary, utf8('x'), open), frame(Continuation), frame(Continuation)]).code).toBe(
      'unexpected-continuation',
    )
    expect(failure([frame(Ping), frame(Continuation)]).code).toBe('unexpected-continuation')
  })

  it('inside a fragmented message only Continuation frames carry data', () => {
    for (const first of [Text, Binary]) {
      for (const [second, name] of [[Text, 'Text'], [Binary, 'Binary']] as const) {
        for (const fin of [true, false]) {
          const error = failure([frame(first, utf8('a'), open), frame(Ping), frame(second, utf8('b'), { fin })])
          expect(error).toMatchObject({ code: 'expected-continuation', statusCode: 1002, section: 'RFC 6455 §5.4' })
          expect(error.message).toBe(
            `Cannot decode message: want a Continuation frame inside a fragmented message, got ${name}`,
          )
        }
      }
    }
    expect(failure([frame(Text, utf8(''), open), frame(Text)]).code).toBe('expected-continuation')
  })

  it('are judged at the header of a frame that comes in parts', () => {
    const part = (opcode: Opcode, more: Partial<Frame> = {}) =>
      frame(opcode, new Uint8Array(0), { payloadLength: 1000, ...more })
    expect(failure([part(Continuation)]).code).toBe('unexpected-continuation')
    expect(failure([frame(Text, utf8('a'), open), part(Binary)]).code).toBe('expected-continuation')
  })

  it('a later part of a frame is no second frame', () => {
    const payload = pattern(10)
    const parts = [0, 3, 7].map((offset, i) => ({
      ...frame(Binary, payload.subarray(offset, [3, 7, 10][i]), { payloadLength: 10 }),
      offset,
    }))
    expectMessages(messages(parts), [{ type: 'binary', data: payload }])
    const empty = { ...parts[0]!, payload: new Uint8Array(0) }
    expectMessages(messages([empty, ...parts]), [{ type: 'binary', data: payload }])
    // The first part was empty, the second holds all: still one message, and text is judged once.
    const text = utf8('ü')
    const first = frame(Text, new Uint8Array(0), { payloadLength: 2 })
    expectMessages(messages([first, { ...first, payload: text }]), [{ type: 'text', data: 'ü' }])
  })

  it('the end inside a message is unexpected-end', () => {
    const decoder = new MessageDecoder()
    expect(() => decoder.end()).not.toThrow()
    decoder.decode(frame(Binary))
    expect(() => decoder.end()).not.toThrow()
    decoder.decode(frame(Binary, utf8('a'), open))
    expect(() => decoder.end()).toThrow(ProtocolError)
    expect(() => decoder.end()).toThrow('Cannot decode message: the frames ended inside a message')
    expect(() => decoder.decode(frame(Continuation))).toThrow(ProtocolError)
    const parts = new MessageDecoder()
    parts.decode(frame(Binary, utf8('a'), { payloadLength: 2 }))
    expect(() => parts.end()).toThrow(ProtocolError)
  })
})

describe('maxMessageSize', () => { // rule 53; security.md, rows 13, 22
  const limit = 1000
  const decoderOf = () => new MessageDecoder({ maxMessageSize: limit })
  const declared = (opcode: Opcode, payloadLength: number, fin = true) =>
    frame(opcode, new Uint8Array(0), { payloadLength, fin })

  it('is 16 MiB unless told otherwise, and judged by the declared length before any payload', () => {
    const size = 16 * 2 ** 20
    expect(new MessageDecoder().decode(declared(Binary, size))).toBe(undefined)
    const error = failure([declared(Binary, size + 1)])
    expect(error).toMatchObject({ code: 'message-too-big', statusCode: 1009, section: 'RFC 6455 §10.4' })
    expect(error.message).toBe(`Cannot decode message: must be at most ${size} bytes, got ${size + 1} or more`)
    expect(failure([declared(Text, Number.MAX_SAFE_INTEGER)]).code).toBe('message-too-big')
  })

  it('admits exactly the limit, whole, in parts and in fragments', () => {
    const bytes = pattern(limit)
    expectMessages(messages([frame(Binary, bytes)], decoderOf()), [{ type: 'binary', data: bytes }])
    const parts = [
      frame(Binary, bytes.subarray(0, 400), { payloadLength: limit }),
      frame(Binary, bytes.subarray(400), { payloadLength: limit, offset: 400 }),
    ]
    expectMessages(messages(parts, decoderOf()), [{ type: 'binary', data: bytes }])
    const fragments = [
      frame(Binary, bytes.subarray(0, 400), open),
      frame(Continuation, bytes.subarray(400), open),
      frame(Continuation),
    ]
    expectMessages(messages([...fragments, ...fragments], decoderOf()), [{ type: 'binary', data: bytes }, {
      type: 'binary',
      data: bytes,
    }])
  })

  it('is one above for whole messages of both types', () => {
    for (const opcode of [Text, Binary]) {
      expect(failure([frame(opcode, new Uint8Array(limit + 1).fill(65))], decoderOf()).code).toBe('message-too-big')
    }
  })

  it('sums over fragments and judges the sum at the header of the one that goes too far', () => {
    const fragment = frame(Binary, pattern(300), open)
    const more = frame(Continuation, pattern(300), open)
    expect(failure([fragment, more, more, declared(Continuation, 101)], decoderOf()).message).toMatch(
      /at most 1000 bytes, got 1001 or more/,
    )
    expect(failure([fragment, more, more, declared(Continuation, 2 ** 40, false)], decoderOf()).code).toBe(
      'message-too-big',
    )
    // Inside a frame of its own parts, too: the declared length counts once.
    const part = (offset: number) => frame(Continuation, pattern(100), { fin: false, payloadLength: 700, offset })
    const decoder = decoderOf()
    for (const one of [fragment, part(0), part(100), part(200), part(300), part(400), part(500), part(600)]) {
      decoder.decode(one)
    }
    expect(failure([frame(Continuation, pattern(1))], decoder).code).toBe('message-too-big')
  })

  it('does not count control frames, nor the messages before', () => {
    const decoder = decoderOf()
    for (let i = 0; i < 50; i++) {
      decoder.decode(frame(Binary, pattern(900), open))
      decoder.decode(frame(Ping, pattern(125)))
      expect(decoder.decode(frame(Continuation, pattern(100)))?.type).toBe('binary')
    }
  })

  it('0 admits only empty messages', () => {
    const decoder = new MessageDecoder({ maxMessageSize: 0 })
    expect(decoder.decode(frame(Text))).toEqual({ type: 'text', data: '' })
    expect(failure([frame(Binary, pattern(1))], decoder).code).toBe('message-too-big')
  })
})

describe('many fragments', () => { // security.md, rows 7, 13: no count limit, bounded cost for each
  it('a million of one byte make one message, with memory that follows the bytes', () => {
    const meter = new Meter()
    const decoder = new MessageDecoder({ allocate: meter.allocate })
    const one = frame(Continuation, Uint8Array.of(65), open)
    decoder.decode({ ...one, opcode: Text })
    let worst = 0
    for (let came = 2; came <= 1_000_000; came++) {
      decoder.decode(one)
      worst = Math.max(worst, meter.allocated - 2 * came)
    }
    const message = decoder.decode(frame(Continuation))
    expect(message?.type === 'text' && message.data.length).toBe(1_000_000)
    expect(worst).toBeLessThanOrEqual(65536)
    expect(meter.allocated).toBeLessThanOrEqual(2_000_000 + 65536)
  })

  it('a million empty ones cost no memory', () => {
    const meter = new Meter()
    const decoder = new MessageDecoder({ allocate: meter.allocate })
    decoder.decode(frame(Binary, new Uint8Array(0), open))
    const empty = frame(Continuation, new Uint8Array(0), open)
    for (let i = 0; i < 1_000_000; i++) decoder.decode(empty)
    expect(decoder.decode(frame(Continuation, pattern(3)))).toEqual({ type: 'binary', data: pattern(3) })
    expect(meter.allocated).toBeLessThanOrEqual(1024)
  })

  it('cost linear work', () => { // law 2
    const work = (n: number) =>
      countWork(() => {
        const decoder = new MessageDecoder()
        decoder.decode(frame(Text, new Uint8Array(0), open))
        const one = frame(Continuation, Uint8Array.of(65), open)
        for (let i = 0; i < n; i++) decoder.decode(one)
        decoder.decode(frame(Continuation))
      })
    const [small, large] = [work(20_000), work(80_000)]
    expect(large.bytes).toBeLessThanOrEqual(4.5 * small.bytes + 65536)
    expect(large.calls).toBeLessThanOrEqual(4.5 * small.calls)
    expect(large.bytes).toBeLessThanOrEqual(3 * 80_000) // two copies and one decoding
  })

  it('nothing is allocated for a message that is only declared', () => { // law 1
    const meter = new Meter()
    const decoder = new MessageDecoder({ maxMessageSize: Infinity, allocate: meter.allocate })
    decoder.decode(frame(Binary, new Uint8Array(0), { payloadLength: 2 ** 40 }))
    decoder.decode(frame(Binary, pattern(1), { payloadLength: 2 ** 40 }))
    expect(meter.allocated).toBeLessThanOrEqual(65536)
  })
})

describe('ownership', () => {
  it('a whole binary frame is handed on uncopied; a message put together is an exact array of its own', () => {
    const payload = pattern(10)
    const decoder = new MessageDecoder()
    expect(decoder.decode(frame(Binary, payload))).toEqual({ type: 'binary', data: payload })
    const [message] = messages([frame(Binary, payload, open), frame(Continuation, payload)], decoder)
    const data = (message as { data: Uint8Array }).data
    payload.fill(0)
    expectBytes(data, join([pattern(10), pattern(10)]))
    expect(data.buffer.byteLength).toBe(20)
  })

  it('memory from a careless allocator never shows', () => {
    const decoder = new MessageDecoder({ allocate: new Meter().allocate })
    for (const size of [1, 100, 5000, 200_000]) {
      const [message] = messages(
        [frame(Binary, pattern(size), open), frame(Continuation, pattern(size, size))],
        decoder,
      )
      expectBytes((message as { data: Uint8Array }).data, pattern(2 * size))
    }
  })
})

describe("the caller's faults", () => {
  it.each([undefined, null, 'frame', {}, { opcode: 1 }, { opcode: 1, payload: 'x' }])('%s is no frame', (wrong) => {
    const decoder = new MessageDecoder()
    expect(() => decoder.decode(wrong as unknown as Frame)).toThrow(TypeError)
    expect(decoder.decode(frame(Text, utf8('ok')))).toEqual({ type: 'text', data: 'ok' })
  })

  it('a frame without lengths would never end: TypeError', () => {
    const decoder = new MessageDecoder()
    expect(() => decoder.decode({ fin: true, opcode: Text, payload: utf8('x') } as Frame)).toThrow(TypeError)
    expect(() => decoder.decode(frame(Text, utf8('xyz'), { payloadLength: 2 }))).toThrow(TypeError)
    expect(() => decoder.decode(frame(Ping, utf8('xy'), { payloadLength: 3 }))).toThrow(/control frames come whole/)
    expect(decoder.decode(frame(Text, utf8('ok')))).toEqual({ type: 'text', data: 'ok' })
  })
})

it('bytes dripped through both floors make the same messages', () => {
  const frames = [
    ...new MessageEncoder({ fragmentSize: 7 }).encode({ type: 'text', data: 'Grüße, 世界 😀 and some more' }),
  ]
  const bytes = join(
    new FrameEncoder({ role: 'server' }).encode([...frames.slice(0, 2), frame(Ping, utf8('p')), ...frames.slice(2)]),
  )
  const expected: (Message | Control)[] = [{ type: 'ping', data: utf8('p') }, {
    type: 'text',
    data: 'Grüße, 世界 😀 and some more',
  }]
  for (const wholeFrameLimit of [0, 3, 65536]) {
    const decoder = new FrameDecoder({ role: 'client', wholeFrameLimit })
    expectMessages(messages(decodeAll(decoder, oneByOne(bytes))), expected)
  }
})
