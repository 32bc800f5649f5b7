// Heads that are in order, for tests to break; and small helpers over bytes.

import { expect } from 'vitest'
import { catchError } from '../support/errors.ts'
import { ProtocolError, type ProtocolErrorCode } from '../../src/values/protocol-error.ts'
import type { HeaderFields, RequestHead, ResponseHead } from '../../src/handshake/index.ts'

/** The key and its answer of RFC 6455 §1.3. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

export const REQUEST_FIELDS: HeaderFields = [
  ['Host', 'server.example.com'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', KEY],
  ['Sec-WebSocket-Version', '13'],
]

export const RESPONSE_FIELDS: HeaderFields = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Accept', ACCEPT],
]

export function request(headers: HeaderFields = REQUEST_FIELDS, more: Partial<RequestHead> = {}): RequestHead {
  return { method: 'GET', target: '/chat', httpVersion: '1.1', headers, ...more }
}

export function response(headers: HeaderFields = RESPONSE_FIELDS, more: Partial<ResponseHead> = {}): ResponseHead {
  return { status: 101, statusText: 'Switching Protocols', httpVersion: '1.1', headers, ...more }
}

/** The fields with one of them set to these values, one line each, in its place; no values remove it. */
export function withField(fields: HeaderFields, name: string, ...values: string[]): HeaderFields {
  if (!fields.some(([other]) => other === name)) return [...fields, ...values.map((value) => [name, value] as const)]
  return fields.flatMap((field) => field[0] === name ? values.map((value) => [name, value] as const) : [field])
}

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export function text(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

export function expectFault(run: () => unknown, code: ProtocolErrorCode, message?: RegExp): void {
  const error = catchError(run)
  expect(error).toBeInstanceOf(ProtocolError)
  expect((error as ProtocolError).code).toBe(code)
  if (message) expect((error as ProtocolError).message).toMatch(message)
}

export function expectSyntaxError(run: () => unknown): void {
  const error = catchError(run)
  expect(error).toBeInstanceOf(DOMException)
  expect((error as DOMException).name).toBe('SyntaxError')
}
