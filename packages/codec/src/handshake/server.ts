// The server's side of the upgrade (RFC 6455 §4.2): a request in, an answer out. Every fault of a request becomes a
// refusal that names it; only the caller's own faults are thrown.

import type { Extension } from '../values/extension.ts'
import type { ProtocolError } from '../values/protocol-error.ts'
import { acceptKey, isKey } from './accept-key.ts'
import { answerExtensions, checkFactories, type ExtensionFactory, parseExtensions } from './extensions.ts'
import {
  demand,
  demandConnection,
  fieldValues,
  hasField,
  type HeaderFields,
  type HeaderFieldsInit,
  includesToken,
  listIncludes,
  quote,
  toExtraFields,
} from './fields.ts'
import { callHook, isPeersFault } from './hook-errors.ts'
import type { RequestHead, ResponseHead } from './http1.ts'
import { type AllowedOrigins, canonicalOrigin, checkAllowedOrigins, judgeOrigin } from './origin.ts'
import { checkSpoken, parseProtocols } from './protocols.ts'
import { type Refusal, refuseFault, UPGRADE_FIELD, VERSION } from './refusal.ts'

/** What a server wants of a request, and what it gives. */
export interface UpgradeAnswerOptions {
  /**
   * The subprotocols that the server speaks: the one the client prefers most is chosen, if any. Or a function that returns one of
   * those offered, or undefined for none.
   */
  readonly protocols?:
    | readonly string[]
    | ((offered: readonly string[], head: RequestHead) => string | undefined)
    | undefined
  /** Which pages may connect; `'same-origin'` unless told. */
  readonly allowedOrigins?: AllowedOrigins | undefined
  /** The extensions that are understood here. */
  readonly extensions?: readonly ExtensionFactory[] | undefined
  /** Whether the request came over TLS, to us or to a proxy in front of us; decides which origin counts as the same. */
  readonly secure?: boolean | undefined
  /** More header fields for the 101 response, such as `Set-Cookie`. */
  readonly headers?: HeaderFieldsInit | undefined
}

/** The server says yes: send `encodeResponse(response)`; frames follow. */
export interface Acceptance {
  readonly accepted: true
  readonly response: ResponseHead
  /** The chosen subprotocol, or an empty string. */
  readonly protocol: string
  /** What `Sec-WebSocket-Extensions` answers, or an empty string. */
  readonly extensions: string
  /** The negotiated extensions, in order. */
  readonly chain: Extension[]
}

const WHAT = 'Cannot accept upgrade'

/**
 * Throws `TypeError` for options that would fail, or never match, with every request: who serves many hears of it before the first. Gives
 * the header fields, since what they came in may be readable only once.
 */
export function checkAnswerOptions(options: UpgradeAnswerOptions, what: string): HeaderFields {
  const { headers, protocols = [], allowedOrigins = 'same-origin', extensions = [] } = options
  if (typeof protocols !== 'function') checkSpoken(protocols, what)
  checkAllowedOrigins(allowedOrigins, what)
  checkFactories(extensions, what)
  return toExtraFields(headers, what)
}

/**
 * Holds a request against RFC 6455 §4.2.1 and answers it (§4.2.2). Throws `TypeError` for options that cannot be used:
 * a subprotocol that was not offered, a header field that cannot be sent, an origin that is none.
 */
export function judgeUpgradeRequest(head: RequestHead, options: UpgradeAnswerOptions = {}): Acceptance | Refusal {
  const extra = toExtraFields(options.headers, WHAT)
  try {
    const key = judgeHead(head, options)
    const offered = parseProtocols(head.headers)
    const extensionOffers = parseExtensions(fieldValues(head.headers, 'Sec-WebSocket-Extensions'))
    const protocol = chooseProtocol(offered, head, options.protocols)
    const { extensions, chain } = answerExtensions(extensionOffers, options.extensions ?? [])
    const ours: HeaderFields = [
      UPGRADE_FIELD,
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', acceptKey(key)],
      ['Sec-WebSocket-Protocol', protocol],
      ['Sec-WebSocket-Extensions', extensions],
    ]
    const headers = [...ours.filter(([, value]) => value !== ''), ...extra]
    const response = { status: 101, statusText: 'Switching Protocols', httpVersion: '1.1', headers }
    return { accepted: true, response, protocol, extensions, chain }
  } catch (error) {
    if (isPeersFault(error)) return refuseFault(error, head.method)
    throw error
  }
}

/**
 * Whether a request asks for a page and not for a WebSocket: GET or HEAD, without a body, which nobody would read. Upgrades to anything
 * else may be ignored (RFC 9110 §7.8).
 */
export function isPlainRequest({ method, headers }: RequestHead): boolean {
  const isRead = method === 'GET' || method === 'HEAD'
  return isRead && !listIncludes(headers, 'Upgrade', 'websocket') && bodyFields(headers).length === 0
}

