// A decoder that lost bytes of a message gives nothing more, whatever it was that failed; what it never took changes nothing.

import { describe, expect, it } from 'vitest'
import { type Frame, FrameDecoder, MessageDecoder, Opcode } from '../support/floors.ts'
import { everyCut, expectBytes, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { catchError } from '../support/errors.ts'
import { frame, wire } from '../support/frames.ts'

const { Continuation, Text, Binary, Ping } = Opcode
const open = { fin: false }

describe('after an error that is not the peer’s, the decoder stays failed with it', () => {
  function expectFailed(decoder: MessageDecoder, error: unknown): void {
    expect(error).toBeInstanceOf(Error)
    for (const one of [frame(Ping), frame(Binary, pattern(3)), frame(Text, utf8('a'), open), frame(Continuation)]) {
      expect(catchError(() => decoder.decode(one))).toBe(error)
    }
    expect(catchError(() => [...decoder.decode([frame(Ping)])])).toBe(error)
    expect(catchError(() => [...decoder.decode(new FrameDecoder({ role: 'client' }).decode(wire({ opcode: 9 })))]))
      .toBe(
        error,
      )
    expect(catchError(() => decoder.end())).toBe(error)
  }

  for (const opcode of [Text, Binary]) {
    it.each([1, 2, 3])(`memory for ${opcode === Text ? 'a text' : 'bytes'} is refused at call %i`, (failing) => {
      let calls = 0
      const allocate = (length: number): Uint8Array => {
        if (++calls === failing) throw new RangeError('over budget')
        return new Uint8Array(length)
      }
      const decoder = new MessageDecoder({ allocate })
      const part = new Uint8Array(600).fill(65)
      const error = catchError(() => {
        decoder.decode(frame(opcode, part, open))
        for (let i = 0; i < 5; i++) decoder.decode(frame(Continuation, part, open))
        decoder.decode(frame(Continuation, part))
      })
      expect(error).toMatchObject({ message: 'over budget' })
      expectFailed(decoder, error)
    })
  }

  it('the memory of a kept part was transferred', () => {
    const decoder = new MessageDecoder()
    const first = frame(Binary, pattern(5000), open)
    decoder.decode(first)
    structuredClone(first.payload, { transfer: [first.payload.buffer as ArrayBuffer] })
    const error = catchError(() => decoder.decode(frame(Continuation, pattern(3))))
    expect(error).toBeInstanceOf(TypeError)
    expectFailed(decoder, error)
  })
})

describe('what is no frame, or no whole control frame, changes nothing', () => {
  const wrong: [string, unknown, ErrorConstructor][] = [
    ['nothing', undefined, TypeError],
    ['a frame without lengths', { fin: true, opcode: Binary, payload: pattern(3) }, TypeError],
    ['a payload beyond its length', frame(Continuation, pattern(3), { payloadLength: 2 }), TypeError],
    ['a part of a ping', frame(Ping, pattern(1), { payloadLength: 2 }), TypeError],
    ['a list', [frame(Continuation, pattern(3))], TypeError],
    ['what decodes to frames', new FrameDecoder({ role: 'client' }), TypeError],
  ]
  it.each(wrong)('%s', (_, input, kind) => {
    const decoder = new MessageDecoder()
    expect(decoder.decode(frame(Binary, pattern(3), open))).toBe(undefined)
    expect(catchError(() => [...decoder.decode([input as Frame])])).toBeInstanceOf(kind)
    const message = decoder.decode(frame(Continuation, pattern(3, 3)))
    expectBytes((message as { data: Uint8Array }).data, pattern(6))
  })
})

describe('parts of a frame', () => {
  const part = (offset: number, length: number, more: Partial<Frame> = {}) =>
    frame(Binary, pattern(length, offset), { payloadLength: 100, offset, ...more })
  const wrong: [name: string, before: Frame[], input: Frame][] = [
    ['the first is missing', [], part(40, 60)],
    ['one in the middle is missing', [part(0, 40)], part(60, 40)],
    ['one comes twice', [part(0, 40)], part(0, 40)],
    ['one overlaps', [part(0, 40)], part(39, 61)],
    ['one is of a longer frame', [part(0, 40)], part(40, 60, { payloadLength: 101 })],
    ['one is of another type', [part(0, 40)], part(40, 60, { opcode: Text })],
    ['a whole frame comes between', [part(0, 40)], frame(Binary, pattern(5))],
    ['an empty frame comes between', [part(0, 0)], frame(Continuation)],
  ]

  it.each(wrong)('%s: RangeError, and nothing is lost', (_, before, input) => {
    const ways = [
      (decoder: MessageDecoder, one: Frame) => decoder.decode(one),
      (decoder: MessageDecoder, one: Frame) => [...decoder.decode([one])],
    ]
    for (const decode of ways) {
      const decoder = new MessageDecoder()
      for (const one of before) decoder.decode(one)
      expect(catchError(() => decode(decoder, input))).toBeInstanceOf(RangeError)
      const came = before.reduce((sum, { payload }) => sum + payload.length, 0)
      const message = decoder.decode(part(came, 100 - came))
      expectBytes((message as { data: Uint8Array }).data, pattern(100))
    }
  })

  it('may have control frames between them', () => {
    const decoder = new MessageDecoder()
    expect(decoder.decode(part(0, 40))).toBe(undefined)
    expect(decoder.decode(frame(Ping, pattern(3)))?.type).toBe('ping')
    expect(decoder.decode(part(40, 60))?.type).toBe('binary')
  })

  it('follow each other as the frame decoder gives them, at every cut', () => {
    const bytes = join([
      wire({ opcode: 1, payload: utf8('Grüße'), fin: false }),
      wire({ opcode: 0, payload: utf8('!') }),
    ])
    for (const chunks of [...everyCut(bytes), oneByOne(bytes)]) {
      const [frames, others] = [0, 1].map(() => new FrameDecoder({ role: 'client', wholeFrameLimit: 0 }))
      const decoder = new MessageDecoder()
      const mixed = new MessageDecoder()
      const got: unknown[] = []
      chunks.forEach((chunk, i) => {
        for (const one of frames!.decode(chunk.slice())) got.push(decoder.decode(one))
        // A frame that was begun one way may go on another way.
        if (i % 2 === 0) got.push(...mixed.decode(others!.decode(chunk.slice())))
        else for (const one of others!.decode(chunk.slice())) got.push(mixed.decode(one))
      })
      const text = { type: 'text', data: 'Grüße!' }
      expect(got.filter((item) => item !== undefined)).toEqual([text, text])
    }
  })
})
