import { describe, expect, test } from 'vitest'
import { type HeadLimits, HeadReader, type Heads } from '../../src/handshake/index.ts'
import { catchError } from '../support/errors.ts'
import { expectFault, latin1, text } from './heads.ts'

const REQUEST =
  'GET /chat?a=b HTTP/1.1\r\nHost: x\r\nx-Empty:\r\nX-Spaces: \t a b\t \r\nX-8bit: \xa0\x80\xff\xa0\r\n\r\n'
const REQUEST_HEAD = {
  method: 'GET',
  target: '/chat?a=b',
  httpVersion: '1.1',
  headers: [['Host', 'x'], ['x-Empty', ''], ['X-Spaces', 'a b'], ['X-8bit', '\xa0\x80\xff\xa0']],
}
const RESPONSE = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'
const RESPONSE_HEAD = {
  status: 101,
  statusText: 'Switching Protocols',
  httpVersion: '1.1',
  headers: [['Upgrade', 'websocket']],
}

/** Reads bytes in pieces of `size`; gives the head and all that was not part of it. */
function read<K extends keyof Heads>(kind: K, bytes: string, size = bytes.length, limits?: HeadLimits) {
  const reader = new HeadReader(kind, limits)
  for (let at = 0; at < bytes.length; at += size) {
    const head = reader.push(latin1(bytes.slice(at, at + size)))
    if (head !== undefined) return { head, rest: text(reader.rest) + bytes.slice(at + size) }
  }
  return { head: undefined, rest: '' }
}

describe('reading', () => {
  test.each([['request', REQUEST, REQUEST_HEAD], ['response', RESPONSE, RESPONSE_HEAD]] as const)(
    'a %s, whole, byte by byte, and in pieces of any size',
    (kind, bytes, head) => {
      for (let size = 1; size <= bytes.length; size++) {
        expect(read(kind, bytes, size)).toEqual({ head, rest: '' })
      }
    },
  )

  // rule 24; security.md, row 33
  test('what follows the blank line is handed on untouched, wherever the bytes are cut', () => {
    const bytes = latin1(RESPONSE + '\x81\x02\r\n\0')
    for (let cut = 0; cut <= RESPONSE.length; cut++) {
      const reader = new HeadReader('response')
      const first = bytes.slice(0, cut)
      const second = bytes.slice(cut)
      const head = reader.push(first) ?? reader.push(second)
      expect(head).toEqual(RESPONSE_HEAD)
      const rest = cut < RESPONSE.length ? reader.rest : second
      expect(text(rest)).toBe('\x81\x02\r\n\0')
      expect(rest.buffer).toBe(second.buffer) // a view: not copied
    }
  })

  test('`rest` is empty until the head is complete, and an empty chunk changes nothing', () => {
    const reader = new HeadReader('request')
    expect(reader.push(latin1('GET / HTTP/1.1\r\n'))).toBeUndefined()
    expect(reader.push(new Uint8Array(0))).toBeUndefined()
    expect(reader.rest.length).toBe(0)
    expect(reader.push(latin1('\r\n'))).toBeDefined()
    expect(reader.rest.length).toBe(0)
    expect(() => reader.push(latin1('x'))).toThrow(TypeError)
    expect(() => reader.end()).not.toThrow()
  })

  test('keeps no view of a chunk that a later write could change', () => {
    const reader = new HeadReader('request')
    const chunk = latin1('GET /aaaa')
    reader.push(chunk)
    chunk.fill(0)
    expect(reader.push(latin1(' HTTP/1.1\r\n\r\n'))?.target).toBe('/aaaa')
  })

  test('empty lines before a request are passed over (RFC 9112 §2.2)', () => {
    expect(read('request', '\r\n\r\n' + REQUEST, 1).head).toEqual(REQUEST_HEAD)
    expectFault(() => read('response', '\r\n' + RESPONSE), 'malformed-head')
  })

  test('interim responses are passed over, together within the limit (RFC 9110 §15.2)', () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100\r\n\r\n'
    for (const size of [1, 7, 1000]) {
      expect(read('response', interim + RESPONSE + 'rest', size)).toEqual({ head: RESPONSE_HEAD, rest: 'rest' })
    }
    expectFault(() => read('response', interim.repeat(10), 1, { headSize: 100 }), 'head-too-big')
  })

  test.each([
    ['HTTP/1.1 200 OK', 200, 'OK', '1.1'],
    ['HTTP/1.0 404 Not  Found ', 404, 'Not  Found ', '1.0'],
    ['HTTP/1.1 503', 503, '', '1.1'],
    ['HTTP/1.1 302 ', 302, '', '1.1'],
    ['HTTP/1.1 999 \xfc', 999, '\xfc', '1.1'],
  ])('status line %j', (line, status, statusText, httpVersion) => {
    expect(read('response', line + '\r\n\r\n').head).toEqual({ status, statusText, httpVersion, headers: [] })
  })

  // security.md, row 2
  test("names of an object's own machinery are names like any other", () => {
    const { head } = read('request', 'GET / HTTP/1.1\r\n__proto__: a\r\nconstructor: b\r\n__proto__: c\r\n\r\n')
    expect(head?.headers).toEqual([['__proto__', 'a'], ['constructor', 'b'], ['__proto__', 'c']])
  })
})