/** The refusal of a plain request that no server may answer (RFC 9112 §3.2); undefined where it may. HTTP/1.0 knows no Host. */
export function judgePlainRequest(head: RequestHead): Refusal | undefined {
  const { method, target, httpVersion, headers } = head
  try {
    demand(/^1\.\d$/.test(httpVersion), 'unsupported-http-version', 'Cannot answer', 'HTTP/1.1', [httpVersion])
    judgeTarget(target)
    if (httpVersion !== '1.0' || hasField(headers, 'Host')) judgeHost(head, false)
    return undefined
  } catch (error) {
    return refuseFault(error as ProtocolError, method)
  }
}

/** Rule by rule, all but the lists; gives the request's key. */
function judgeHead(
  head: RequestHead,
  { allowedOrigins = 'same-origin', secure = false }: UpgradeAnswerOptions,
): string {
  const { method, target, httpVersion, headers } = head
  demand(method === 'GET', 'unexpected-method', WHAT, 'method GET', [method])
  demand(/^1\.[1-9]$/.test(httpVersion), 'unsupported-http-version', WHAT, 'HTTP/1.1', [httpVersion])
  judgeTarget(target)
  const own = judgeHost(head, secure)
  const body = bodyFields(headers) // it would be read as frames
  demand(body.length === 0, 'unexpected-body', WHAT, 'a request without a body', body)
  judgeUpgrade(headers)
  judgeOrigin(head, own, allowedOrigins, WHAT)
  const keys = fieldValues(headers, 'Sec-WebSocket-Key')
  const key = keys.join() // of several values no key
  demand(isKey(key), 'invalid-key', WHAT, 'Sec-WebSocket-Key with base64 of 16 bytes', keys)
  return key
}

function judgeTarget(target: string): void {
  const isTarget = /^(?:\/|(?:https?|wss?):\/\/)[^#]*$/i.test(target)
  demand(isTarget, 'malformed-head', WHAT, 'a path or a URL without a fragment as target', [target])
}

/** The origin that the request speaks to; the host of a target that is a URL counts more than Host (RFC 9112 §3.2.2). */
function judgeHost({ target, headers }: RequestHead, secure: boolean): string {
  const hosts = fieldValues(headers, 'Host')
  demand(hosts.length === 1, 'invalid-host', WHAT, 'one Host', hosts)
  const authorities = target.startsWith('/') ? hosts : [...hosts, target.split(/[/?]/, 3)[2] ?? '']
  const origins = authorities.map((authority) => canonicalOrigin(`http${secure ? 's' : ''}://${authority}`))
  // URL parsers take more than a Host may hold (RFC 3986 §3.2.2), and whoever is before us may read that as another host.
  const isHost = !origins.includes(undefined) && /^[-\w.~!$&'()*+,;=%:[\]]+$/.test(authorities.join(''))
  demand(isHost, 'invalid-host', WHAT, 'a host and perhaps a port', authorities)
  return origins.at(-1)!
}

/** The values of the fields that announce a body. */
function bodyFields(headers: HeaderFields): string[] {
  const lengths = fieldValues(headers, 'Content-Length').filter((length) => length !== '0')
  return [...lengths, ...fieldValues(headers, 'Transfer-Encoding')]
}

function judgeUpgrade(headers: HeaderFields): void {
  const versions = fieldValues(headers, 'Sec-WebSocket-Version')
  const version = versions.join() // of several values no version
  const upgrades = fieldValues(headers, 'Upgrade')
  const upgrade = includesToken(upgrades, 'websocket')
  const hixie75 = upgrade && versions.length === 0 && !hasField(headers, 'Sec-WebSocket-Key')
  const hixie = hixie75 || hasField(headers, 'Sec-WebSocket-Key1') || hasField(headers, 'Sec-WebSocket-Key2')
  demand(!hixie, 'obsolete-handshake', WHAT, `RFC 6455, version ${VERSION}, and not a hixie draft`, versions)
  demand(upgrade, 'missing-upgrade', WHAT, 'a WebSocket request with Upgrade: websocket', upgrades)
  demandConnection(headers, WHAT)
  // RFC 6455 §4.4; its grammar in §4.3: 0 to 255 without leading zeros.
  const code = String(Number(version) & 255) === version ? 'unsupported-version' : 'invalid-version'
  demand(version === VERSION, code, WHAT, `Sec-WebSocket-Version ${VERSION}`, versions)
}

function chooseProtocol(
  offered: readonly string[],
  head: RequestHead,
  choice: NonNullable<UpgradeAnswerOptions['protocols']> = [],
): string {
  if (typeof choice !== 'function') return offered.find((protocol) => choice.includes(protocol)) ?? ''
  const chosen = callHook(() => choice(offered, head))
  if (chosen === undefined || offered.includes(chosen)) return chosen ?? ''
  throw new TypeError(`${WHAT}: want a subprotocol that was offered, got ${quote(chosen)}`)
}
