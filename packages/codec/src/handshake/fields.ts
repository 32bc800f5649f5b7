// Header fields as an ordered list that keeps the case of names: asking it, and judging what a caller puts in.
// No field name ever becomes an object's key, and nothing here costs more than linear time (security.md, rows 2 to 4).

import { describe } from '../values/bytes.ts'
import { ProtocolError, type ProtocolErrorCode } from '../values/protocol-error.ts'

/** Header fields in order, names in the case in which they were given; a name may occur more than once. */
export type HeaderFields = ReadonlyArray<readonly [name: string, value: string]>

/** What a caller may give as header fields: pairs, a `Map`, a `Headers` object, or a plain object. */
export type HeaderFieldsInit = Iterable<readonly [name: string, value: string]> | Readonly<Record<string, string>>

/** Every value of a field, in order; names are compared without case (RFC 9110 §5.1). */
export function fieldValues(headers: HeaderFields, name: string): string[] {
  const values: string[] = []
  for (const field of headers) if (equalsIgnoringCase(field[0], name)) values.push(field[1])
  return values
}

/** Whether a field is there at all. */
export function hasField(headers: HeaderFields, name: string): boolean {
  return headers.some((field) => equalsIgnoringCase(field[0], name))
}

/**
 * The elements of a comma list that may be spread over several lines (RFC 9110 §5.3, §5.6.1), without the white space
 * around them; empty elements are passed over. For fields whose elements hold no quoted strings.
 */
export function listElements(values: readonly string[]): string[] {
  return values.join(',').split(',').map(trimWhitespace).filter((element) => element !== '')
}

/** Whether a list field such as `Connection` contains a token, in any case. */
export function listIncludes(headers: HeaderFields, name: string, token: string): boolean {
  return includesToken(fieldValues(headers, name), token)
}

/** Whether a list, given as the values of its field, contains a token, in any case. */
export function includesToken(values: readonly string[], token: string): boolean {
  if (values.length === 1 && equalsIgnoringCase(values[0]!, token)) return true // nearly always
  return values.join(',').split(',').some((element) => equalsIgnoringCase(trimWhitespace(element), token))
}

/** Whether two texts differ at most in the case of ASCII letters; no other letter equals one of them. Copies nothing. */
export function equalsIgnoringCase(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  if (a === b) return true
  for (let i = 0; i < a.length; i++) {
    const code = a.charCodeAt(i)
    const difference = code ^ b.charCodeAt(i)
    const letter = code | 0x20
    if (difference !== 0 && (difference !== 0x20 || letter < 0x61 || letter > 0x7a)) return false
  }
  return true
}

/** Whether a value is a token (RFC 9110 §5.6.2): what names of fields, methods, subprotocols and extensions are made of. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value)
}

/** The text without spaces and tabs at its ends; other white space stays. A loop, since a pattern would be quadratic. */
export function trimWhitespace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isWhitespace(text.charCodeAt(start))) start++
  while (start < end && isWhitespace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** A caller's fields as a list of its own; throws `TypeError` naming a field that no header may hold. `what` starts it. */
export function toFields(init: HeaderFieldsInit | undefined, what: string): [name: string, value: string][] {
  if (init === undefined) return []
  if (typeof init !== 'object' || init === null) {
    throw new TypeError(`${what}: header fields must be pairs or an object, got ${describe(init)}`)
  }
  const pairs: Iterable<unknown> = Symbol.iterator in init ? init : Object.entries(init)
  return Array.from(pairs, (pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError(`${what}: a header field must be a pair of name and value, got ${describe(pair)}`)
    }
    const [name, value] = pair
    checkField(name, value, what)
    return [name, value]
  })
}

/** As {@linkcode toFields}, and refuses the fields that the upgrade itself writes and those that announce a body. */
export function toExtraFields(init: HeaderFieldsInit | undefined, what: string): [name: string, value: string][] {
  const fields = toFields(init, what)
  for (const [name] of fields) {
    if (/^(?:(?:upgrade|connection|content-length|transfer-encoding|trailer)$|sec-websocket-)/i.test(name)) {
      throw new TypeError(`${what}: header field ${name} cannot be set by the caller`)
    }
  }
  return fields
}

/** Throws `TypeError` unless a field can be sent: its name a token, its value free of CR, LF, NUL and the like. */
export function checkField(name: unknown, value: unknown, what: string): void {
  if (!isToken(name)) throw new TypeError(`${what}: the name of a header field must be a token, got ${quote(name)}`)
  checkText(value, `header field ${name}`, what)
}

/** Throws `TypeError` naming `part` unless it is a text that may stand in a head: no control characters but tabs, nothing beyond Latin-1. */
export function checkText(text: unknown, part: string, what: string): void {
  if (typeof text !== 'string') throw new TypeError(`${what}: ${part} must be a string, got ${describe(text)}`)
  const illegal = /[^\t\x20-\x7e\x80-\xff]/u.exec(text)?.[0]
  if (illegal === undefined) return
  const code = illegal.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
  throw new TypeError(`${what}: ${part} must be Latin-1 without control characters, got U+${code}`)
}

/** Holds a head against a rule: throws `ProtocolError` that says what was wanted, and what was seen, quoted. */
export function demand(
  holds: boolean,
  code: ProtocolErrorCode,
  what: string,
  wanted: string,
  seen: readonly string[],
): asserts holds {
  if (!holds) throw new ProtocolError(code, `${what}: want ${wanted}, got ${seen.map(quote).join(' and ') || 'none'}`)
}

/** Holds a head against the rule of both roles: what is upgraded must be named in `Connection` (RFC 6455 §4.1, §4.2.1). */
export function demandConnection(headers: HeaderFields, what: string): void {
  const seen = fieldValues(headers, 'Connection')
  demand(includesToken(seen, 'upgrade'), 'missing-connection', what, 'Connection to contain Upgrade', seen)
}

/** A value as an error message may show it: quoted, escaped, at most 64 characters of it. */
export function quote(value: unknown): string {
  const text = String(value)
  return JSON.stringify(text.length > 64 ? text.slice(0, 64) + '…' : text)
}

function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
