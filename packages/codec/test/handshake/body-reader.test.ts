// Law: of a refusal's body its first bytes are read, and reading stops where the body ends, however it says so.

import { describe, expect, test } from 'vitest'
import { BodyReader } from '../../src/handshake/body-reader.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function read(headers: [string, string][], text: string, { limit = 100, status = 404, step = text.length || 1 } = {}) {
  const reader = new BodyReader({ status, statusText: '', httpVersion: '1.1', headers }, limit)
  for (let at = 0; at < text.length; at += step) reader.push(bytes(text.slice(at, at + step)))
  return { done: reader.done, body: new TextDecoder().decode(reader.take()) }
}

describe.each([1, 2, 3, 7, 1000])('in pieces of %d bytes', (step) => {
  test('Content-Length ends it, and what follows is none of it', () => {
    expect(read([['Content-Length', '5']], 'hello, more', { step })).toEqual({ done: true, body: 'hello' })
    expect(read([['Content-Length', '50']], 'hello', { step })).toEqual({ done: false, body: 'hello' })
  })

  test('chunked: sizes in hex, extensions, and the last chunk ends it', () => {
    const chunked: [string, string][] = [['Transfer-Encoding', 'chunked'], ['Content-Length', '3']]
    expect(read(chunked, 'A;x=y\r\n0123456789\r\n3 \r\nabc\r\n0\r\n\r\nmore', { step })).toEqual({
      done: true,
      body: '0123456789abc',
    })
    // RFC 9112 §7.1 bounds neither the zeros in front nor the size.
    expect(read(chunked, `${'0'.repeat(200)}3\r\nabc\r\n000\r\n\r\nmore`, { step })).toEqual({
      done: true,
      body: 'abc',
    })
    expect(read(chunked, `${'f'.repeat(255)}\r\nhello`, { step })).toEqual({ done: false, body: 'hello' })
    expect(read(chunked, `${'f'.repeat(255)}\r\nhello`, { step, limit: 4 })).toEqual({ done: true, body: 'hell' })
    expect(read(chunked, '5\r\nhel', { step })).toEqual({ done: false, body: 'hel' })
    expect(read(chunked, 'no size\r\nhello', { step })).toEqual({ done: true, body: '' })
    expect(read(chunked, 'f'.repeat(300), { step })).toEqual({ done: true, body: '' })
    // White space alone was gathered without end, at quadratic cost: 256 KiB of it took seconds.
    for (const space of [' ', '\t', '\r', '\v']) {
      expect(read(chunked, space.repeat(300), { step })).toEqual({ done: true, body: '' })
    }
  })

  test('without either the limit ends it', () => {
    expect(read([], 'hello', { step, limit: 4 })).toEqual({ done: true, body: 'hell' })
    expect(read([['Content-Length', 'many']], 'hello', { step })).toEqual({ done: false, body: 'hello' })
    expect(read([['Transfer-Encoding', 'chunked']], '5\r\nhello', { step, limit: 4 })).toEqual({
      done: true,
      body: 'hell',
    })
  })
})

test.each([100, 199, 204, 304])('a response with status %d has none', (status) => {
  expect(read([], 'hello', { status })).toEqual({ done: true, body: '' })
})

test('Content-Length: 0 asks for nothing', () => {
  expect(read([['Content-Length', '0']], '')).toEqual({ done: true, body: '' })
})
