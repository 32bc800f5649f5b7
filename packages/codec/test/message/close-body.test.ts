// Close frames: their bodies and status codes, both ways.

import { describe, expect, it } from 'vitest'
import {
  type Control,
  isSendableStatusCode,
  MessageDecoder,
  MessageEncoder,
  Opcode,
  ProtocolError,
} from '../support/floors.ts'
import { decodeCloseBody, encodeCloseBody } from '../../src/message/close-body.ts'
import { expectBytes, hex, join, utf8 } from '../support/bytes.ts'
import { frame } from '../support/frames.ts'

const body = (code: number, reason: Uint8Array = new Uint8Array(0)) => join([Uint8Array.of(code >> 8, code), reason])
const decode = (payload: Uint8Array) => new MessageDecoder().decode(frame(Opcode.Close, payload))
const encode = (item: object) => [...new MessageEncoder().encode({ type: 'close', ...item } as Control)][0]!.payload

describe('a Close body', () => { // rules 38, 48, 49
  it('may be missing', () => {
    expect(decode(new Uint8Array(0))).toEqual({ type: 'close', reason: '' })
    expect(encode({ reason: '' }).length).toBe(0)
  })

  it.each([['', 1000], ['bye', 1001], ['Grüße 😀', 3000], ['\ufeffx', 4999], ['x'.repeat(123), 1011]])(
    '%s with code %i',
    (reason, statusCode) => {
      const payload = body(statusCode, utf8(reason))
      expect(decode(payload)).toEqual({ type: 'close', statusCode, reason })
      expectBytes(encode({ statusCode, reason }), payload)
    },
  )

  it('of one byte is refused', () => {
    expect(() => decode(hex('03'))).toThrow(ProtocolError)
    expect(() => decode(hex('03'))).toThrow('Cannot decode Close frame: a body must be at least 2 bytes, got 1')
    expect(() => decodeCloseBody(hex('03'))).toThrow(
      expect.objectContaining({ code: 'close-body-too-short', statusCode: 1002 }),
    )
  })

  it('has a reason in UTF-8', () => {
    for (
      const [bytes, says] of [['ff', '0xff at byte 0'], ['61 c3', 'the end inside a character at byte 2'], [
        'ed a0 80',
        '0xa0 at byte 1',
      ]]
    ) {
      const act = () => decode(body(1000, hex(bytes!)))
      expect(act).toThrow(`Cannot decode Close frame: text must be UTF-8, got ${says}`)
      expect(act).toThrow(expect.objectContaining({ code: 'invalid-utf8', statusCode: 1007, section: 'RFC 6455 §8.1' }))
    }
  })

  it('has a status code of the table, from 0 to 5000 and at the end, both ways', () => { // rule 52
    for (let statusCode = 0; statusCode <= 5001; statusCode++) {
      const code = statusCode === 5001 ? 65535 : statusCode
      if (isSendableStatusCode(code)) {
        expect(decodeCloseBody(body(code))).toEqual({ statusCode: code, reason: '' })
        expectBytes(encodeCloseBody({ statusCode: code, reason: '' }), body(code))
        continue
      }
      expect(() => decodeCloseBody(body(code))).toThrow(expect.objectContaining({
        code: 'invalid-status-code',
        statusCode: 1002,
        message:
          `Cannot decode Close frame: status code must be 1000 to 1003, 1007 to 1014 or 3000 to 4999, got ${code}`,
      }))
      expect(() => encodeCloseBody({ statusCode: code, reason: '' })).toThrow(RangeError)
    }
  })
})

describe('what cannot be sent in a Close frame', () => {
  it('a code that is no status code', () => {
    for (const statusCode of [-1, 1000.5, NaN, 70_000, '1000', null]) {
      expect(() => encode({ statusCode, reason: '' })).toThrow(RangeError)
    }
  })

  it('a reason of more than 123 bytes, or without a code', () => {
    expect(() => encode({ statusCode: 1000, reason: 'x'.repeat(124) })).toThrow(/at most 123 bytes of UTF-8, got 124/)
    expect(() => encode({ statusCode: 1000, reason: 'é'.repeat(62) })).toThrow(RangeError)
    expect(() => encode({ reason: 'why' })).toThrow(/a reason needs a status code/)
  })

  it('a reason that is no string', () => { // security.md, row 6
    for (const reason of [undefined, null, 5, new Uint8Array(5), new ArrayBuffer(5), ['x']]) {
      expect(() => encode({ statusCode: 1000, reason })).toThrow(TypeError)
    }
  })

  it('lone surrogates go out as U+FFFD', () => {
    expectBytes(encode({ statusCode: 1000, reason: '\ud800' }), body(1000, utf8('\ufffd')))
  })

  it('each body is a fresh array', () => {
    expect(encodeCloseBody({ reason: '' })).not.toBe(encodeCloseBody({ reason: '' }))
  })
})
