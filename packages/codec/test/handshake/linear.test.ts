// Work is linear in bytes (security.md, rows 3, 4 and 19; law 2). A quadratic reading of these sizes takes 10^12 steps and
// would not end within any test's time; a linear one takes milliseconds.

import { describe, expect, test } from 'vitest'
import { createUpgradeRequest, HeadReader, judgeUpgradeRequest, parseExtensions } from '../../src/handshake/index.ts'
import { listElements, toFields, trimWhitespace } from '../../src/handshake/fields.ts'
import { parseProtocols } from '../../src/handshake/protocols.ts'
import { expectFault, KEY, latin1, request, REQUEST_FIELDS, response, RESPONSE_FIELDS, withField } from './heads.ts'

const MILLION = 1 << 20
const SPACES = ' '.repeat(MILLION)

test('a head of 1 MiB that drips byte by byte', () => {
  const bytes = latin1(`GET / HTTP/1.1\r\nX: ${'x'.repeat(MILLION)}\r\n${'Y:\r\n'.repeat(MILLION / 16)}\r\n`)
  const reader = new HeadReader('request', { headSize: Infinity, headLine: Infinity, headCount: Infinity })
  let head
  for (let at = 0; at < bytes.length; at++) head = reader.push(bytes.subarray(at, at + 1))
  expect(head!.headers).toHaveLength(1 + MILLION / 16)
  expect(head!.headers[0]![1]).toHaveLength(MILLION)
})

describe('1 MiB in each list header', () => {
  test.each([
    ['spaces', SPACES, []],
    ['spaces within', `a${SPACES}b`, [`a${SPACES}b`]],
    ['spaces around', `${SPACES}a${SPACES}`, ['a']],
    ['spaces and commas', `a${' ,'.repeat(MILLION / 2)}b`, ['a', 'b']],
  ])('list: %s', (_, value, elements) => {
    const seen = listElements([value])
    expect(seen.length).toBe(elements.length)
    expect(seen.every((element, i) => element === elements[i])).toBe(true)
  })

  test('white space before a last character', () => {
    expect(trimWhitespace(`a${SPACES}b`)).toHaveLength(MILLION + 2)
  })

  test.each([
    ['spaces', `foo${SPACES}`],
    ['spaces before a comma', `foo${SPACES},`],
    ['spaces before a parameter', `foo;${SPACES}a${SPACES}=${SPACES}1`],
    ['commas', `${' ,'.repeat(MILLION / 2)}foo`],
    ['a long quoted value', `foo; a="${'x'.repeat(MILLION)}"`],
    ['a long escaped value', `foo; a="${'\\x'.repeat(MILLION / 2)}"`],
    ['a long name', 'f'.repeat(MILLION)],
    ['many parameters', `foo${'; a=b'.repeat(MILLION / 8)}`],
  ])('extensions: %s', (_, value) => {
    expect(parseExtensions([value])).toHaveLength(1)
  })

  test('many extensions', () => {
    expect(parseExtensions([`${'foo; a,'.repeat(MILLION / 8)}foo`])).toHaveLength(MILLION / 8 + 1)
  })

  test.each([
    ['an unclosed quote', `foo; a="${'x'.repeat(MILLION)}`],
    ['unclosed quotes and backslashes', `foo; a="${'\\"'.repeat(MILLION / 2)}`],
    ['backslashes', `foo; a="${'\\'.repeat(MILLION + 1)}`],
    ['spaces in quotes', `foo; a="${SPACES}"`],
    ['quotes', '"'.repeat(MILLION)],
    ['two names with spaces between', `foo${SPACES}bar`],
  ])('extensions are refused: %s', (_, value) => {
    expectFault(() => parseExtensions([value]), 'malformed-extensions')
  })

  test('subprotocols', () => {
    const parse = (value: string) => parseProtocols([['Sec-WebSocket-Protocol', value]])
    expect(parse(`a${SPACES},${SPACES}b`)).toEqual(['a', 'b'])
    expectFault(() => parse(`a${SPACES}b`), 'malformed-protocols')
    const many = Array.from({ length: MILLION / 8 }, (_, i) => `p${i}`)
    expect(parse(many.join(','))).toHaveLength(many.length)
  })

  test('every header of a request: an answer comes, and its body is short', () => {
    const names = [
      ...REQUEST_FIELDS.map(([name]) => name),
      'Origin',
      'Sec-WebSocket-Protocol',
      'Sec-WebSocket-Extensions',
    ]
    for (const name of names) {
      for (
        const value of [SPACES, `a${SPACES}b`, '"'.repeat(MILLION), `x="${'\\'.repeat(MILLION)}`, 'a'.repeat(MILLION)]
      ) {
        const answer = judgeUpgradeRequest(request(withField(REQUEST_FIELDS, name, value)))
        if (!answer.accepted) expect(answer.body.length).toBeLessThan(400)
      }
    }
  })

  test('every header of a response', () => {
    const { judge } = createUpgradeRequest('ws://x', { key: KEY })
    for (
      const name of [
        'Upgrade',
        'Connection',
        'Sec-WebSocket-Accept',
        'Sec-WebSocket-Protocol',
        'Sec-WebSocket-Extensions',
      ]
    ) {
      for (const value of [`a${SPACES}b`, '"'.repeat(MILLION), `x; y="${'\\'.repeat(MILLION)}`]) {
        expect(() => judge(response(withField(RESPONSE_FIELDS, name, value)))).toThrow(/^.{0,400}$/)
      }
    }
  })

  test("a caller's own header", () => {
    expect(toFields({ X: SPACES }, 'Cannot')).toHaveLength(1)
    expect(() => toFields({ X: `${SPACES}\n` }, 'Cannot')).toThrow(TypeError)
  })
})
