// Who owns which bytes: what is written to, what is shared, what is copied.

import { describe, expect, it } from 'vitest'
import { FrameDecoder, FrameEncoder, Opcode, type Role } from '../support/floors.ts'
import { LEND_FROM } from '../../src/frame/planned-frame.ts'
import { cutAt, expectBytes, hex, join, pattern } from '../support/bytes.ts'
import { decodeAll, frame, wire } from '../support/frames.ts'
import { Meter } from '../support/work.ts'

/** Node's Buffer, or what is like it where there is none: a Uint8Array whose slice() is no copy. */
const NodeBuffer = typeof Buffer === 'undefined'
  ? class extends Uint8Array {
    override slice(start?: number, end?: number) {
      return this.subarray(start, end) as Uint8Array<ArrayBuffer>
    }
  }
  : Buffer
const key = hex('37 fa 21 3d')
const bytesOf = (payload: Uint8Array, opcode = 2) => wire({ opcode, payload, key })

describe('decoding', () => {
  it('takes the chunk over: unmasks in place and gives views of it', () => {
    const chunk = bytesOf(pattern(100))
    const [one] = decodeAll(new FrameDecoder({ role: 'server' }), [chunk])
    expect(one!.payload.buffer).toBe(chunk.buffer)
    expectBytes(chunk.subarray(6), pattern(100))
  })

  it('writes to nothing but the payloads in the chunk', () => {
    const memory = pattern(400)
    const bytes = bytesOf(pattern(100))
    memory.set(bytes, 50)
    const before = memory.slice()
    before.set(pattern(100), 56)
    decodeAll(new FrameDecoder({ role: 'server', wholeFrameLimit: 0 }), [memory.subarray(50, 50 + bytes.length)])
    expectBytes(memory, before)
  })

  it('with copy leaves the chunk as it is and gives payloads of their own', () => {
    for (const limit of [0, 1000]) {
      const chunks = cutAt(join([bytesOf(pattern(300)), bytesOf(pattern(5), 9)]), [50, 200])
      const before = chunks.map((chunk) => chunk.slice())
      const frames = decodeAll(new FrameDecoder({ role: 'server', copy: true, wholeFrameLimit: limit }), chunks)
      chunks.forEach((chunk, i) => expectBytes(chunk, before[i]!))
      for (const chunk of chunks) chunk.fill(0)
      expectBytes(join(frames.map(({ payload }) => payload)), join([pattern(300), pattern(5)]))
      for (const { payload } of frames) {
        expect(chunks.some((chunk) => chunk.buffer === payload.buffer)).toBe(false)
        expect(payload.buffer.byteLength).toBe(payload.length)
      }
    }
  })

  it('keeps no chunk: one that was reused by its owner after it was read changes nothing', () => {
    const bytes = join([bytesOf(pattern(60)), bytesOf(pattern(200))])
    const block = new Uint8Array(10)
    const decoder = new FrameDecoder({ role: 'server', copy: true })
    const payloads: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += 10) {
      block.set(bytes.subarray(at, at + 10))
      for (const { payload } of decoder.decode(block.subarray(0, Math.min(10, bytes.length - at)))) {
        payloads.push(payload)
      }
    }
    expectBytes(join(payloads), join([pattern(60), pattern(200)]))
  })

  it('gives a frame that was cut across chunks an exact array of its own', () => {
    const chunks = cutAt(bytesOf(pattern(300)), [100])
    const meter = new Meter()
    const [one] = decodeAll(new FrameDecoder({ role: 'server', allocate: meter.allocate }), chunks)
    expect(one!.payload.buffer.byteLength).toBe(300)
    expect(meter.allocated).toBe(300)
    expect(chunks.some((chunk) => chunk.buffer === one!.payload.buffer)).toBe(false)
  })

  it('of Buffers never gives Buffers, whose slice() is no copy', () => {
    for (const [limit, copy] of [[0, false], [1000, false], [0, true], [1000, true]] as const) {
      const pieces = cutAt(join([bytesOf(pattern(300)), bytesOf(pattern(3), 9)]), [30])
      const buffers = pieces.map((piece) => NodeBuffer.from(piece))
      const frames = decodeAll(new FrameDecoder({ role: 'server', wholeFrameLimit: limit, copy }), buffers)
      for (const { payload } of frames) expect(payload.constructor).toBe(Uint8Array)
      expectBytes(join(frames.map(({ payload }) => payload)), join([pattern(300), pattern(3)]))
      if (copy) expectBytes(join(buffers), join(pieces))
    }
  })
})

