// Chunks whose memory was transferred away: they look empty, and their bytes must not be lost in silence. What was looked at to its last
// byte may go.

import { describe, expect, it } from 'vitest'
import { type Frame, FrameDecoder, FrameDecoderStream, MessageDecoder } from '../support/floors.ts'
import { cutAt, expectBytes, join, pattern, utf8 } from '../support/bytes.ts'
import { catchError } from '../support/errors.ts'
import { joinParts, wire } from '../support/frames.ts'
import { sharedBytes } from '../support/shared-memory.ts'
import { closing, readAll } from '../support/streams.ts'

const away = ({ buffer }: Uint8Array): void => void structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })

const sizes = [1, 40, 100, 5000]

describe('a transferred chunk', () => {
  it.each(sizes)(
    'of a frame of %i bytes is refused with a TypeError, and changes nothing, wherever it begins',
    (size) => {
      const bytes = wire({ opcode: 2, payload: pattern(size) })
      for (const at of [0, 1, 2, 3, bytes.length - 1]) {
        for (const wholeFrameLimit of [0, 65536]) {
          const decoder = new FrameDecoder({ role: 'client', wholeFrameLimit })
          const [before, rest] = cutAt(bytes, [at])
          const frames = [...decoder.decode(before!)]
          const gone = rest!.slice()
          away(gone)
          expect(catchError(() => decoder.decode(gone))).toBeInstanceOf(TypeError)
          frames.push(...decoder.decode(rest!))
          decoder.end()
          expectBytes(joinParts(frames)[0]!.payload, pattern(size))
        }
      }
    },
  )

  it('fails a door, on both sides', async () => {
    const chunk = wire({ opcode: 1, payload: utf8('hi') })
    away(chunk)
    const door = new FrameDecoderStream({ role: 'client' })
    const write = closing(door.writable.getWriter().write(chunk))
    const { items, error } = await readAll(door.readable)
    expect([items, error]).toEqual([[], expect.any(TypeError)])
    expect(await write).toBe(error)
  })

  it('is not what is empty, of whatever memory', () => {
    for (const empty of [new Uint8Array(0), new Uint8Array(8).subarray(8), sharedBytes(0)]) {
      const decoder = new FrameDecoder({ role: 'client' })
      expect([...decoder.decode(empty)]).toEqual([])
      decoder.end()
    }
  })
})

describe('a chunk that is transferred while it is read', () => {
  it.each(sizes)('before its first frame, of %i bytes: TypeError, and the decoder stays failed', (size) => {
    const bytes = wire({ opcode: 2, payload: pattern(size) })
    for (const at of [0, 1, 2, bytes.length - 1]) {
      const decoder = new FrameDecoder({ role: 'client', wholeFrameLimit: 0 })
      const [before, rest] = cutAt(bytes, [at])
      const came = [...decoder.decode(before!)].length
      const frames = decoder.decode(rest!)
      away(rest!)
      const error = catchError(() => [...frames])
      expect(error).toBeInstanceOf(TypeError)
      expect(catchError(() => decoder.decode(bytes))).toBe(error)
      expect(catchError(() => decoder.end())).toBe(error)
      expect(came).toBeLessThanOrEqual(1)
    }
  })

  it('or shortened: TypeError rather than frames that nobody sent', () => {
    for (const length of [0, 1]) {
      const memory = Reflect.construct(ArrayBuffer, [2, { maxByteLength: 2 }]) as ArrayBuffer & {
        resize?(length: number): void
      }
      if (memory.resize === undefined) return // a platform without such memory
      const chunk = new Uint8Array(memory)
      chunk.set([0x89, 0x00])
      const frames = new FrameDecoder({ role: 'client' }).decode(chunk)
      memory.resize(length)
      expect(catchError(() => [...frames])).toBeInstanceOf(TypeError)
    }
  })

  it('with the payload of a frame that others follow: TypeError behind that frame', () => {
    const first = wire({ opcode: 2, payload: pattern(100) })
    for (const rest of [wire({ opcode: 9 }), wire({ opcode: 1, payload: utf8('second') }), Uint8Array.of(0x81)]) {
      const decoder = new FrameDecoder({ role: 'client' })
      const got: Frame[] = []
      const error = catchError(() => {
        for (const frame of decoder.decode(join([first, rest]))) {
          got.push(frame)
          away(frame.payload)
        }
      })
      expect(got.length).toBe(1)
      expect(error).toBeInstanceOf(TypeError)
      expect(catchError(() => decoder.end())).toBe(error)

      const frames = new FrameDecoder({ role: 'client' })
      const items: unknown[] = []
      const same = catchError(() => {
        for (const item of new MessageDecoder().decode(frames.decode(join([first, rest])))) {
          items.push(item)
          away((item as { data: Uint8Array }).data)
        }
      })
      expect(items.length).toBe(1)
      expect(same).toBeInstanceOf(TypeError)
    }
  })

  it('with its last payload loses nothing: the next chunk goes on, wherever the bytes are cut', () => {
    const bytes = join([wire({ opcode: 2, payload: pattern(300) }), wire({ opcode: 2, payload: pattern(300, 7) })])
    for (let at = 0; at <= bytes.length; at++) {
      const decoder = new FrameDecoder({ role: 'client', wholeFrameLimit: 0 })
      const parts: Frame[] = []
      for (const chunk of cutAt(bytes, [at])) {
        const whole = chunk.length
        let read = 0
        for (const part of decoder.decode(chunk)) {
          parts.push({ ...part, payload: part.payload.slice() })
          read = part.payload.byteOffset + part.payload.length
          if (read === whole && part.payload.buffer === chunk.buffer) away(part.payload)
        }
      }
      decoder.end()
      const [one, two] = joinParts(parts)
      expectBytes(one!.payload, pattern(300))
      expectBytes(two!.payload, pattern(300, 7))
    }
  })
})
