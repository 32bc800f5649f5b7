// UTF-8 as RFC 3629 has it, judged at the first wrong byte, wherever the bytes are cut.

import { describe, expect, it } from 'vitest'
import { MessageDecoder, Opcode, ProtocolError } from '../support/floors.ts'
import { Utf8Validator } from '../../src/message/utf8.ts'
import { everyCut, hex, join, oneByOne, utf8 } from '../support/bytes.ts'
import { frame } from '../support/frames.ts'
import { forSeeds } from '../support/random.ts'
import { countReads } from '../support/work.ts'

const platform = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const accepts = (bytes: Uint8Array): boolean => {
  try {
    platform.decode(bytes)
    return true
  } catch {
    return false
  }
}

/** The place of the first wrong byte; the length where it ends inside a character; −1 where all is well. */
function judge(chunks: Iterable<Uint8Array>): number {
  const validator = new Utf8Validator()
  let before = 0
  for (const chunk of chunks) {
    const at = validator.push(chunk)
    if (at >= 0) return before + at
    before += chunk.length
  }
  return validator.complete ? -1 : before
}

/** The same by the platform: the shortest prefix that no continuation can mend. Slow, and nobody's code but the platform's. */
function judgeByPlatform(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  for (let i = 0; i < bytes.length; i++) {
    try {
      decoder.decode(bytes.subarray(i, i + 1), { stream: true })
    } catch {
      return i
    }
  }
  try {
    decoder.decode()
    return -1
  } catch {
    return bytes.length
  }
}

