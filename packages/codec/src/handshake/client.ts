// The client's side of the upgrade (RFC 6455 §4.1): a URL becomes a request, and a response is held against it.

import type { Extension } from '../values/extension.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { acceptKey, createKey, isKey } from './accept-key.ts'
import { acceptExtensions, type ExtensionFactory, formatExtensions } from './extensions.ts'
import {
  checkText,
  demand,
  demandConnection,
  equalsIgnoringCase,
  fieldValues,
  type HeaderFields,
  type HeaderFieldsInit,
  quote,
  toExtraFields,
  trimWhitespace,
} from './fields.ts'
import type { RequestHead, ResponseHead } from './http1.ts'
import { parseUrl } from './origin.ts'
import { acceptProtocol, checkProtocols } from './protocols.ts'
import { UPGRADE_FIELD, VERSION_FIELD } from './refusal.ts'

/** What a client asks for beside the URL. */
export interface UpgradeRequestOptions {
  /** Subprotocols to offer, most preferred first. No header is sent for none. */
  readonly protocols?: string | Iterable<string> | undefined
  /**
   * More header fields, sent in this order and case. `Host` and `Origin` take the place of ours; `Upgrade`, `Connection`,
   * `Sec-WebSocket-*` and fields that announce a body are refused.
   */
  readonly headers?: HeaderFieldsInit | undefined
  /** The `Origin` to send; none unless told (RFC 6455 §4.1). */
  readonly origin?: string | undefined
  /** Extensions to offer, in this order. No header is sent for none. */
  readonly extensions?: readonly ExtensionFactory[] | undefined
  /** The `Sec-WebSocket-Key`, for tests; fresh and random unless told. */
  readonly key?: string | undefined
}

/** What both sides agreed on, as the client sees it. */
export interface Agreement {
  /** The subprotocol that the server chose, or an empty string. */
  readonly protocol: string
  /** What the server answered in `Sec-WebSocket-Extensions`, or an empty string. */
  readonly extensions: string
  /** The negotiated extensions, in order. */
  readonly chain: Extension[]
}

/** A request to be sent, and the judge of its response. */
export interface ClientUpgrade {
  /** Send it as `encodeRequest(head)`; then wait for the response (RFC 6455 §4.1). */
  readonly head: RequestHead
  /** Where to connect: `ws:` or `wss:`; the caller's own copy. */
  readonly url: URL
  /** The `Sec-WebSocket-Key` in the request. */
  readonly key: string
  /** The subprotocols that are offered. */
  readonly protocols: readonly string[]
  /**
   * Holds a response against the request. Throws `ProtocolError`, with the code `unexpected-status` for a response that
   * is no upgrade at all: ask {@linkcode isUpgradeResponse} first and treat such a response as HTTP.
   */
  judge(response: ResponseHead): Agreement
}

/**
 * Builds the request for a URL: ws, wss, http or https. Throws a `SyntaxError` `DOMException` for a URL that cannot be
 * parsed, has another scheme or a fragment, and for subprotocols that are no tokens or not unique; `TypeError` for header
 * fields that cannot be sent. The header fields stand in the order in which browsers send them.
 */
export function createUpgradeRequest(url: string | URL, options: UpgradeRequestOptions = {}): ClientUpgrade {
  const target = parseWebSocketUrl(url)
  const protocols = checkProtocols(options.protocols)
  const factories = [...(options.extensions ?? [])]
  const { key = createKey() } = options
  if (!isKey(key)) throw new TypeError(`${WHAT}: key must be base64 of 16 bytes, got ${quote(key)}`)
  const offers = factories.flatMap((factory) => factory.offers())
  const headers = buildHeaders(target, key, protocols, formatExtensions(offers), options)
  // One that offers nothing, as a server's may, is not to be answered either.
  const offering = factories.filter((factory) => offers.some(({ name }) => name === factory.name))
  return {
    head: { method: 'GET', target: target.pathname + target.search, httpVersion: '1.1', headers },
    url: target,
    key,
    protocols,
    judge: (response) => judgeResponse(response, key, protocols, offering),
  }
}

