import { describe, expect, test } from 'vitest'
import {
  checkText,
  equalsIgnoringCase,
  fieldValues,
  hasField,
  isToken,
  listElements,
  listIncludes,
  quote,
  toExtraFields,
  toFields,
  trimWhitespace,
} from '../../src/handshake/fields.ts'
import { catchError } from '../support/errors.ts'

/** Whether a text can stand in a field's value. */
function isFieldText(text: string): boolean {
  try {
    checkText(text, 'text', 'Cannot')
    return true
  } catch {
    return false
  }
}

const fields = [['X-A', '1'], ['x-a', '2'], ['__proto__', 'p'], ['constructor', 'c']] as const

describe('asking', () => {
  test('names are compared without case and values keep their order', () => {
    expect(fieldValues(fields, 'X-a')).toEqual(['1', '2'])
    expect(hasField(fields, 'x-A')).toBe(true)
  })

  // security.md, row 2
  test("names of an object's own machinery are names like any other", () => {
    expect(fieldValues(fields, '__proto__')).toEqual(['p'])
    expect(fieldValues(fields, 'constructor')).toEqual(['c'])
    for (const name of ['toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']) {
      expect(hasField(fields, name)).toBe(false)
      expect(fieldValues(fields, name)).toEqual([])
    }
  })

  test('only ASCII letters have a case: the Kelvin sign is no k', () => {
    expect(equalsIgnoringCase('WebSocKet', 'websocket')).toBe(true)
    expect(equalsIgnoringCase('websoc\u212Aet', 'websocket')).toBe(false)
    expect(equalsIgnoringCase('\u0130', 'i\u0307')).toBe(false)
    // They differ as letters do, by 0x20: on both sides of the letters, and beyond ASCII.
    for (const [a, b] of ['@`', '[{', '^~', '\r-', '\u00c9\u00e9']) expect(equalsIgnoringCase(a!, b!)).toBe(false)
  })

  test('a list may be spread over lines, with empty elements and white space (RFC 9110 §5.6.1)', () => {
    expect(listElements([' keep-alive ,\tUpgrade,, ', '', 'x'])).toEqual(['keep-alive', 'Upgrade', 'x'])
    expect(listIncludes([['Connection', 'keep-alive'], ['connection', 'x, UPGRADE']], 'Connection', 'upgrade')).toBe(
      true,
    )
    expect(listIncludes([['Connection', 'upgrades, not-upgrade, up grade']], 'Connection', 'upgrade')).toBe(false)
  })

  test('only spaces and tabs are white space', () => {
    expect(trimWhitespace(' \t a b \t')).toBe('a b')
    for (const other of ['\u00a0', '\u2003', '\n', '\v', '\r']) {
      expect(trimWhitespace(`${other}a${other}`)).toBe(`${other}a${other}`)
    }
    expect(trimWhitespace('  ')).toBe('')
  })

  test('a token is what RFC 9110 §5.6.2 says, for each of the first 256 characters', () => {
    const separators = '()<>@,;:\\"/[]?={} \t'
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code)
      expect([code, isToken(`a${character}`)]).toEqual([
        code,
        code > 0x20 && code < 0x7f && !separators.includes(character),
      ])
      expect([code, isFieldText(character)]).toEqual([code, code === 9 || (code > 0x1f && code !== 0x7f)])
    }
    expect(isToken('')).toBe(false)
    expect(isToken('a\n')).toBe(false)
    expect(isFieldText('a\n')).toBe(false)
  })
})

describe('toFields', () => {
  test('takes pairs, a Map, a Headers object and a plain object', () => {
    const pairs = [['X-B', '1'], ['x-A', '2'], ['X-B', '3']] as const
    expect(toFields(pairs, 'Cannot')).toEqual(pairs)
    expect(toFields(new Map([['X-B', '1']]), 'Cannot')).toEqual([['X-B', '1']])
    expect(toFields(new Headers({ 'X-B': '1' }), 'Cannot')).toEqual([['x-b', '1']])
    expect(toFields({ 'X-B': '1', 'x-A': '2' }, 'Cannot')).toEqual([['X-B', '1'], ['x-A', '2']])
    expect(toFields(undefined, 'Cannot')).toEqual([])
  })

  test('takes a field called __proto__ from JSON as what it is (security.md, row 2)', () => {
    const init = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>
    expect(toFields(init, 'Cannot')).toEqual([['__proto__', 'x'], ['constructor', 'y']])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  // security.md, row 12
  test.each(['\r', '\n', '\0', '\r\nX-Evil: 1', '\x7f', '\x1b', '\u0100', '\ud800'])(
    'refuses %j in a value',
    (evil) => {
      const error = catchError(() => toFields({ 'X-Mine': `a${evil}b` }, 'Cannot do'))
      expect(error).toBeInstanceOf(TypeError)
      expect((error as TypeError).message).toMatch(
        /^Cannot do: header field X-Mine must be Latin-1 .* got U\+[0-9A-F]{4}$/,
      )
    },
  )

  test.each(['', 'a b', 'a:', 'a\r\nb', 'a\0', '\u00e9', 'a\n'])('refuses %j as a name', (name) => {
    const error = catchError(() => toFields([[name, 'x']], 'Cannot do'))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as TypeError).message).toBe(
      `Cannot do: the name of a header field must be a token, got ${JSON.stringify(name)}`,
    )
  })

  test.each([
    ['a string', 'X: y'],
    ['null', null],
    ['a number', 5],
    ['a value that is a number', { 'X-A': 5 }],
    ['a value that is a list', { 'X-A': ['x'] }],
    ['a value that is missing', { 'X-A': undefined }],
    ['a pair of three', [['a', 'b', 'c']]],
    ['no pair', ['ab']],
    ['a symbol as name', [[Symbol('x'), 'y']]],
  ])('refuses %s with a TypeError', (_, init) => {
    expect(() => toFields(init as never, 'Cannot do')).toThrow(TypeError)
    expect(() => toFields(init as never, 'Cannot do')).toThrow(/^Cannot do: /)
  })

  test.each([
    'Upgrade',
    'CONNECTION',
    'sec-websocket-key',
    'Sec-WebSocket-Anything',
    'Content-Length',
    'transfer-encoding',
    'Trailer',
  ])(
    'toExtraFields refuses %s, by name',
    (name) => {
      expect(() => toExtraFields([[name, '0']], 'Cannot do')).toThrow(TypeError)
      expect(() => toExtraFields([[name, '0']], 'Cannot do')).toThrow(name)
    },
  )
})

test('quote escapes and shortens', () => {
  expect(quote('a\r\n"')).toBe('"a\\r\\n\\""')
  expect(quote('x'.repeat(1000))).toHaveLength(67)
})