describe('the validator', () => { // rule 42
  it('accepts every code point and refuses every surrogate', () => {
    let validator = new Utf8Validator()
    for (let point = 0; point <= 0x10ffff; point++) {
      const surrogate = point >= 0xd800 && point <= 0xdfff
      const bytes = surrogate
        ? Uint8Array.of(0xed, 0x80 | ((point >> 6) & 63), 0x80 | (point & 63))
        : utf8(String.fromCodePoint(point))
      const at = validator.push(bytes)
      if (at !== (surrogate ? 1 : -1)) expect.unreachable(`U+${point.toString(16)}: ${at}`)
      if (surrogate) validator = new Utf8Validator()
      else if (!validator.complete) expect.unreachable(`U+${point.toString(16)} is not complete`)
    }
  })

  it('judges every pair of bytes as the platform does, and every sequence at the borders of its ranges', () => {
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        const bytes = Uint8Array.of(a, b)
        if ((judge([bytes]) === -1) !== accepts(bytes)) expect.unreachable(`${a} ${b}`)
      }
    }
    const leads = [
      0x00,
      0x7f,
      0x80,
      0xbf,
      0xc0,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xe1,
      0xec,
      0xed,
      0xee,
      0xef,
      0xf0,
      0xf1,
      0xf3,
      0xf4,
      0xf5,
      0xf7,
      0xf8,
      0xfc,
      0xfe,
      0xff,
    ]
    const nexts = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
    for (const a of leads) {
      for (const b of nexts) {
        for (const c of nexts) {
          for (const d of nexts) {
            const bytes = Uint8Array.of(a, b, c, d)
            if ((judge([bytes]) === -1) !== accepts(bytes)) expect.unreachable(`${[a, b, c, d]}`)
          }
        }
      }
    }
  })

  const wrong: [what: string, bytes: string, at: number][] = [
    ['a continuation byte alone', '80', 0],
    ['overlong in two bytes', 'c0 80', 0],
    ['overlong in two bytes, C1', 'c1 bf', 0],
    ['overlong in three bytes', 'e0 9f bf', 1],
    ['overlong in four bytes', 'f0 8f bf bf', 1],
    ['the first surrogate', 'ed a0 80', 1],
    ['the last surrogate', 'ed bf bf', 1],
    ['above U+10FFFF', 'f4 90 80 80', 1],
    ['a lead that never was', 'f5 80 80 80', 0],
    ['FE', 'fe', 0],
    ['FF', 'ff', 0],
    ['two bytes, the second missing', 'c3 41', 1],
    ['three bytes, the third missing', 'e2 82 41', 2],
    ['four bytes, the fourth missing', 'f0 9f 98 41', 3],
    ['a lead inside a character', 'e2 c3 a4', 1],
    ['the end in a character', 'f0 9f 98', 3],
    ['the end after a lead', 'c3', 1],
    ["RFC 6455 autobahn's favourite", 'ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64', 12],
  ]
  it.each(wrong)('names the first wrong byte: %s', (_, text, at) => {
    const bytes = hex(text)
    expect(judgeByPlatform(bytes)).toBe(at)
    for (const before of [utf8(''), utf8('plain text of some length, then '), utf8('äöü😀')]) {
      const all = join([before, bytes])
      expect(judge([all])).toBe(before.length + at)
      expect(judge(oneByOne(all))).toBe(before.length + at)
      for (const chunks of everyCut(all)) expect(judge(chunks)).toBe(before.length + at)
    }
  })

  it('sees one byte that is not ASCII at each place of a text that is', () => { // which is skipped in steps
    for (const ascii of [0x00, 0x7f]) {
      for (const wrong of [0x80, 0xff]) {
        for (let at = 0; at < 20; at++) {
          const bytes = new Uint8Array(20).fill(ascii)
          bytes[at] = wrong
          expect(judge([bytes])).toBe(at)
        }
      }
    }
  })

  it('agrees with the platform on random bytes and on damaged text, cut anywhere', () => {
    forSeeds(1500, (random) => {
      const bytes = random.chance(0.3) ? random.bytes(random.below(12)) : utf8(
        Array.from(
          { length: random.below(30) },
          () => random.pick(['a', 'plain ', 'ü', '€', '😀', '\u0000', '\u{10ffff}', '\ufeff']),
        ).join(''),
      )
      if (bytes.length > 0 && random.chance(0.7)) bytes[random.below(bytes.length)] = random.below(256)
      const expected = judgeByPlatform(bytes)
      expect(expected === -1).toBe(accepts(bytes))
      for (const chunks of [[bytes], oneByOne(bytes), ...everyCut(bytes)]) expect(judge(chunks)).toBe(expected)
    })
  })

  it('reads each byte a few times, however the bytes drip', () => { // law 2
    for (const text of ['a'.repeat(8000), 'ü'.repeat(4000), 'plain ü€😀'.repeat(500)]) {
      const { bytes, reads } = countReads(utf8(text))
      expect(judge([bytes])).toBe(-1)
      expect(reads()).toBeLessThanOrEqual(5 * bytes.length)
      const dripped = oneByOne(utf8(text)).map(countReads)
      expect(judge(dripped.map((one) => one.bytes))).toBe(-1)
      expect(dripped.reduce((sum, one) => sum + one.reads(), 0)).toBeLessThanOrEqual(5 * bytes.length)
    }
  })
})