/** Whether a response takes up the upgrade; any other is plain HTTP: a redirect, a refusal, a page (RFC 6455 §4.1). */
export function isUpgradeResponse(response: ResponseHead): boolean {
  return response.status === 101
}

const WHAT = 'Cannot create upgrade request'

/** RFC 6455 §3, and the WebSockets standard: http is ws, https is wss; no fragment, not even an empty one. */
export function parseWebSocketUrl(url: string | URL): URL {
  const parsed = parseUrl(url)
  if (parsed !== undefined && /^(?:http|ws)s?:[^#]*$/.test(parsed.href)) {
    parsed.protocol = parsed.protocol.replace('http', 'ws')
    return parsed
  }
  const wanted = 'a URL with the scheme ws, wss, http or https and without a fragment'
  // A password is for nobody's log. URL parsers take any number of slashes before it.
  const shown = (parsed?.href ?? String(url)).replace(/^(\s*[a-z][-+.a-z0-9]*:)?([/\\]*)[^/\\?#]*@/i, '$1$2…@')
  throw new DOMException(`${WHAT}: want ${wanted}, got ${quote(shown)}`, 'SyntaxError')
}

function buildHeaders(
  url: URL,
  key: string,
  protocols: readonly string[],
  extensions: string,
  options: UpgradeRequestOptions,
): HeaderFields {
  const extra: HeaderFields = toExtraFields(options.headers, WHAT)
  if (options.origin !== undefined) checkText(options.origin, 'origin', WHAT)
  const given = (name: string): HeaderFields[number] | undefined => {
    const [field, more] = extra.filter(([other]) => equalsIgnoringCase(other, name))
    if (more === undefined) return field
    throw new TypeError(`${WHAT}: header field ${name} must be given once`)
  }
  const host = given('Host') ?? ['Host', url.host]
  const origin = given('Origin') ?? ['Origin', options.origin]
  const fields: (readonly [name: string, value: string | undefined])[] = [
    host,
    UPGRADE_FIELD,
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    VERSION_FIELD,
    origin,
    ['Sec-WebSocket-Protocol', protocols.join(', ') || undefined],
    ['Sec-WebSocket-Extensions', extensions || undefined],
    ['Authorization', given('Authorization') ? undefined : authorization(url)],
    ...extra.filter((field) => field !== host && field !== origin),
  ]
  return fields.filter((field): field is HeaderFields[number] => field[1] !== undefined)
}

/** A URL's user and password as RFC 7617 has them: the bytes that the URL stands for, in base64. */
function authorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const bytes = (_: string, hex: string) => String.fromCharCode(parseInt(hex, 16))
  return `Basic ${btoa([username, password].map((part) => part.replace(/%([0-9A-F]{2})/gi, bytes)).join(':'))}`
}

/** RFC 6455 §4.1, the client's six checks of the response, and the version, since HTTP/1.0 has no upgrades (RFC 9110 §7.8). */
function judgeResponse(
  { status, httpVersion, headers }: ResponseHead,
  key: string,
  protocols: readonly string[],
  factories: readonly ExtensionFactory[],
): Agreement {
  const what = 'Cannot upgrade'
  const values = (name: string): string[] => fieldValues(headers, name)
  if (status !== 101) throw new ProtocolError('unexpected-status', `${what}: want status 101, got ${status}`)
  demand(httpVersion === '1.1', 'unsupported-http-version', what, 'HTTP/1.1', [httpVersion])
  // Of several values, joined, none is right.
  const upgrades = values('Upgrade')
  const upgrade = equalsIgnoringCase(trimWhitespace(upgrades.join()), 'websocket')
  demand(upgrade, 'missing-upgrade', what, 'Upgrade: websocket', upgrades)
  demandConnection(headers, what)
  const accepts = values('Sec-WebSocket-Accept')
  const wanted = acceptKey(key)
  const accept = trimWhitespace(accepts.join())
  demand(accept === wanted, 'invalid-accept', what, `Sec-WebSocket-Accept ${wanted}`, accepts)
  const protocol = acceptProtocol(headers, protocols)
  return { protocol, ...acceptExtensions(values('Sec-WebSocket-Extensions'), factories) }
}
