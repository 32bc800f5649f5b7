// Messages of a whole chunk in one call. The plain way, frame by frame, is the oracle: the same items, the same error in the same place.

import { describe, expect, it } from 'vitest'
import { useVectorMasking } from '../../src/frame/mask-simd.ts'
import {
  type Control,
  type Frame,
  FrameDecoder,
  type FrameDecoderOptions,
  type Message,
  MessageDecoder,
  type MessageDecoderOptions,
  Opcode,
  ProtocolError,
  type Role,
} from '../support/floors.ts'
import { chop, expectBytes, hex, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { frame, wire, type WireFrame } from '../support/frames.ts'
import { forSeeds, type Random } from '../support/random.ts'

const { Continuation, Text, Binary, Close, Ping, Pong } = Opcode
const key = hex('37 fa 21 3d')

type Item = Message | Control

/** What came of some chunks: the items, and how it ended. */
interface Outcome {
  items: Item[]
  error?: unknown
  /** Bytes of the last chunk that were not looked at. */
  unread: number
  /** What the end means to the one room, another chunk with a ping to both, and the end to the other. */
  after: string[]
}

interface Options {
  frames: FrameDecoderOptions
  messages?: MessageDecoderOptions
}

/** Makes items of what one chunk gives; may throw. */
type Way = (messages: MessageDecoder, frames: Iterable<Frame>) => Iterable<Item>

const byFrame: Way = function* (messages, frames) {
  for (const one of frames) {
    const item = messages.decode(one)
    if (item !== undefined) yield item
  }
}

const byChunk: Way = (messages, frames) => messages.decode(frames)

/** By an iterable of somebody else's. */
const byOthers: Way = (messages, frames) => messages.decode({ [Symbol.iterator]: () => frames[Symbol.iterator]() })

function outcome(way: Way, chunks: readonly Uint8Array[], options: Options): Outcome {
  const frames = new FrameDecoder(options.frames)
  const messages = new MessageDecoder(options.messages)
  const result: Outcome = { items: [], unread: 0, after: [] }
  try {
    for (const chunk of chunks) for (const item of way(messages, frames.decode(chunk.slice()))) result.items.push(item)
  } catch (error) {
    result.error = error
  }
  result.unread = frames.unread
  const ping = wire({ opcode: Ping, ...(options.frames.role === 'server' && { key }) })
  result.after.push(wordsOf(() => frames.end()))
  result.after.push(wordsOf(() => [...way(messages, frames.decode(ping.slice()))]))
  result.after.push(wordsOf(() => messages.end()))
  return result
}

function wordsOf(step: () => unknown): string {
  try {
    return JSON.stringify(step()) ?? 'nothing'
  } catch (error) {
    return String(error)
  }
}

function expectSame(actual: Outcome, expected: Outcome): void {
  expect(actual.items.map(({ type }) => type)).toEqual(expected.items.map(({ type }) => type))
  actual.items.forEach((item, i) => {
    const want = expected.items[i]!
    if (item.type === 'binary' && want.type === 'binary') return expectBytes(item.data, want.data)
    if (item.type === 'text' && want.type === 'text') return expect(item.data === want.data).toBe(true)
    expect(item).toEqual(want)
  })
  expect(String(actual.error)).toBe(String(expected.error))
  expect(actual.error).toMatchObject(actual.error instanceof ProtocolError ? { code: codeOf(expected.error) } : {})
  expect([actual.unread, ...actual.after]).toEqual([expected.unread, ...expected.after])
}

function codeOf(error: unknown): string {
  return (error as ProtocolError).code
}

/** Holds both ways by chunk against the plain one. */
function compare(chunks: readonly Uint8Array[], options: Options): Outcome {
  const plain = outcome(byFrame, chunks, options)
  for (const way of [byChunk, byOthers]) expectSame(outcome(way, chunks, options), plain)
  return plain
}

/** Lengths around the thresholds of the fast ways: tiny and small texts, views, lengths of headers, vectors and their tile. */
const sizes = [0, 1, 3, 4, 23, 24, 25, 63, 64, 65, 125, 126, 127, 1023, 1024, 1025, 16383, 16384, 16385, 65535, 65536]

/** Text of that many bytes; often with a character cut at its end, which is wrong. */
function randomText(random: Random, size: number): Uint8Array {
  if (random.chance(0.5)) return pattern(size).map((byte) => byte & 0x7f)
  const character = utf8(random.pick(['é', '€', '😀', '\ufeff']))
  const text = pattern(size).map((_, i) => character[i % character.length]!)
  return random.chance(0.3) ? text : text.fill(0x41, size - size % character.length)
}

/** A message or a control frame, sometimes one that breaks a rule. */
function randomFrames(random: Random): WireFrame[] {
  if (random.chance(0.2)) {
    const opcode = random.pick([Ping, Pong, Close])
    return [{ opcode, payload: opcode === Close ? hex('03 e8 62 79 65') : random.bytes(random.pick([0, 4, 125])) }]
  }
  if (random.chance(0.03)) return [{ opcode: random.pick([3, 11, Continuation, Text, Binary]), rsv: 0x40 }]
  const opcode = random.pick([Text, Binary])
  const size = random.pick(sizes)
  const payload = opcode === Text ? randomText(random, size) : random.bytes(size)
  if (random.chance(0.8)) return [{ opcode, payload }]
  const at = random.below(size + 1)
  const rest: WireFrame = { opcode: Continuation, payload: payload.slice(at) }
  const between: WireFrame[] = random.chance(0.3) ? [{ opcode: random.chance(0.1) ? Text : Ping }] : []
  return [{ opcode, payload: payload.slice(0, at), fin: false }, ...between, rest]
}

describe('messages of a chunk', () => {
  it('are those of its frames, however the bytes are cut, for both roles, with what breaks a rule in its place', () => {
    useVectorMasking()
    let [whole, broken] = [0, 0]
    forSeeds(400, (random) => {
      const role = random.pick<Role>(['server', 'client'])
      const written = Array.from({ length: 1 + random.below(8) }, () => randomFrames(random)).flat()
      const masked = written.map((one) => ({ ...one, ...(role === 'server' && { key: random.bytes(4) }) }))
      const bytes = join(masked.map(wire))
      const chunks = random.chance(0.3) ? [bytes] : chop(random, bytes)
      const { error } = compare(chunks, {
        frames: {
          role,
          copy: random.chance(0.2),
          allowedRsv: random.pick([0, 0x40]),
          wholeFrameLimit: random.pick([0, 125, 65536]),
          maxPayloadLength: random.pick([16384, 2 ** 40]),
        },
        messages: { maxMessageSize: random.pick([1024, 65535, 2 ** 24]) },
      })
      if (error === undefined) whole++
      else broken++
    })
    expect(Math.min(whole, broken)).toBeGreaterThan(50) // both were seen
  })

  it('are those of its frames for bytes that drip', () => {
    const bytes = join([
      wire({ opcode: Text, payload: utf8('Grüße'), key }),
      wire({ opcode: Binary, payload: pattern(200), key }),
      wire({ opcode: Text, payload: utf8('a'), fin: false, key }),
      wire({ opcode: Ping, payload: pattern(3), key }),
      wire({ opcode: Continuation, payload: utf8('b'), key }),
      wire({ opcode: Text, key }),
    ])
    expect(compare(oneByOne(bytes), { frames: { role: 'server' } }).items.length).toBe(5)
  })

  it.each(sizes.filter((size) => size > 0))('text of %i bytes that is wrong at any of its ends says where', (size) => {
    for (const at of new Set([0, size >> 1, size - 1])) {
      const payload = pattern(size).map((byte) => byte & 0x7f)
      payload[at] = 0xff
      const bytes = join([
        wire({ opcode: Ping, key }),
        wire({ opcode: Text, payload, key }),
        wire({ opcode: Ping, key }),
      ])
      const { items, error } = compare([bytes], { frames: { role: 'server' } })
      expect(items.length).toBe(1)
      expect(error).toMatchObject({
        code: 'invalid-utf8',
        message: `Cannot decode message: text must be UTF-8, got 0xff at byte ${at}`,
      })
    }
  })

  it('share no memory with each other, nor with the next ones', () => {
    const [first, second] = [pattern(20), pattern(64, 7)]
    const bytes = join([first, second].map((payload) => wire({ opcode: Binary, payload, key })))
    const items = [...new MessageDecoder().decode(new FrameDecoder({ role: 'server' }).decode(bytes))]
    const [one, other] = items.map((item) => item.type === 'binary' ? item.data : expect.unreachable())
    one!.fill(0)
    expectBytes(other!, second)
  })

  it('leave the chunk alone with `copy`, whatever they are', () => {
    for (const opcode of [Text, Binary]) {
      for (const size of sizes) {
        const chunk = wire({ opcode, payload: pattern(size).map((byte) => byte & 0x7f), key })
        const before = chunk.slice()
        const frames = new FrameDecoder({ role: 'server', copy: true })
        expect([...new MessageDecoder().decode(frames.decode(chunk))].length).toBe(1)
        expectBytes(chunk, before)
      }
    }
  })

  it('come one by one: what is behind them is judged when it is asked for', () => {
    const frames = new FrameDecoder({ role: 'client' })
    const items = new MessageDecoder().decode(
      frames.decode(join([wire({ opcode: Text, payload: utf8('a') }), hex('83')])),
    )
    expect(items.next()).toEqual({ done: false, value: { type: 'text', data: 'a' } })
    expect(frames.unread).toBe(1)
    expect(() => frames.decode(hex('81 00'))).toThrow(TypeError)
    expect(() => items.next()).toThrow(ProtocolError)
    expect(() => items.next()).toThrow(ProtocolError)
  })

  it('can be gone on with after a break, by frame too', () => {
    const frames = new FrameDecoder({ role: 'client' })
    const messages = new MessageDecoder()
    const chunk = join(['a', 'b', 'c', 'd'].map((text) => wire({ opcode: Text, payload: utf8(text) })))
    const all = frames.decode(chunk)
    const seen: unknown[] = []
    for (const item of messages.decode(all)) {
      seen.push(item)
      break
    }
    seen.push(messages.decode(all.next().value as Frame), ...messages.decode(all))
    expect(seen).toEqual(['a', 'b', 'c', 'd'].map((data) => ({ type: 'text', data })))
    expect([...messages.decode(all)]).toEqual([])
  })

  it('are of their own chunk, though nobody asked whether the one before had more', () => {
    for (const [opcode, ending] of [[Text, 'x'], [Binary, 'x'], [Text, 'ü'], [Text, 'x'.repeat(2000)]] as const) {
      const frames = new FrameDecoder({ role: 'server' })
      const messages = new MessageDecoder()
      const whole = ['a', 'b'].map((letter) => utf8(letter.repeat(100) + ending))
      const pulled = whole.map((payload) => {
        frames.push(wire({ opcode, payload, key }))
        const { data } = messages.pull(frames) as Message
        return typeof data === 'string' ? utf8(data) : data
      })
      pulled.forEach((bytes, i) => expectBytes(bytes, whole[i]!))
    }
  })

  it('end where the decoder has failed, at once and on the way', () => {
    const frames = new FrameDecoder({ role: 'client' })
    const messages = new MessageDecoder()
    const items = messages.decode(frames.decode(wire({ opcode: Text, payload: utf8('a') })))
    expect(() => messages.decode(frame(Continuation))).toThrow(ProtocolError)
    expect(() => items.next()).toThrow(ProtocolError)
    expect(() => messages.decode(frames.decode(wire({ opcode: Ping })))).toThrow(TypeError) // not drained
    expect(() => messages.decode([])).toThrow(ProtocolError)
  })

  it('come from any iterable of frames, which is closed with them', () => {
    let closed = false
    function* source(): Generator<Frame, undefined> {
      try {
        yield frame(Text, utf8('a'), { fin: false })
        yield frame(Ping)
        yield frame(Continuation, utf8('b'))
        yield frame(Pong)
      } finally {
        closed = true
      }
    }
    for (const item of new MessageDecoder().decode(source())) if (item.type === 'text') break
    expect(closed).toBe(true)
    expect([...new MessageDecoder().decode([...source()])].map(({ type }) => type)).toEqual(['ping', 'text', 'pong'])
    expect(() => [...new MessageDecoder().decode([1] as unknown as Frame[])]).toThrow(TypeError)
  })
})
