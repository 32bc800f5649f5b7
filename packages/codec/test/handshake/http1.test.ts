import { describe, expect, test } from 'vitest'
import { encodeRequest, encodeResponse, HeadReader } from '../../src/handshake/index.ts'
import { KEY, latin1, request, response, text } from './heads.ts'

describe('encoding', () => {
  test('a request is one array of exactly its bytes (rule 24)', () => {
    const bytes = encodeRequest(request())
    expect(text(bytes)).toBe(
      'GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    )
    expect(bytes.buffer.byteLength).toBe(bytes.length)
  })

  test('a response is one array, its body included', () => {
    const head = response([['X-a', '\u00fc']], { status: 400, statusText: 'Bad' })
    expect(text(encodeResponse(head, '\u00fc'))).toBe('HTTP/1.1 400 Bad\r\nX-a: \u00fc\r\n\r\n\u00c3\u00bc')
    expect(text(encodeResponse(head, latin1('\u00fc')))).toBe('HTTP/1.1 400 Bad\r\nX-a: \u00fc\r\n\r\n\u00fc')
    expect(text(encodeResponse(response([], { statusText: '' })))).toBe('HTTP/1.1 101 \r\n\r\n')
  })

  test('what is encoded is read back as it was', () => {
    const fields = [['x-A', 'b c'], ['X-a', ''], ['__proto__', '\u00ff\t~']] as const
    expect(new HeadReader('request').push(encodeRequest(request(fields)))).toEqual(request(fields))
    expect(new HeadReader('response').push(encodeResponse(response(fields)))).toEqual(response(fields))
  })

  // security.md, row 12
  test.each(['\r', '\n', '\0', '\r\nX: y', '\u0100'])('refuses %j wherever it stands', (evil) => {
    for (
      const head of [
        request(undefined, { method: `GET${evil}` }),
        request(undefined, { target: `/${evil}` }),
        request(undefined, { httpVersion: `1.1${evil}` }),
        request([[`X${evil}`, 'y']]),
        request([['X', `y${evil}`]]),
      ]
    ) expect(() => encodeRequest(head)).toThrow(TypeError)
    for (
      const head of [
        response(undefined, { statusText: evil }),
        response(undefined, { httpVersion: evil }),
        response([[`X${evil}`, 'y']]),
        response([['X', `y${evil}`]]),
      ]
    ) expect(() => encodeResponse(head)).toThrow(TypeError)
  })

  test('refuses a version that brings a status of its own', () => {
    expect(() => encodeResponse(response([], { httpVersion: '1.1 101', status: 403 }))).toThrow(TypeError)
  })

  test.each([99, 1000, 101.5, NaN])('refuses status %d', (status) => {
    expect(() => encodeResponse(response([], { status }))).toThrow(TypeError)
  })

  test.each(['', '/a b', '/\u00fc', '/a\tb'])('refuses target %j', (target) => {
    expect(() => encodeRequest(request([], { target }))).toThrow(TypeError)
  })
})
