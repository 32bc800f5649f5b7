// Header fields as an ordered list that keeps the case of names: asking it, and judging what a caller puts in.
// No field name ever becomes an object's key, and nothing here costs more than linear time (security.md, rows 2 to 4).

/** Header fields in order, names in the case in which they were given; a name may occur more than once. */
export type HeaderFields = ReadonlyArray<readonly [name: string, value: string]>

/** What a caller may give as header fields: pairs, a `Map`, a `Headers` object, or a plain object. */
export type HeaderFieldsInit = Iterable<readonly [name: string, value: string]> | Readonly<Record<string, string>>

/** Every value of a field, in order; names are compared without case (RFC 9110 §5.1). */
export function fieldValues(headers: HeaderFields, name: string): string[] {
  return headers.filter(([other]) => equalsIgnoringCase(other, name)).map(([, value]) => value)
}

/** Whether a field is there at all. */
export function hasField(headers: HeaderFields, name: string): boolean {
  return headers.some(([other]) => equalsIgnoringCase(other, name))
}

/**
 * The elements of a comma list that may be spread over several lines (RFC 9110 §5.3, §5.6.1), without the white space
 * around them; empty elements are passed over. For fields whose elements hold no quoted strings.
 */
export function listElements(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map(trimWhitespace).filter((element) => element !== '')
}

/** Whether a list field such as `Connection` contains a token, in any case. */
export function listIncludes(headers: HeaderFields, name: string, token: string): boolean {
  return listElements(fieldValues(headers, name)).some((element) => equalsIgnoringCase(element, token))
}

/** Whether two texts differ at most in the case of ASCII letters; no other letter equals one of them. */
export function equalsIgnoringCase(a: string, b: string): boolean {
  return a === b || (a.length === b.length && asciiLowerCase(a) === asciiLowerCase(b))
}

/** ASCII letters in lower case, everything else as it is. */
export function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** Whether a text is a token (RFC 9110 §5.6.2): what names of fields, methods, subprotocols and extensions are made of. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)
}

/** Whether a text can stand in a field's value: no control characters but tabs, nothing beyond Latin-1. */
export function isFieldText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}

/** The text without spaces and tabs at its ends; other white space stays. A loop, since a pattern would be quadratic. */
export function trimWhitespace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isWhitespace(text.charCodeAt(start))) start++
  while (start < end && isWhitespace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** Whether a character code is a space or a tab. */
export function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** A caller's fields as a list of its own; throws `TypeError` naming a field that no header may hold. `what` starts it. */
export function toFields(init: HeaderFieldsInit | undefined, what: string): [name: string, value: string][] {
  if (init === undefined) return []
  if (typeof init !== 'object' || init === null) {
    throw new TypeError(
      `${what}: header fields must be pairs or an object, got ${init === null ? 'null' : typeof init}`,
    )
  }
  const pairs = Symbol.iterator in init ? Array.from(init as Iterable<readonly [string, string]>) : Object.entries(init)
  return pairs.map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError(`${what}: a header field must be a pair of name and value, got ${quote(pair)}`)
    }
    const [name, value] = pair as [string, string]
    checkField(name, value, what)
    return [name, value]
  })
}

/** As {@linkcode toFields}, and refuses the fields that the upgrade itself writes and those that announce a body. */
export function toExtraFields(init: HeaderFieldsInit | undefined, what: string): [name: string, value: string][] {
  const fields = toFields(init, what)
  for (const [name] of fields) {
    if (isReserved(asciiLowerCase(name))) {
      throw new TypeError(`${what}: header field ${name} cannot be set by the caller`)
    }
  }
  return fields
}

/** Throws `TypeError` unless a field can be sent: its name a token, its value free of CR, LF, NUL and the like. */
export function checkField(name: unknown, value: unknown, what: string): void {
  if (typeof name !== 'string' || !isToken(name)) {
    throw new TypeError(`${what}: the name of a header field must be a token, got ${quote(name)}`)
  }
  if (typeof value !== 'string') {
    throw new TypeError(`${what}: header field ${name} must be a string, got ${value === null ? 'null' : typeof value}`)
  }
  checkText(value, `header field ${name}`, what)
}

/** Throws `TypeError` naming `part` unless its text may stand in a head. */
export function checkText(text: string, part: string, what: string): void {
  if (isFieldText(text)) return
  const illegal = Array.from(text).find((character) => !isFieldText(character))!
  const code = illegal.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
  throw new TypeError(`${what}: ${part} must be Latin-1 without control characters, got U+${code}`)
}

/** A value as an error message may show it: quoted, escaped, at most 64 characters of it. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value)
  return JSON.stringify(text.length > 64 ? text.slice(0, 64) + '…' : text)
}

/** The values of a field as an error message may show them. */
export function quoteValues(headers: HeaderFields, name: string): string {
  return fieldValues(headers, name).map(quote).join(' and ') || 'none'
}

function isReserved(name: string): boolean {
  const ours = ['upgrade', 'connection', 'content-length', 'transfer-encoding', 'trailer']
  return ours.includes(name) || name.startsWith('sec-websocket-')
}
