// A decoder that lost bytes of a message gives nothing more, whatever it was that failed; what it never took changes nothing.

import { describe, expect, it } from 'vitest'
import { type Frame, FrameDecoder, MessageDecoder, Opcode } from '../support/floors.ts'
import { expectBytes, pattern, utf8 } from '../support/bytes.ts'
import { frame, wire } from '../support/frames.ts'

const { Continuation, Text, Binary, Ping } = Opcode
const open = { fin: false }

function thrown(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return expect.unreachable('nothing was thrown')
}

describe('after an error that is not the peer’s, the decoder stays failed with it', () => {
  function expectFailed(decoder: MessageDecoder, error: unknown): void {
    expect(error).toBeInstanceOf(Error)
    for (const one of [frame(Ping), frame(Binary, pattern(3)), frame(Text, utf8('a'), open), frame(Continuation)]) {
      expect(thrown(() => decoder.decode(one))).toBe(error)
    }
    expect(thrown(() => [...decoder.decode([frame(Ping)])])).toBe(error)
    expect(thrown(() => [...decoder.decode(new FrameDecoder({ role: 'client' }).decode(wire({ opcode: 9 })))])).toBe(
      error,
    )
    expect(thrown(() => decoder.end())).toBe(error)
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
      const error = thrown(() => {
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
    const error = thrown(() => decoder.decode(frame(Continuation, pattern(3))))
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
  ]
  it.each(wrong)('%s', (_, input, kind) => {
    const decoder = new MessageDecoder()
    expect(decoder.decode(frame(Binary, pattern(3), open))).toBe(undefined)
    expect(thrown(() => decoder.decode(input as Frame))).toBeInstanceOf(kind)
    const message = decoder.decode(frame(Continuation, pattern(3, 3)))
    expectBytes((message as { data: Uint8Array }).data, pattern(6))
  })
})
