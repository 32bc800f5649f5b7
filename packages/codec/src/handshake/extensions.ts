// Sec-WebSocket-Extensions: reading and writing it (RFC 6455 §9.1), and matching offers with those who understand them.
// What an extension's parameters mean is known to its factory alone.

import { closeAll, type Extension } from '../values/extension.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { demand, isToken, listElements, quote, trimWhitespace } from './fields.ts'

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
 * unquoted (§4.3), so that no comma, semicolon or equals sign can stand in one. Throws `ProtocolError` `malformed-extensions`.
 */
export function parseExtensions(values: readonly string[]): ExtensionOffer[] {
  const elements = listElements(values)
  if (values.length > 0 && elements.length === 0) elements.push('') // a header that is there names one at least
  return elements.map((element) => {
    const [name = '', ...params] = element.split(';').map(trimWhitespace)
    return { name: parseToken(name, 'name'), params: params.map(parseParam) }
  })
}

function parseParam(param: string): ExtensionParams[number] {
  const [name = '', ...value] = param.split('=').map(trimWhitespace)
  const unquoted = value.join('=').replace(/^"(.*)"$/, (_, quoted: string) => quoted.replace(/\\(.)/g, '$1'))
  return [parseToken(name, 'parameter'), value.length === 0 ? undefined : parseToken(unquoted, 'value')]
}

function parseToken(text: string, part: string): string {
  demand(isToken(text), 'malformed-extensions', 'Cannot parse Sec-WebSocket-Extensions', `a token as ${part}`, [text])
  return text
}

/** The header's value for these elements; empty for none. Throws `TypeError` for a name or value that is no token. */
export function formatExtensions(offers: readonly ExtensionOffer[]): string {
  const pair = ([name, value]: ExtensionParams[number]): string =>
    value === undefined ? token(name) : `${token(name)}=${token(value)}`
  return offers.map(({ name, params }) => [token(name), ...params.map(pair)].join('; ')).join(', ')
}

/** Client: builds what the server answered. Throws `ProtocolError` for what was not offered or comes twice (§4.1). */
export function acceptExtensions(
  values: readonly string[],
  factories: readonly ExtensionFactory[],
): NegotiatedExtensions {
  return negotiate(
    parseExtensions(values),
    factories,
    (factory, response) => ({ response, extension: factory.accept(response) }),
    ({ name }, fault) => {
      throw new ProtocolError('unexpected-extension', `Cannot upgrade: extension ${quote(name)} ${fault}`)
    },
  )
}

/** Server: answers each extension's first acceptable offer, in the client's order (§4.2.2, RFC 7692 §5). */
export function answerExtensions(
  offers: readonly ExtensionOffer[],
  factories: readonly ExtensionFactory[],
): NegotiatedExtensions {
  return negotiate(offers, factories, (factory, offer) => factory.answer(offer), () => {})
}

/** Throws `TypeError` for a factory whose name no offer can have; `what` starts it. */
export function checkFactories(factories: readonly ExtensionFactory[], what: string): void {
  for (const { name } of factories) {
    if (!isToken(name)) throw new TypeError(`${what}: want a token as an extension's name, got ${quote(name)}`)
  }
}

/** Builds extensions one by one; where one cannot be built, or its answer cannot be sent, those that were are closed. */
function negotiate(
  items: readonly ExtensionOffer[],
  factories: readonly ExtensionFactory[],
  build: (factory: ExtensionFactory, item: ExtensionOffer) => ReturnType<ExtensionFactory['answer']>,
  decline: (item: ExtensionOffer, fault: string) => void,
): NegotiatedExtensions {
  const responses: ExtensionOffer[] = []
  const chain: Extension[] = []
  const used: ExtensionFactory[] = []
  try {
    for (const item of items) {
      const factory = factories.find(({ name }) => name === item.name)
      let fault = factory === undefined ? 'was not offered' : used.includes(factory) ? 'was answered twice' : ''
      const answer = fault === '' ? build(factory!, item) : undefined
      if (answer !== undefined && chain.some(({ rsv }) => rsv & answer.extension.rsv)) {
        closeAll([answer.extension])
        fault = 'claims a reserved bit that another one has'
      } else if (answer !== undefined) {
        responses.push(answer.response)
        chain.push(answer.extension)
        used.push(factory!)
      }
      if (fault !== '') decline(item, fault)
    }
    return { extensions: formatExtensions(responses), chain }
  } catch (error) {
    closeAll(chain)
    throw error
  }
}

function token(text: string): string {
  if (isToken(text)) return text
  throw new TypeError(`Cannot format extensions: names and values must be tokens, got ${quote(text)}`)
}
