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

/**
 * First lines, strictly (RFC 9112 §3, §4): one space between the parts. The space before an empty reason phrase is often left
 * out.
 */
const startLines: { readonly [K in keyof Heads]: RegExp } = {
  request: /^(?<method>[!#$%&'*+\-.^_`|~0-9A-Za-z]+) (?<target>[!-~]+) HTTP\/(?<httpVersion>\d\.\d)$/,
  response: /^HTTP\/(?<httpVersion>\d\.\d) (?<status>[1-9]\d\d)(?: (?<statusText>[\t\x20-\x7e\x80-\xff]*))?$/,
}

const examples: { readonly [K in keyof Heads]: string } = {
  request: 'GET / HTTP/1.1',
  response: 'HTTP/1.1 101 Switching Protocols',
}

function wanted(kind: keyof Heads, line: string): string {
  return `the first line of a ${kind} must be like "${examples[kind]}", got ${quote(line)}`
}

/** Reads the first line of a head into a head with these fields; throws `ProtocolError` `malformed-head`. */
export function readStartLine<K extends keyof Heads>(kind: K, line: string, headers: HeaderFields): Heads[K] {
  const parts = startLines[kind].exec(line)?.groups
  if (parts === undefined) throw malformed(wanted(kind, line))
  const { status, statusText = '' } = parts
  return { ...parts, ...(status && { status: Number(status), statusText }), headers } as unknown as Heads[K]
}

/** Reads a field line (RFC 9112 §5). No white space before the colon, nor at the start, which was a fold once (§5.2). */
export function readField(line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0))
  if (isToken(name)) return [name, trimWhitespace(line.slice(colon + 1))]
  throw malformed(`a header field must be a token, a colon and a value on one line, got ${quote(line)}`)
}

/**
 * A request's bytes, in one array. Throws `TypeError` for a part that would not be read back as it is; white space around the value of a
 * field is sent, though readers drop it (RFC 9112 §5).
 */
export function encodeRequest(head: RequestHead): Uint8Array {
  return encodeHead('request', `${head.method} ${head.target} HTTP/${head.httpVersion}`, head, NO_BYTES)
}

/** A response's bytes, in one array; a `body` given as text goes out as UTF-8. Throws as {@linkcode encodeRequest} does. */
export function encodeResponse(head: ResponseHead, body: string | Uint8Array = NO_BYTES): Uint8Array {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return encodeHead('response', `HTTP/${head.httpVersion} ${head.status} ${head.statusText}`, head, bytes)
}

function encodeHead(kind: keyof Heads, line: string, head: RequestHead | ResponseHead, body: Uint8Array): Uint8Array {
  const what = `Cannot encode ${kind}`
  // Spaces separate the parts: a part with one of its own makes a line that is none, or is a version of more than three characters.
  if (!startLines[kind].test(line) || head.httpVersion.length !== 3) {
    throw new TypeError(`${what}: ${wanted(kind, line)}`)
  }
  let text = `${line}\r\n`
  for (const [name, value] of head.headers) {
    checkField(name, value, what)
    text += `${name}: ${value}\r\n`
  }
  text += '\r\n'
  const bytes = encodeLatin1(text, body.length)
  bytes.set(body, text.length)
  return bytes
}

/** The fault of a peer whose head breaks RFC 9112. */
export function malformed(fault: string): ProtocolError {
  return new ProtocolError('malformed-head', `Cannot read head: ${fault}`)
}