describe.each(['client', 'server'] as const)('encoding as a %s', (role: Role) => {
  const sizes = [0, 1, 31, 32, 100, 1024, LEND_FROM - 1, LEND_FROM, 16384, 16385, 70_000]

  it('never writes to a payload, nor through what it gives out as long as that was copied', () => {
    for (const size of sizes) {
      const memory = pattern(size + 20)
      const payload = memory.subarray(10, 10 + size)
      const chunks = new FrameEncoder({ role }).encode([frame(Opcode.Binary, payload), frame(Opcode.Binary, payload)])
      expectBytes(memory, pattern(size + 20))
      for (const chunk of chunks) if (chunk.buffer !== memory.buffer) chunk.fill(0)
      expectBytes(memory, pattern(size + 20))
    }
  })

  it(role === 'server' ? 'lends payloads of 4 KiB and more, uncopied, behind their headers' : 'lends nothing', () => {
    for (const size of sizes) {
      const payload = pattern(size)
      const chunks = new FrameEncoder({ role }).encode([
        frame(Opcode.Ping),
        frame(Opcode.Binary, payload),
        frame(Opcode.Pong),
      ])
      const lent = chunks.filter(({ buffer }) => buffer === payload.buffer)
      expect(lent.length).toBe(role === 'server' && size >= LEND_FROM ? 1 : 0)
      expect(chunks.length).toBe(lent.length === 1 ? 3 : 1)
      if (lent.length === 1) expect([lent[0]!.byteOffset, lent[0]!.length]).toEqual([0, size])
    }
  })

  it('gives chunks that share no ArrayBuffer with any other one, now or later', () => {
    const encoder = new FrameEncoder({ role })
    const seen = new Set<ArrayBufferLike>()
    for (let i = 0; i < 300; i++) {
      const frames = [
        frame(Opcode.Binary, pattern(i)),
        frame(Opcode.Binary, pattern(16_300 + i)),
        frame(Opcode.Ping, pattern(i % 126)),
      ]
      for (const { buffer } of i % 2 === 0 ? encoder.encode(frames) : frames.flatMap((one) => encoder.encode(one))) {
        expect(seen.has(buffer)).toBe(false)
        seen.add(buffer)
      }
    }
  })

  it('goes on when a byte stream has transferred what was given', () => {
    const encoder = new FrameEncoder({ role, insecureMaskingKeys: () => 0x01020304 })
    const expected = join(encoder.encode(frame(Opcode.Text, pattern(50))))
    for (let i = 0; i < 3; i++) {
      const chunks = encoder.encode(frame(Opcode.Text, pattern(50)))
      expectBytes(join(chunks), expected)
      for (const { buffer } of chunks) structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
    }
  })

  it('judges what is there once all frames were given: a generator may transfer or encode something meanwhile', () => {
    for (const size of sizes) {
      const encoder = new FrameEncoder({ role })
      const transferring = function* () {
        const payload = pattern(size)
        yield frame(Opcode.Binary, payload)
        structuredClone(payload.buffer, { transfer: [payload.buffer as ArrayBuffer] })
        yield frame(Opcode.Text, pattern(2))
      }
      expect(() => encoder.encode(transferring())).toThrow(/transferred memory/)
      const opening = function* () {
        yield frame(Opcode.Binary, pattern(2))
        encoder.encode({ ...frame(Opcode.Binary, pattern(size)), payloadLength: size + 1 })
      }
      expect(() => encoder.encode(opening())).toThrow(RangeError) // it belongs behind the long frame's end
      const rest = encoder.encode({ ...frame(Opcode.Binary, pattern(1)), payloadLength: size + 1, offset: size })
      expect(join(rest)).toHaveLength(1)
    }
  })

  it('takes Buffers and makes none: only one that is lent is handed on, as its owner gave it', () => {
    for (const size of sizes) {
      const payload = NodeBuffer.from(pattern(size))
      for (const chunk of new FrameEncoder({ role }).encode(frame(Opcode.Binary, payload))) {
        if (chunk !== payload) expect(chunk.constructor).toBe(Uint8Array)
        else expect([role, size >= LEND_FROM]).toEqual(['server', true])
      }
    }
  })
})
