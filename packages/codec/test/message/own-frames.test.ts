// What the message encoder makes, given to the frame encoder as it comes, is written where it is sent from; what leaves is the same.

import { describe, expect, it } from 'vitest'
import { type Control, FrameEncoder, type Message, MessageEncoder, Opcode, type Role } from '../support/floors.ts'
import { LEND_FROM } from '../../src/frame/planned-frame.ts'
import { expectBytes, hex, join, pattern, utf8 } from '../support/bytes.ts'
import { frame, keyNumber, wire } from '../support/frames.ts'
import { forSeeds } from '../support/random.ts'
import { sharedBytes } from '../support/shared-memory.ts'
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
    expect(() => encoder.encode(framesOf('hello'))).toThrow(/want the next part of a frame of 6 bytes, at offset 3$/)
    chunks.push(...encoder.encode(frame(Opcode.Binary, utf8('def'), { ...part, offset: 3 })))
    expectBytes(join(chunks), wire({ opcode: 2, payload: utf8('abcdef'), ...mine(role) }))
  })
})

type Item = Message | Control

describe.each(['client', 'server'] as const)('items of a %s', (role) => {
  /** Keys that differ from frame to frame, so that one too many or too few shows. */
  const encoderOf = (meter = new Meter()) => {
    let last = 1
    const insecureMaskingKeys = () => (last = (last * 69069 + 1) | 0)
    return new FrameEncoder({ role, insecureMaskingKeys, allocate: meter.allocate })
  }
  const binary = (data: unknown): Item => ({ type: 'binary', data: data as Uint8Array })
  const text = (data: string): Item => ({ type: 'text', data })
  /** Against the way of frames, which knows nothing of where they come from. */
  const expectSame = (items: Item | Item[], fragmentSize?: number) => {
    const messages = new MessageEncoder({ fragmentSize })
    const expected = join(encoderOf().encode([...messages.encode(items)]))
    expectBytes(join(encoderOf().encode(messages.encode(items))), expected)
    if (Array.isArray(items)) {
      const one = encoderOf()
      expectBytes(join(items.flatMap((item) => one.encode(messages.encode(item)))), expected)
    }
  }
  const controls: Item[] = [
    { type: 'ping', data: pattern(5) },
    { type: 'pong', data: pattern(125) },
    { type: 'close', statusCode: 1000, reason: 'bye' },
  ]

  it('are the same bytes as their frames, at each size where a way changes', () => {
    for (
      const size of [0, 1, 31, 32, 33, 58, 64, 65, 95, 96, 97, 125, 126, 1023, 1024, 4095, 4096, 16384, 65535, 65536]
    ) {
      const bytes = binary(pattern(size))
      const ascii = text('x'.repeat(size))
      expectSame(bytes)
      expectSame([bytes, ascii, text('é'.repeat(size)), ...controls, bytes, bytes, ascii, ascii])
    }
  })

  it('take any bytes: Buffers, views, buffers, and never write to them', () => {
    const memory = pattern(9000)
    const buffer = typeof Buffer === 'undefined' ? memory : Buffer.from(memory.buffer)
    for (
      const data of [memory.buffer, buffer, new DataView(memory.buffer, 8, 5000), new Uint16Array(memory.buffer, 2, 20)]
    ) {
      expectSame(binary(data))
      expectSame([binary(data), text('x'), binary(data)])
    }
    expectBytes(memory, pattern(9000))
  })

  it('are the same in any mixture, with fragments and without', () => {
    forSeeds(60, (random) => {
      const items = Array.from({ length: random.below(9) }, (): Item => {
        const size = random.chance(0.5) ? random.below(200) : random.pick([0, 1000, 4095, 4096, 6000])
        if (random.chance(0.2)) return random.pick(controls)
        return random.chance(0.5)
          ? binary(random.bytes(size))
          : text(random.pick(['x', 'x', 'é', '\ud800']).repeat(size))
      })
      expectSame(items)
      expectSame(items, 1 + random.below(1000))
    })
  })

  it('share one exact chunk, but for what is lent', () => {
    const meter = new Meter()
    const large = pattern(LEND_FROM)
    const small = [binary(pattern(100)), text('x'.repeat(5000)), ...controls]
    const chunks = encoderOf(meter).encode(new MessageEncoder().encode([...small, binary(large), ...small]))
    const lent = chunks.filter((chunk) => chunk === large)
    expect([chunks.length, lent.length]).toEqual(role === 'server' ? [3, 1] : [1, 0])
    expect(meter.allocated).toBe(join(chunks).length - lent.length * large.length)
    expect(meter.count).toBe(chunks.length - lent.length)
  })

  it('share no memory when they are lent: texts of other characters have their own', () => {
    const messages = new MessageEncoder()
    const texts = Array.from({ length: 20 }, () => text('€'.repeat(1500)))
    for (
      const chunks of [encoderOf().encode(messages.encode(texts)), encoderOf().encode([...messages.encode(texts)])]
    ) {
      expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBe(chunks.length)
    }
  })

  const wrong: [what: string, item: unknown][] = [
    ['nothing', undefined],
    ['a string', 'x'],
    ['text that is bytes', { type: 'text', data: pattern(1) }],
    ['a ping of 126 bytes', { type: 'ping', data: pattern(126) }],
    ['shared memory', binary(sharedBytes(4))],
    ['a Close with a code that may not be sent', { type: 'close', statusCode: 1006, reason: '' }],
    ['a list in a list', []],
  ]
  it.each(wrong)('are refused at once where %s is among them', (_, item) => {
    const messages = new MessageEncoder()
    for (const items of [[item], [text('x'), item, text('y')], new Set([text('x'), item])]) {
      expect(() => messages.encode(items as Item[])).toThrow(/^Cannot encode /)
    }
    expect(() => messages.encode('' as unknown as Item)).toThrow(TypeError)
    const holes: Item[] = []
    holes[1] = text('x')
    expect(() => messages.encode(holes)).toThrow(TypeError)
  })

  it('are refused before any byte when memory was transferred away in between, whole or one by one', () => {
    for (const size of [4, 100, 5000]) {
      const data = pattern(size)
      const lists = [[text('x'), binary(data)], binary(data)].map((items) => new MessageEncoder().encode(items))
      structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] })
      const encoder = encoderOf()
      for (const frames of lists) {
        expect(() => encoder.encode(frames)).toThrow(/got transferred memory$/)
        expect(() => [...frames]).toThrow(/got transferred memory$/)
      }
      expectBytes(
        join(encoder.encode(new MessageEncoder().encode(text('y')))),
        join(encoderOf().encode(new MessageEncoder().encode(text('y')))),
      )
    }
  })

  it('may be an iterable of any kind, or none', () => {
    const messages = new MessageEncoder()
    const items = [text('a'), ...controls, binary(pattern(300))]
    const expected = join(encoderOf().encode(messages.encode(items)))
    expectBytes(join(encoderOf().encode(messages.encode(new Set(items)))), expected)
    expectBytes(
      join(
        encoderOf().encode(messages.encode(function* () {
          yield* items
        }())),
      ),
      expected,
    )
    expect(encoderOf().encode(messages.encode([]))).toEqual([])
    expect([...messages.encode([])]).toEqual([])
  })

  it('are those that an array gives when it is iterated, however long it says it is', () => {
    const messages = new MessageEncoder()
    const items = [text('a'), binary(pattern(5000)), text('c')]
    for (const given of [[], items.slice(0, 1), items, [...items, ...items, ...items]]) {
      const array = Object.assign([...items], { [Symbol.iterator]: () => given.values() })
      expectBytes(join(encoderOf().encode(messages.encode(array))), join(encoderOf().encode(messages.encode(given))))
      expect([...messages.encode(array)].length).toBe(given.length)
    }
    expect(() => messages.encode(new Array(3))).toThrow(/want a message or a control frame, got undefined$/)
  })

  it('come as frames one by one, and what is left of them may still be taken', () => {
    const messages = new MessageEncoder({ fragmentSize: 10 })
    const items = [text('a'), binary(pattern(25)), text('b'), text('c')]
    const all = [...messages.encode(items)]
    expect(all.length).toBe(6)
    const expected = encoderOf().encode(all)
    for (let taken = 0; taken <= all.length; taken++) {
      const frames = messages.encode(items)
      const encoder = encoderOf()
      const chunks = []
      for (let i = 0; i < taken; i++) chunks.push(...encoder.encode(frames.next().value!))
      chunks.push(...encoder.encode(frames))
      expectBytes(join(chunks), join(expected))
      expect(frames.next()).toEqual({ done: true, value: undefined })
      expect(encoder.encode(frames)).toEqual([])
    }
  })

  it('stay right while ASCII and other texts alternate', () => {
    const messages = new MessageEncoder()
    const encoder = encoderOf()
    const plain = encoderOf()
    for (const data of ['abc', 'é', 'é', 'abc', 'abc', 'x'.repeat(300), '€'.repeat(300), 'x'.repeat(300), '']) {
      for (const items of [text(data), [text('first'), text(data)], [text(data), text('last')]]) {
        const expected = join(plain.encode([...new MessageEncoder().encode(items)]))
        expectBytes(join(encoder.encode(messages.encode(items))), expected)
      }
    }
  })
})
