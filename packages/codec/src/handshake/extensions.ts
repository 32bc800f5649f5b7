// Sec-WebSocket-Extensions: reading and writing it (RFC 6455 §9.1), and matching offers with those who understand them.
// What an extension's parameters mean is known to its factory alone.

import type { Extension } from '../values/extension.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { isToken, isWhitespace, quote } from './fields.ts'

/** Parameters in order; a parameter without a value has `undefined`. A name may occur more than once. */
export type ExtensionParams = ReadonlyArray<readonly [name: string, value: string | undefined]>

/** One element of the header: an extension that is offered, or one that is answered. */
export interface ExtensionOffer {
  /** The extension's name, a token; compared exactly. */
  readonly name: string
  /** Its parameters; values are tokens, unquoted. */
  readonly params: ExtensionParams
}

/** Knows how to negotiate one extension, for both roles. It holds no state of a connection: `Extension` does. */
export interface ExtensionFactory {
  /** The extension's name, a token. */
  readonly name: string
  /** Client: what to offer, most preferred first; all under `name`. */
  offers(): readonly ExtensionOffer[]
  /** Client: the extension that fits the server's answer; throws `ProtocolError` `unexpected-extension` if none does. */
  accept(response: ExtensionOffer): Extension
  /** Server: what to answer to an offer and the extension that fits it, or undefined to decline. */
  answer(offer: ExtensionOffer): { readonly response: ExtensionOffer; readonly extension: Extension } | undefined
}

/** What both sides agreed on. */
export interface NegotiatedExtensions {
  /** The header's value; empty where nothing was agreed on. */
  readonly extensions: string
  /** The extensions in the order of the answer (RFC 6455 §9.1). */
  readonly chain: Extension[]
}

/**
 * The elements of all the header's lines, as one list (§9.1); no lines give none. A quoted value must be a token once
 * unquoted (§4.3). Throws `ProtocolError` `malformed-extensions`. Linear: each character is looked at a few times.
 */
export function parseExtensions(values: readonly string[]): ExtensionOffer[] {
  const text = values.join(',')
  const offers: ExtensionOffer[] = []
  let at = skip(text, 0)
  while (at < text.length) {
    if (text[at] === ',') { // an empty element (RFC 9110 §5.6.1)
      at = skip(text, at + 1)
      continue
    }
    const [name, params, end] = readExtension(text, at)
    if (end < text.length && text[end] !== ',') throw malformed(text, end, 'a comma or a semicolon')
    offers.push({ name, params })
    at = end
  }
  if (values.length > 0 && offers.length === 0) throw malformed(text, text.length, 'the name of an extension')
  return offers
}

/** The header's value for these elements; empty for none. Throws `TypeError` for a name or value that is no token. */
export function formatExtensions(offers: readonly ExtensionOffer[]): string {
  const param = ([name, value]: ExtensionParams[number]) =>
    value === undefined ? `; ${token(name)}` : `; ${token(name)}=${token(value)}`
  return offers.map(({ name, params }) => token(name) + params.map(param).join('')).join(', ')
}

/** Client: builds what the server answered. Throws `ProtocolError` for what was not offered or comes twice (§4.1). */
export function acceptExtensions(
  values: readonly string[],
  factories: readonly ExtensionFactory[],
): NegotiatedExtensions {
  const answers = parseExtensions(values)
  const chain = buildChain(answers, (answer, taken) => {
    const factory = factories.find(({ name }) => name === answer.name)
    if (factory === undefined) throw unexpected(answer, 'was not offered')
    if (taken.some(({ name }) => name === answer.name)) throw unexpected(answer, 'was answered twice')
    const extension = factory.accept(answer)
    if (overlaps(extension, taken)) throw unexpected(answer, 'claims a reserved bit that another one has')
    return extension
  })
  return { extensions: formatExtensions(answers), chain }
}

/** Server: answers each extension's first acceptable offer, in the client's order (§4.2.2, RFC 7692 §5). */
export function answerExtensions(
  offers: readonly ExtensionOffer[],
  factories: readonly ExtensionFactory[],
): NegotiatedExtensions {
  const responses: ExtensionOffer[] = []
  const chain = buildChain(offers, (offer, taken) => {
    if (taken.some(({ name }) => name === offer.name)) return undefined
    const answer = factories.find(({ name }) => name === offer.name)?.answer(offer)
    if (answer === undefined) return undefined
    if (overlaps(answer.extension, taken)) {
      answer.extension.close()
      return undefined
    }
    responses.push(answer.response)
    return answer.extension
  })
  return { extensions: formatExtensions(responses), chain }
}

/** Builds extensions one by one; where one cannot be built, those before it are closed. */
function buildChain(
  items: readonly ExtensionOffer[],
  build: (item: ExtensionOffer, taken: readonly Extension[]) => Extension | undefined,
): Extension[] {
  const chain: Extension[] = []
  try {
    for (const item of items) {
      const extension = build(item, chain)
      if (extension !== undefined) chain.push(extension)
    }
  } catch (error) {
    for (const extension of chain) extension.close()
    throw error
  }
  return chain
}

function overlaps(extension: Extension, taken: readonly Extension[]): boolean {
  return taken.some(({ rsv }) => (rsv & extension.rsv) !== 0)
}

function readExtension(text: string, start: number): [name: string, params: ExtensionParams, end: number] {
  const params: [string, string | undefined][] = []
  let [name, at] = readToken(text, start, 'the name of an extension')
  while (text[at] === ';') {
    const [param, end] = readToken(text, skip(text, at + 1), 'the name of a parameter')
    at = end
    let value: string | undefined
    if (text[at] === '=') [value, at] = readValue(text, skip(text, at + 1))
    params.push([param, value])
  }
  return [name, params, at]
}

function readValue(text: string, start: number): [value: string, end: number] {
  if (text[start] !== '"') return readToken(text, start, 'the value of a parameter')
  let value = ''
  let at = start + 1
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === '\\') at++
    value += text[at] ?? ''
  }
  if (at >= text.length) throw malformed(text, text.length, 'a closing quote')
  if (!isToken(value)) throw malformed(text, start, 'a quoted token')
  return [value, skip(text, at + 1)]
}

/** The token at `start`, and the place after it and after the white space that follows. */
function readToken(text: string, start: number, wanted: string): [token: string, end: number] {
  let end = start
  while (end < text.length && isToken(text[end]!)) end++
  if (end === start) throw malformed(text, start, wanted)
  return [text.slice(start, end), skip(text, end)]
}

function skip(text: string, at: number): number {
  while (at < text.length && isWhitespace(text.charCodeAt(at))) at++
  return at
}

function token(text: string): string {
  if (!isToken(text)) {
    throw new TypeError(`Cannot format extensions: names and values must be tokens, got ${quote(text)}`)
  }
  return text
}

function malformed(text: string, at: number, wanted: string): ProtocolError {
  const seen = at < text.length ? quote(text.slice(at, at + 16)) : 'its end'
  return new ProtocolError(
    'malformed-extensions',
    `Cannot parse Sec-WebSocket-Extensions: want ${wanted} at character ${at}, got ${seen}`,
  )
}

function unexpected({ name }: ExtensionOffer, fault: string): ProtocolError {
  return new ProtocolError('unexpected-extension', `Cannot upgrade: extension ${quote(name)} ${fault}`)
}
