// HTTP/1.1 heads (RFC 9112), line by line: reading a line and writing it, strict both ways. What a head means is not
// known here, nor how its bytes arrive (head-reader.ts).

import { NO_BYTES } from '../values/bytes.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { checkField, type HeaderFields, isToken, quote, trimWhitespace } from './fields.ts'
import { encodeLatin1 } from './latin1.ts'

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

// RFC 9112 §3 and §4: one space between the parts. The space before an empty reason phrase is often left out.
const requestLine = /^([!-~]+) ([!-~]+) HTTP\/(\d\.\d)$/
const statusLine = /^HTTP\/(\d\.\d) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/
const wantRequestLine = 'want a request line such as "GET / HTTP/1.1", got '
const wantStatusLine = 'want a status line such as "HTTP/1.1 101 Switching Protocols", got '

/** A request's bytes, in one array. Throws `TypeError` for a part that would not be read back as it is. */
export function encodeRequest({ method, target, httpVersion, headers }: RequestHead): Uint8Array {
  const what = 'Cannot encode request'
  const line = `${method} ${target} HTTP/${httpVersion}`
  // Three parts at most are between two spaces, so that none of ours has any.
  if (isToken(method) && requestLine.test(line)) return encodeHead(line, headers, what)
  throw new TypeError(`${what}: ${wantRequestLine}${quote(line)}`)
}

/** A response's bytes, in one array; a `body` given as text goes out as UTF-8. Throws as {@linkcode encodeRequest} does. */
export function encodeResponse(head: ResponseHead, body: string | Uint8Array = NO_BYTES): Uint8Array {
  const { status, statusText, httpVersion, headers } = head
  const what = 'Cannot encode response'
  const line = `HTTP/${httpVersion} ${status} ${statusText}`
  const content = typeof body === 'string' ? new TextEncoder().encode(body) : body
  if (statusLine.exec(line)?.[1] === httpVersion) return encodeHead(line, headers, what, content)
  throw new TypeError(`${what}: ${wantStatusLine}${quote(line)}`)
}

function encodeHead(startLine: string, headers: HeaderFields, what: string, body: Uint8Array = NO_BYTES): Uint8Array {
  let text = `${startLine}\r\n`
  for (const [name, value] of headers) {
    checkField(name, value, what)
    text += `${name}: ${value}\r\n`
  }
  text += '\r\n'
  const bytes = encodeLatin1(text, body.length)
  bytes.set(body, text.length)
  return bytes
}

/** Reads the first line of a head into a head with these fields; throws `ProtocolError` `malformed-head`. */
export const readStartLine: { readonly [K in keyof Heads]: (line: string, headers: HeaderFields) => Heads[K] } = {
  request(line, headers) {
    const [, method, target = '', httpVersion = ''] = requestLine.exec(line) ?? []
    if (isToken(method)) return { method, target, httpVersion, headers }
    throw malformed(wantRequestLine + quote(line))
  },
  response(line, headers) {
    const [, httpVersion, status, statusText = ''] = statusLine.exec(line) ?? []
    if (httpVersion !== undefined) return { status: Number(status), statusText, httpVersion, headers }
    throw malformed(wantStatusLine + quote(line))
  },
}

/** Reads a field line (RFC 9112 §5). No white space before the colon, nor at the start, which was a fold once (§5.2). */
export function readField(line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0))
  if (isToken(name)) return [name, trimWhitespace(line.slice(colon + 1))]
  throw malformed(`a header field must be a token, a colon and a value on one line, got ${quote(line)}`)
}

/** The fault of a peer whose head breaks RFC 9112. */
export function malformed(fault: string): ProtocolError {
  return new ProtocolError('malformed-head', `Cannot read head: ${fault}`)
}