describe('text messages', () => {
  const wrong: [bytes: string, at: number, says: string][] = [
    ['61 62 ff 63', 2, '0xff at byte 2'],
    ['61 ed a0 80', 2, '0xa0 at byte 2'],
    ['61 c3', 2, 'the end inside a character at byte 2'],
  ]
  const { Text, Continuation } = Opcode

  /** Decodes frame by frame; how many were taken before the violation, and it. */
  function fail(frames: ReturnType<typeof frame>[]): { taken: number; error: ProtocolError } {
    const decoder = new MessageDecoder()
    for (const [taken, one] of frames.entries()) {
      try {
        decoder.decode(one)
      } catch (error) {
        return { taken, error: error as ProtocolError }
      }
    }
    return expect.unreachable('no error')
  }

  it.each(wrong)(
    '%s fails with 1007 and the place, the same in one frame, in fragments and in parts',
    (text, at, says) => { // rule 42
      const bytes = hex(text)
      const message = `Cannot decode message: text must be UTF-8, got ${says}`
      const whole = fail([frame(Text, bytes)])
      expect(whole.error).toMatchObject({
        name: 'ProtocolError',
        code: 'invalid-utf8',
        statusCode: 1007,
        section: 'RFC 6455 §8.1',
        message,
      })
      const fragments = oneByOne(bytes).map((byte, i) =>
        frame(i === 0 ? Text : Continuation, byte, { fin: i === bytes.length - 1 })
      )
      const parts = oneByOne(bytes).map((payload, offset) =>
        frame(Text, payload, { offset, payloadLength: bytes.length })
      )
      for (const frames of [fragments, parts]) {
        const { taken, error } = fail(frames)
        expect(error.message).toBe(message)
        expect(taken).toBe(Math.min(at, bytes.length - 1)) // at the first wrong byte, not at the end
      }
    },
  )

  it('fail inside a frame whose rest has not come, and in a fragment that is not the last', () => {
    const { error } = fail([frame(Text, hex('ff'), { payloadLength: 1_000_000 })])
    expect(error.code).toBe('invalid-utf8')
    expect(fail([frame(Text, hex('41 c3'), { fin: false }), frame(Continuation, hex('28'), { fin: false })]).taken)
      .toBe(1)
  })

  it('may not end inside a character, though the last fragment is empty', () => {
    for (const bytes of ['c3', '41 e4 b8', 'f0 9f 98']) {
      const { error, taken } = fail([frame(Text, hex(bytes), { fin: false }), frame(Continuation, hex(''))])
      expect([error.code, taken]).toEqual(['invalid-utf8', 1])
    }
  })

  it('may be cut inside a character by frames and by parts', () => {
    const text = 'κόσμε 世界 😀'
    const bytes = utf8(text)
    for (let at = 0; at <= bytes.length; at++) {
      const [a, b] = [bytes.slice(0, at), bytes.slice(at)]
      const decoder = new MessageDecoder()
      decoder.decode(frame(Text, a, { fin: false }))
      expect(decoder.decode(frame(Continuation, b))).toEqual({ type: 'text', data: text })
      decoder.decode(frame(Text, a, { payloadLength: bytes.length }))
      if (at < bytes.length) {
        const last = frame(Text, b, { payloadLength: bytes.length, offset: at })
        expect(decoder.decode(last)).toEqual({ type: 'text', data: text })
      }
    }
  })

  it('are not spoiled by the message before: a cut character is forgotten with its message', () => {
    const decoder = new MessageDecoder()
    decoder.decode(frame(Text, hex('f0 9f 98'), { fin: false }))
    expect(decoder.decode(frame(Continuation, hex('80')))).toEqual({ type: 'text', data: '😀' })
    expect(decoder.decode(frame(Text, hex('41'), { fin: false }))).toBe(undefined)
    expect(decoder.decode(frame(Continuation, hex('42')))).toEqual({ type: 'text', data: 'AB' })
  })

  it('keep a leading U+FEFF, in one frame and in many', () => { // RFC 6455 knows no byte order mark
    const decoder = new MessageDecoder()
    const bytes = utf8('\ufeffmark')
    expect(decoder.decode(frame(Text, bytes))).toEqual({ type: 'text', data: '\ufeffmark' })
    decoder.decode(frame(Text, bytes.slice(0, 2), { fin: false }))
    expect(decoder.decode(frame(Continuation, bytes.slice(2)))).toEqual({ type: 'text', data: '\ufeffmark' })
  })

  it('binary messages are not judged', () => {
    const decoder = new MessageDecoder()
    expect(decoder.decode(frame(Opcode.Binary, hex('ff fe')))?.type).toBe('binary')
    decoder.decode(frame(Opcode.Binary, hex('ff'), { fin: false }))
    expect(decoder.decode(frame(Continuation, hex('fe')))?.type).toBe('binary')
  })
})
