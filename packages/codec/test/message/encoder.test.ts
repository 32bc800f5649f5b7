import { describe, expect, it } from 'vitest'
import { type Control, type Frame, FrameEncoder, type Message, MessageEncoder, Opcode } from '../support/floors.ts'
import { expectBytes, join, pattern, utf8 } from '../support/bytes.ts'
import { header } from '../support/frames.ts'
import { sharedBytes } from '../support/shared-memory.ts'
import { Meter } from '../support/work.ts'

function transferred(): Uint8Array {
  const bytes = new Uint8Array(4)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

const encode = (
  item: Message | Control,
  fragmentSize?: number,
): Frame[] => [...new MessageEncoder({ fragmentSize }).encode(item)]

describe('MessageEncoder', () => {
  it('makes one frame of a message unless told otherwise', () => {
    const data = pattern(1_000_000)
    const [one, ...more] = encode({ type: 'binary', data })
    expect(more).toEqual([])
    expect(one!.payload.buffer).toBe(data.buffer) // not copied
    expect(header(one!)).toBe('F--- 2:1000000')
    expect(encode({ type: 'text', data: '' }).map(header)).toEqual(['F--- 1:0'])
  })

  it.each([1, 2, 3, 9, 10, 11, 100])('cuts at fragmentSize %i: the first names the type, the last has FIN', (size) => { // rules 32, 35
    const data = pattern(10)
    const frames = encode({ type: 'binary', data }, size)
    expect(frames.length).toBe(Math.max(1, Math.ceil(10 / size)))
    frames.forEach(({ fin, opcode, payload, payloadLength, offset }, i) => {
      expect(fin).toBe(i === frames.length - 1)
      expect(opcode).toBe(i === 0 ? Opcode.Binary : Opcode.Continuation)
      expect(payload.length).toBeLessThanOrEqual(size)
      expect([payloadLength, offset]).toEqual([payload.length, 0])
    })
    expectBytes(join(frames.map(({ payload }) => payload)), data)
  })

  it('makes frames as they are taken', () => {
    const frames = new MessageEncoder({ fragmentSize: 1 }).encode({ type: 'binary', data: new Uint8Array(2 ** 20) })
    expect(frames.next().value?.payloadLength).toBe(1)
  })

  it('encodes text as UTF-8, a lone surrogate as U+FFFD', () => {
    expectBytes(encode({ type: 'text', data: 'Grüße 😀\ufeff' })[0]!.payload, utf8('Grüße 😀\ufeff'))
    expectBytes(encode({ type: 'text', data: 'a\udfffb' })[0]!.payload, utf8('a\ufffdb'))
  })

  it('keeps nothing between calls, so that messages and control frames may alternate', () => {
    const encoder = new MessageEncoder({ fragmentSize: 4 })
    const slow = encoder.encode({ type: 'binary', data: pattern(8) })
    const first = slow.next().value as Frame
    const [ping] = encoder.encode({ type: 'ping', data: utf8('p') })
    expect([header(first), header(ping!), header(slow.next().value as Frame)]).toEqual([
      '---- 2:4',
      'F--- 9:1',
      'F--- 0:4',
    ])
  })

  it('takes any view and any buffer as bytes', () => {
    const memory = pattern(16)
    for (const data of [memory.buffer, new DataView(memory.buffer), new Float64Array(memory.buffer)]) {
      for (const type of ['binary', 'ping', 'pong'] as const) {
        const [one] = encode({ type, data: data as unknown as Uint8Array })
        expect(one!.payload.constructor).toBe(Uint8Array)
        expectBytes(one!.payload, memory)
      }
    }
  })

  it('gives short texts payloads that no later one writes to, also when their memory was transferred', () => {
    const encoder = new MessageEncoder()
    const texts = Array.from({ length: 400 }, (_, i) => ['x', 'é', '€', '😀'][i % 4]!.repeat((i * 37) % 350))
    const frames = texts.map((data) => [...encoder.encode({ type: 'text', data })][0]!)
    frames.forEach(({ payload }, i) => expectBytes(payload, utf8(texts[i]!)))
    for (const data of ['short', '']) {
      const { buffer } = [...encoder.encode({ type: 'text', data: 'x' })][0]!.payload
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
      expectBytes([...encoder.encode({ type: 'text', data })][0]!.payload, utf8(data))
    }
  })

  it('encodes text exactly on both sides of each threshold, ASCII or not, and wherever the first other character is', () => {
    const encoder = new MessageEncoder({ allocate: new Meter().allocate }) // its memory is full of a5
    for (const length of [0, 1, 2, 63, 64, 65, 2047, 2048, 2049, 16383, 16384, 16385, 70_000]) {
      const ascii = 'x'.repeat(length)
      const texts = ['é', '€', '\ud83d\ude00', '\ud800', '\udc00', '\u0080', '\u007f'].flatMap((other) => [
        other + ascii.slice(other.length),
        ascii.slice(other.length) + other,
        ascii.slice(0, length >> 1) + other + ascii.slice((length >> 1) + other.length),
        other.repeat(length / other.length),
      ])
      for (const data of [ascii, ...texts]) {
        const [one] = [...encoder.encode({ type: 'text', data })]
        expect(header(one!)).toBe(`F--- 1:${utf8(data).length}`)
        expectBytes(one!.payload, utf8(data))
      }
    }
  })

  it('takes memory for texts of more than 2 KiB where it is told to, exactly what ASCII needs', () => {
    const meter = new Meter()
    const encoder = new MessageEncoder({ allocate: meter.allocate })
    const encodeAll = (length: number) => [...encoder.encode({ type: 'text', data: 'x'.repeat(length) })]
    for (const length of [10, 65, 2048]) encodeAll(length)
    expect(meter.count).toBe(0)
    encodeAll(2049)
    expect([meter.count, meter.allocated]).toEqual([1, 2049])
  })

  it('makes frames whose payload may be replaced: the encoder judges what is there then', () => {
    const frames = new FrameEncoder({ role: 'server' })
    for (const payload of [sharedBytes(4), new Uint8Array(4), transferred()]) {
      const [one] = [...new MessageEncoder().encode({ type: 'text', data: 'abcd' })]
      one!.payload = payload
      if (payload.buffer instanceof ArrayBuffer && payload.length > 0) {
        expectBytes(join(frames.encode(one!)), Uint8Array.of(0x81, 4, 0, 0, 0, 0))
      } else expect(() => frames.encode(one!)).toThrow(TypeError)
    }
  })

  it('makes frames that the encoder refuses once their memory was transferred away', () => {
    for (const data of ['abcd', 'x'.repeat(100), 'x'.repeat(5000)]) {
      const [one] = [...new MessageEncoder().encode({ type: 'text', data })]
      const { buffer } = one!.payload
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
      expect(() => new FrameEncoder({ role: 'server' }).encode(one!)).toThrow(/got transferred memory$/)
    }
  })

  it('never ends a message short whose memory was transferred away between two fragments', () => {
    const data = pattern(10)
    const frames = new MessageEncoder({ fragmentSize: 4 }).encode({ type: 'binary', data })
    expect(frames.next().value!.payload).toHaveLength(4)
    structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] })
    expect(() => frames.next()).toThrow(TypeError)
  })

  it('makes whole control frames of at most 125 bytes', () => { // rule 37
    expect(encode({ type: 'ping', data: pattern(125) }, 10).map(header)).toEqual(['F--- 9:125'])
    expect(encode({ type: 'pong', data: pattern(0) }).map(header)).toEqual(['F--- 10:0'])
    for (const type of ['ping', 'pong'] as const) {
      expect(() => encode({ type, data: pattern(126) })).toThrow(RangeError)
      expect(() => encode({ type, data: pattern(126) })).toThrow(/data must be at most 125 bytes, got 126/)
    }
  })

  const wrong: [what: string, item: unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a string', 'text'],
    ['an unknown type', { type: 'blob', data: 'x' }],
    ['text that is bytes', { type: 'text', data: new Uint8Array(1) }],
    ['text that is a number', { type: 'text', data: 5 }],
    ['text that is missing', { type: 'text' }],
    ['binary that is text', { type: 'binary', data: 'x' }],
    ['binary that is a number', { type: 'binary', data: 5 }],
    ['binary that is an array', { type: 'binary', data: [1, 2] }],
    ['binary in shared memory', { type: 'binary', data: sharedBytes(2) }],
    ['a ping of a number', { type: 'ping', data: 100 }], // security.md, row 1
    ['a pong of a string', { type: 'pong', data: 'x' }],
    ['a ping of nothing', { type: 'ping' }],
  ]
  it.each(wrong)('refuses %s at once with a TypeError', (_, item) => {
    expect(() => new MessageEncoder().encode(item as Message)).toThrow(TypeError)
  })

  it.each([0, -1, 1.5, NaN, 2 ** 53, '5', null])('refuses fragmentSize %s', (fragmentSize) => {
    expect(() => new MessageEncoder({ fragmentSize: fragmentSize as number })).toThrow(RangeError)
  })
})
