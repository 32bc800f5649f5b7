// Opcodes, status codes and the table of errors.

import { describe, expect, it } from 'vitest'
import {
  isControl,
  isSendableStatusCode,
  Opcode,
  ProtocolError,
  type ProtocolErrorCode,
  StatusCode,
} from '../support/floors.ts'
import { isOpcode } from '../../src/values/opcode.ts'

describe('opcodes', () => {
  it('are those of RFC 6455 §5.2, and no other number is one', () => { // rule 28
    const defined = [...Array(256).keys()].filter(isOpcode)
    expect(defined).toEqual([0, 1, 2, 8, 9, 10])
    expect(Object.values(Opcode)).toEqual(defined)
    expect([-1, 1.5, NaN].filter(isOpcode)).toEqual([])
  })

  it('with the highest bit of four are control frames', () => {
    expect(Object.values(Opcode).filter(isControl)).toEqual([8, 9, 10])
  })
})

describe('status codes', () => {
  it('from 0 to 5000 may be sent exactly as the table says', () => { // rule 52
    const may: [from: number, to: number][] = [[1000, 1003], [1007, 1014], [3000, 4999]]
    const wanted = may.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
    expect([...Array(5001).keys()].filter(isSendableStatusCode)).toEqual(wanted)
    for (const code of [-1, 65535, 1000.5, NaN, Infinity, '1000']) {
      expect(isSendableStatusCode(code as number)).toBe(false)
    }
  })

  it('with a name may all be sent, except the two that never are', () => {
    const refused = Object.entries(StatusCode).filter(([, code]) => !isSendableStatusCode(code)).map(([name]) => name)
    expect(refused).toEqual(['NoStatusReceived', 'AbnormalClosure'])
  })
})

describe('ProtocolError', () => {
  // Public names: users switch over them. A change here is a breaking change.
  const table: Partial<Record<ProtocolErrorCode, [statusCode: number, section: string]>> = {
    'unexpected-mask': [1002, '§5.1'],
    'missing-mask': [1002, '§5.1'],
    'reserved-bits': [1002, '§5.2'],
    'unknown-opcode': [1002, '§5.2'],
    'length-not-minimal': [1002, '§5.2'],
    'length-top-bit': [1002, '§5.2'],
    'length-too-large': [1009, '§5.2'],
    'frame-too-big': [1009, '§10.4'],
    'control-too-long': [1002, '§5.5'],
    'control-fragmented': [1002, '§5.5'],
    'unexpected-end': [1006, '§7.1.4'],
    'unexpected-continuation': [1002, '§5.4'],
    'expected-continuation': [1002, '§5.4'],
    'invalid-utf8': [1007, '§8.1'],
    'message-too-big': [1009, '§10.4'],
    'close-body-too-short': [1002, '§5.5.1'],
    'invalid-status-code': [1002, '§7.4'],
  }

  it.each(Object.entries(table))('%s has its status code and section', (code, [statusCode, section]) => {
    const cause = new Error('why')
    const error = new ProtocolError(code as ProtocolErrorCode, 'Cannot test: something', { cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'ProtocolError', code, statusCode, section: `RFC 6455 ${section}`, cause })
    expect(`${error}`).toBe('ProtocolError: Cannot test: something')
    expect(isSendableStatusCode(statusCode) || statusCode === 1006).toBe(true)
  })
})
