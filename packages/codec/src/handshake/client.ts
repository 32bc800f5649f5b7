// The client's side of the upgrade (RFC 6455 §4.1): a URL becomes a request, and a response is held against it.

import type { Extension } from '../values/extension.ts'
import { ProtocolError, type ProtocolErrorCode } from '../values/protocol-error.ts'
import { acceptKey, createKey, isKey } from './accept-key.ts'
import { acceptExtensions, type ExtensionFactory, formatExtensions } from './extensions.ts'
import {
  asciiLowerCase,
  checkText,
  equalsIgnoringCase,
  fieldValues,
  type HeaderFields,
  type HeaderFieldsInit,
  listIncludes,
  quote,
  quoteValues,
  toExtraFields,
  trimWhitespace,
} from './fields.ts'
import type { RequestHead, ResponseHead } from './http1.ts'
import { acceptProtocol, checkProtocols } from './protocols.ts'
import { VERSION } from './refusal.ts'

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
  const key = checkKey(options.key ?? createKey())
  const headers = buildHeaders(target, key, protocols, factories, options)
  return {
    head: { method: 'GET', target: target.pathname + target.search, httpVersion: '1.1', headers },
    url: target,
    key,
    protocols,
    judge: (response) => judgeResponse(response, key, protocols, factories),
  }
}

/** Whether a response takes up the upgrade; any other is plain HTTP: a redirect, a refusal, a page (RFC 6455 §4.1). */
export function isUpgradeResponse(response: ResponseHead): boolean {
  return response.status === 101
}

/** RFC 6455 §3, and the WebSockets standard: http is ws, https is wss; no fragment, not even an empty one. */
export function parseWebSocketUrl(url: string | URL): URL {
  const fail = (fault: string) => new DOMException(`Cannot create upgrade request: ${fault}`, 'SyntaxError')
  let parsed: URL
  try {
    parsed = new URL(String(url))
  } catch {
    throw fail(`want a URL, got ${quote(url)}`)
  }
  if (parsed.protocol === 'http:') parsed.protocol = 'ws:'
  if (parsed.protocol === 'https:') parsed.protocol = 'wss:'
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') {
    throw fail(`the scheme must be ws, wss, http or https, got ${quote(parsed.protocol.slice(0, -1))}`)
  }
  if (parsed.href.includes('#')) throw fail(`a URL must not have a fragment, got ${quote(parsed.href)}`)
  return parsed
}

function buildHeaders(
  url: URL,
  key: string,
  protocols: readonly string[],
  factories: readonly ExtensionFactory[],
  options: UpgradeRequestOptions,
): HeaderFields {
  const what = 'Cannot create upgrade request'
  const extra = toExtraFields(options.headers, what)
  if (options.origin !== undefined) checkText(options.origin, 'origin', what)
  const offers = factories.flatMap((factory) => factory.offers())
  const ours: [name: string, value: string | undefined][] = [
    ['Host', url.host],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', VERSION],
    ['Origin', options.origin],
    ['Sec-WebSocket-Protocol', protocols.length === 0 ? undefined : protocols.join(', ')],
    ['Sec-WebSocket-Extensions', offers.length === 0 ? undefined : formatExtensions(offers)],
    ['Authorization', authorization(url)],
  ]
  const fields: [string, string][] = []
  for (const [name, value] of ours) {
    const [theirs, more] = extra.filter(([other]) => equalsIgnoringCase(other, name))
    if (theirs === undefined) {
      if (value !== undefined) fields.push([name, value])
    } else if (more !== undefined) {
      throw new TypeError(`${what}: header field ${name} must be given once`)
    } else if (name !== 'Authorization') fields.push(theirs)
  }
  return [...fields, ...extra.filter(([name]) => !['host', 'origin'].includes(asciiLowerCase(name)))]
}

/** A URL's user and password as RFC 7617 has them: the bytes that the URL stands for, in base64. */
function authorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const bytes = (part: string) => part.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
  return `Basic ${btoa(`${bytes(username)}:${bytes(password)}`)}`
}

/** RFC 6455 §4.1, the client's six checks of the response. */
function judgeResponse(
  { status, headers }: ResponseHead,
  key: string,
  protocols: readonly string[],
  factories: readonly ExtensionFactory[],
): Agreement {
  if (status !== 101) throw fault('unexpected-status', `want status 101, got ${status}`)
  const upgrades = fieldValues(headers, 'Upgrade')
  if (upgrades.length !== 1 || !equalsIgnoringCase(trimWhitespace(upgrades[0]!), 'websocket')) {
    throw fault('missing-upgrade', `want Upgrade: websocket, got ${quoteValues(headers, 'Upgrade')}`)
  }
  if (!listIncludes(headers, 'Connection', 'upgrade')) {
    throw fault('missing-connection', `want Connection to contain Upgrade, got ${quoteValues(headers, 'Connection')}`)
  }
  const accepts = fieldValues(headers, 'Sec-WebSocket-Accept')
  const wanted = acceptKey(key)
  if (accepts.length !== 1 || trimWhitespace(accepts[0]!) !== wanted) {
    throw fault(
      'invalid-accept',
      `want Sec-WebSocket-Accept ${wanted}, got ${quoteValues(headers, 'Sec-WebSocket-Accept')}`,
    )
  }
  const protocol = acceptProtocol(headers, protocols)
  return { protocol, ...acceptExtensions(fieldValues(headers, 'Sec-WebSocket-Extensions'), factories) }
}

function checkKey(key: string): string {
  if (isKey(key)) return key
  throw new TypeError(`Cannot create upgrade request: key must be base64 of 16 bytes, got ${quote(key)}`)
}

function fault(code: ProtocolErrorCode, message: string): ProtocolError {
  return new ProtocolError(code, `Cannot upgrade: ${message}`)
}
