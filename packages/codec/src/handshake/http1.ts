// HTTP/1.1 heads (RFC 9112), line by line: reading a line and writing it, strict both ways. What a head means is not
// known here, nor how its bytes arrive (head-reader.ts).

import { concat, NO_BYTES } from '../values/bytes.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { checkField, checkText, type HeaderFields, isToken, quote, trimWhitespace } from './fields.ts'

/** A request without its body. */
export interface RequestHead {
  /** The method, such as `GET`; case matters. */
  readonly method: string
  /** The request-target as it was sent: a path with its query, or a whole URL (RFC 9112 §3.2). */
  readonly target: string
  /** Digits only, such as `1.1`. */
  readonly httpVersion: string
  /** The header fields, in order. */
  readonly headers: HeaderFields
}

/** A response without its body. */
export interface ResponseHead {
  /** 100 to 999. */
  readonly status: number
  /** The reason phrase; may be empty. */
  readonly statusText: string
  /** Digits only, such as `1.1`. */
  readonly httpVersion: string
  /** The header fields, in order. */
  readonly headers: HeaderFields
}

/** The two kinds of heads. */
export interface Heads {
  request: RequestHead
  response: ResponseHead
}

/** A request's bytes, in one array. Throws `TypeError` for a part that would not be read back as it is. */
export function encodeRequest(head: RequestHead): Uint8Array {
  const { method, target, httpVersion, headers } = head
  const what = 'Cannot encode request'
  if (!isToken(method)) throw new TypeError(`${what}: method must be a token, got ${quote(method)}`)
  if (!isTarget(target)) throw new TypeError(`${what}: target must be visible ASCII, got ${quote(target)}`)
  return encodeHead(`${method} ${target} HTTP/${checkVersion(httpVersion, what)}`, headers, what)
}

/** A response's bytes, in one array; a `body` given as text goes out as UTF-8. Throws as {@linkcode encodeRequest} does. */
export function encodeResponse(head: ResponseHead, body: string | Uint8Array = NO_BYTES): Uint8Array {
  const { status, statusText, httpVersion, headers } = head
  const what = 'Cannot encode response'
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw new TypeError(`${what}: status must be an integer from 100 to 999, got ${String(status)}`)
  }
  checkText(statusText, 'statusText', what)
  const bytes = encodeHead(`HTTP/${checkVersion(httpVersion, what)} ${status} ${statusText}`, headers, what)
  return concat([bytes, typeof body === 'string' ? new TextEncoder().encode(body) : body])
}

function encodeHead(startLine: string, headers: HeaderFields, what: string): Uint8Array {
  let text = startLine + '\r\n'
  for (const [name, value] of headers) {
    checkField(name, value, what)
    text += `${name}: ${value}\r\n`
  }
  return encodeLatin1(text + '\r\n')
}

/** Reads the first line of a head into a head with these fields; throws `ProtocolError` `malformed-head`. */
export const readStartLine: { readonly [K in keyof Heads]: (line: string, headers: HeaderFields) => Heads[K] } = {
  // RFC 9112 §3: exactly one space between the parts.
  request(line, headers) {
    const [method = '', target = '', version = '', ...more] = line.split(' ', 4)
    if (!isToken(method) || !isTarget(target) || !/^HTTP\/\d\.\d$/.test(version) || more.length > 0) {
      throw malformed(`want a request line such as "GET / HTTP/1.1", got ${quote(line)}`)
    }
    return { method, target, httpVersion: version.slice(5), headers }
  },
  // RFC 9112 §4; the space before an empty reason phrase is often left out.
  response(line, headers) {
    const status = Number(line.slice(9, 12))
    if (!/^HTTP\/\d\.\d \d\d\d(?: |$)/.test(line) || status < 100) {
      throw malformed(`want a status line such as "HTTP/1.1 101 Switching Protocols", got ${quote(line)}`)
    }
    return { status, statusText: line.slice(13), httpVersion: line.slice(5, 8), headers }
  },
}

/** Reads a field line (RFC 9112 §5). No white space before the colon, nor at the start, which was a fold once (§5.2). */
export function readField(line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0))
  if (isToken(name)) return [name, trimWhitespace(line.slice(colon + 1))]
  if (line.startsWith(' ') || line.startsWith('\t')) throw malformed('a header field must not be folded over lines')
  throw malformed(`a header field must be a token, a colon and a value, got ${quote(line)}`)
}

function isTarget(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text)
}

function checkVersion(httpVersion: string, what: string): string {
  if (/^\d\.\d$/.test(httpVersion)) return httpVersion
  throw new TypeError(`${what}: httpVersion must be like 1.1, got ${quote(httpVersion)}`)
}

/** Each byte as one character; `TextDecoder` would read windows-1252. Slices, since arguments are limited in number. */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return text
}

function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** The fault of a peer whose head breaks RFC 9112. */
export function malformed(fault: string): ProtocolError {
  return new ProtocolError('malformed-head', `Cannot read head: ${fault}`)
}