describe('malformed heads', () => {
  const start = 'GET / HTTP/1.1\r\n'
  const faults: [name: string, kind: keyof Heads, bytes: string][] = [
    ['a bare LF', 'request', 'GET / HTTP/1.1\nHost: x\r\n\r\n'],
    ['a bare CR', 'request', start + 'Host: x\rX: y\r\n\r\n'],
    ['two CRs', 'request', start + 'Host: x\r\r\n\r\n'],
    ['a bare LF as blank line', 'request', start + 'Host: x\r\n\n'],
    ['NUL in a value', 'request', start + 'Host: x\0\r\n\r\n'],
    ['a control character in a value', 'request', start + 'Host: \x1b[1m\r\n\r\n'],
    ['DEL in a value', 'request', start + 'Host: \x7f\r\n\r\n'],
    ['a TLS record', 'response', '\x15\x03\x01\0\x02'],
    ['a folded line', 'request', start + 'X: y\r\n z\r\n\r\n'],
    ['a folded line with a tab', 'request', start + 'X: y\r\n\tz: a\r\n\r\n'],
    ['white space before the first field', 'request', start + ' Host: x\r\n\r\n'],
    ['white space before the colon', 'request', start + 'Host : x\r\n\r\n'],
    ['a name that is no token', 'request', start + 'H(st: x\r\n\r\n'],
    ['an 8-bit name', 'request', start + 'H\xf6st: x\r\n\r\n'],
    ['no name', 'request', start + ': x\r\n\r\n'],
    ['no colon', 'request', start + 'Host\r\n\r\n'],
    ['no version', 'request', 'GET /\r\n\r\n'],
    ['a fourth part', 'request', 'GET / HTTP/1.1 x\r\n\r\n'],
    ['a space behind the version', 'request', 'GET / HTTP/1.1 \r\n\r\n'],
    ['two spaces', 'request', 'GET  / HTTP/1.1\r\n\r\n'],
    ['a tab', 'request', 'GET\t/ HTTP/1.1\r\n\r\n'],
    ['a space first', 'request', ' GET / HTTP/1.1\r\n\r\n'],
    ['a method that is no token', 'request', 'G(T / HTTP/1.1\r\n\r\n'],
    ['an 8-bit target', 'request', 'GET /\xfc HTTP/1.1\r\n\r\n'],
    ['a version in lower case', 'request', 'GET / http/1.1\r\n\r\n'],
    ['a version with two digits', 'request', 'GET / HTTP/1.10\r\n\r\n'],
    ['a response for a request', 'request', RESPONSE],
    ['a request for a response', 'response', REQUEST],
    ['another protocol', 'response', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a status of two digits', 'response', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of four digits', 'response', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a status below 100', 'response', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['no status', 'response', 'HTTP/1.1 OK\r\n\r\n'],
    ['two spaces before the status', 'response', 'HTTP/1.1  101\r\n\r\n'],
    ['a version with a comma', 'response', 'HTTP/1,1 101 OK\r\n\r\n'],
  ]
  test.each(faults)('%s: one error at the same byte, however it is cut', (_, kind, bytes) => {
    const whole = catchError(() => read(kind, bytes)) as Error
    for (const size of [1, 2, 3, 5]) {
      expect((catchError(() => read(kind, bytes, size)) as Error).message).toBe(whole.message)
    }
    expectFault(() => read(kind, bytes), 'malformed-head', /^Cannot read head: /)
  })

  test('a control character is judged at once, before its line ends', () => {
    expectFault(() => new HeadReader('response').push(latin1('\x16')), 'malformed-head')
  })

  test('after a fault the reader stays failed', () => {
    const reader = new HeadReader('request')
    const error = catchError(() => reader.push(latin1('\0')))
    expect(catchError(() => reader.push(latin1(REQUEST)))).toBe(error)
    expect(catchError(() => reader.end())).toBe(error)
  })

  test('an end inside the head is unexpected, at each place', () => {
    for (let cut = 0; cut < REQUEST.length; cut++) {
      const reader = new HeadReader('request')
      reader.push(latin1(REQUEST.slice(0, cut)))
      expectFault(() => reader.end(), 'unexpected-end')
    }
  })
})

// security.md, rows 5 and 19
describe('limits', () => {
  const sizes = [1, 13, 1 << 20]

  test('the size of a head: what fits is read, one byte more is refused at that byte', () => {
    for (const size of sizes) {
      expect(read('request', REQUEST + 'rest', size, { headSize: REQUEST.length }).head).toEqual(REQUEST_HEAD)
      expectFault(() => read('request', REQUEST, size, { headSize: REQUEST.length - 1 }), 'head-too-big')
    }
    const reader = new HeadReader('request', { headSize: 4 })
    expect(reader.push(latin1('GET '))).toBeUndefined()
    expectFault(() => reader.push(latin1('/')), 'head-too-big', /at most 4 bytes/)
  })

  test.each([['request', 'GET / HTTP/1.1\r\n'], ['response', 'HTTP/1.1 101 x\r\n']] as const)(
    'the default size is 16 KiB (%s)',
    (kind, start) => {
      const field = 'X: ' + 'x'.repeat(8000) + '\r\n'
      const missing = 16384 - start.length - 2 * field.length - 'X: \r\n\r\n'.length
      const head = (more: number) => `${start}${field}${field}X: ${'x'.repeat(missing + more)}\r\n\r\n`
      for (const size of sizes) {
        expect(read(kind, head(0), size).head?.headers).toHaveLength(3)
        expectFault(() => read(kind, head(1), size), 'head-too-big')
      }
    },
  )

  test('the length of a line, in each place of the head', () => {
    const target = (length: number) => `GET /${'x'.repeat(length - 'GET / HTTP/1.1'.length)} HTTP/1.1\r\n\r\n`
    const field = (letter: string) => (length: number) => `GET / HTTP/1.1\r\nX: ${letter.repeat(length - 3)}\r\n\r\n`
    for (const head of [target, field('x'), field(' '), field('\t')]) {
      for (const size of sizes) {
        expect(read('request', head(8192), size).head).toBeDefined()
        expectFault(() => read('request', head(8193), size), 'head-too-big', /line must be at most 8192/)
        expect(read('request', head(100), size, { headLine: 100 }).head).toBeDefined()
        expectFault(() => read('request', head(101), size, { headLine: 100 }), 'head-too-big')
      }
    }
  })

  test('a line without an end is refused before it ends', () => {
    const reader = new HeadReader('request', { headLine: 10 })
    reader.push(latin1('x'.repeat(10)))
    expectFault(() => reader.push(latin1('x')), 'head-too-big')
  })

  test('the number of header fields, at the limit and one above', () => {
    const head = (count: number) => `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(count)}\r\n`
    for (const size of sizes) {
      expect(read('request', head(100), size).head?.headers).toHaveLength(100)
      expectFault(() => read('request', head(101), size), 'head-too-big', /at most 100 header fields/)
      expect(read('request', head(3), size, { headCount: 3 }).head?.headers).toHaveLength(3)
      expectFault(() => read('request', head(4), size, { headCount: 3 }), 'head-too-big')
    }
  })

  test.each([0, -1, NaN, null as never])('refuses %j as a limit', (limit) => {
    for (const name of ['headSize', 'headLine', 'headCount']) {
      expect(() => new HeadReader('request', { [name]: limit })).toThrow(RangeError)
      expect(() => new HeadReader('request', { [name]: limit })).toThrow(name)
    }
  })
})
