// The server's side of the upgrade (RFC 6455 §4.2): a request in, an answer out. Every fault of a request becomes a
// refusal that names it; only the caller's own faults are thrown.

import type { Extension } from '../values/extension.ts'
import { ProtocolError, type ProtocolErrorCode } from '../values/protocol-error.ts'
import { acceptKey, isKey } from './accept-key.ts'
import { answerExtensions, type ExtensionFactory, parseExtensions } from './extensions.ts'
import {
  fieldValues,
  hasField,
  type HeaderFields,
  type HeaderFieldsInit,
  listIncludes,
  quote,
  quoteValues,
  toExtraFields,
} from './fields.ts'
import type { RequestHead, ResponseHead } from './http1.ts'
import { type AllowedOrigins, judgeOrigin, webOrigin } from './origin.ts'
import { parseProtocols } from './protocols.ts'
import { type Refusal, refuseFault, VERSION } from './refusal.ts'

/** What a server wants of a request, and what it gives. */
export interface UpgradeAnswerOptions {
  /**
   * The subprotocols that are spoken here: the client's most preferred one among them is chosen, or none. Or a function
   * that chooses one of those offered, or undefined for none.
   */
  readonly protocols?:
    | readonly string[]
    | ((offered: readonly string[], head: RequestHead) => string | undefined)
    | undefined
  /** Which pages may connect; `'same-origin'` unless told. */
  readonly allowedOrigins?: AllowedOrigins | undefined
  /** The extensions that are understood here. */
  readonly extensions?: readonly ExtensionFactory[] | undefined
  /** Whether the request came over TLS, to us or to a proxy before us; decides what the same origin is. */
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

/**
 * Holds a request against RFC 6455 §4.2.1 and answers it (§4.2.2). Throws `TypeError` for options that cannot be used:
 * a subprotocol that was not offered, a header field that cannot be sent, an origin that is none.
 */
export function judgeUpgradeRequest(head: RequestHead, options: UpgradeAnswerOptions = {}): Acceptance | Refusal {
  const extra = toExtraFields(options.headers, 'Cannot accept upgrade')
  try {
    const key = judgeHead(head, options)
    const offered = parseProtocols(head.headers)
    const extensionOffers = parseExtensions(fieldValues(head.headers, 'Sec-WebSocket-Extensions'))
    const protocol = chooseProtocol(offered, head, options.protocols)
    const { extensions, chain } = answerExtensions(extensionOffers, options.extensions ?? [])
    const headers: [string, string][] = [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', acceptKey(key)],
    ]
    if (protocol !== '') headers.push(['Sec-WebSocket-Protocol', protocol])
    if (extensions !== '') headers.push(['Sec-WebSocket-Extensions', extensions])
    headers.push(...extra)
    const response = { status: 101, statusText: 'Switching Protocols', httpVersion: '1.1', headers }
    return { accepted: true, response, protocol, extensions, chain }
  } catch (error) {
    if (error instanceof ProtocolError) return refuseFault(error, head.method)
    throw error
  }
}

/** Whether a request asks for a page and not for an upgrade: GET or HEAD, without a body, which nobody would read. */
export function isPlainRequest({ method, headers }: RequestHead): boolean {
  return (method === 'GET' || method === 'HEAD') && !hasField(headers, 'Upgrade') && !hasBody(headers)
}

/** The request's key, if all but its lists is in order. */
function judgeHead(
  head: RequestHead,
  { allowedOrigins = 'same-origin', secure = false }: UpgradeAnswerOptions,
): string {
  judgeRequestLine(head)
  const host = judgeHost(head, secure)
  judgeBody(head)
  judgeUpgrade(head)
  judgeVersion(head)
  judgeOrigin(head, host, allowedOrigins)
  return judgeKey(head)
}

function judgeRequestLine({ method, target, httpVersion }: RequestHead): void {
  if (method !== 'GET') throw fault('unexpected-method', `want method GET, got ${quote(method)}`)
  if (httpVersion !== '1.1') throw fault('unsupported-http-version', `want HTTP/1.1, got HTTP/${httpVersion}`)
  if (!/^(?:\/|(?:https?|wss?):\/\/)/i.test(target) || target.includes('#')) {
    throw fault('malformed-head', `want a path or a URL without a fragment as target, got ${quote(target)}`)
  }
}

/** The origin that the request speaks to; the host of a target that is a URL counts more than Host (RFC 9112 §3.2.2). */
function judgeHost({ target, headers }: RequestHead, secure: boolean): string {
  const hosts = fieldValues(headers, 'Host')
  if (hosts.length !== 1) throw fault('invalid-host', `want one Host, got ${hosts.length || 'none'}`)
  const scheme = secure ? 'https' : 'http'
  const authority = target.startsWith('/') ? hosts[0]! : /^\w+:\/\/([^/?]*)/.exec(target)![1]!
  const origin = webOrigin(`${scheme}://${hosts[0]}`) && webOrigin(`${scheme}://${authority}`)
  if (origin === undefined) throw fault('invalid-host', `want a host and perhaps a port, got ${quote(authority)}`)
  return origin
}

/** A body would be read as frames; there is none in an upgrade. */
function judgeBody({ headers }: RequestHead): void {
  if (hasBody(headers)) throw fault('unexpected-body', 'want a request without a body')
}

function hasBody(headers: HeaderFields): boolean {
  const lengths = fieldValues(headers, 'Content-Length')
  return hasField(headers, 'Transfer-Encoding') || lengths.some((length) => length !== '0')
}

function judgeUpgrade({ headers }: RequestHead): void {
  const hixie76 = hasField(headers, 'Sec-WebSocket-Key1') || hasField(headers, 'Sec-WebSocket-Key2')
  const hybi = hasField(headers, 'Sec-WebSocket-Key') || hasField(headers, 'Sec-WebSocket-Version')
  const upgrade = listIncludes(headers, 'Upgrade', 'websocket')
  if (hixie76 || (upgrade && !hybi)) {
    throw fault('obsolete-handshake', `this is a hixie draft of the protocol; want RFC 6455, version ${VERSION}`)
  }
  if (!upgrade) throw fault('missing-upgrade', 'want Upgrade: websocket; this is not a WebSocket request')
  if (!listIncludes(headers, 'Connection', 'upgrade')) {
    throw fault('missing-connection', `want Connection to contain Upgrade, got ${quoteValues(headers, 'Connection')}`)
  }
}

/** RFC 6455 §4.4; its grammar in §4.3: 0 to 255 without leading zeros. */
function judgeVersion({ headers }: RequestHead): void {
  const versions = fieldValues(headers, 'Sec-WebSocket-Version')
  if (versions.length === 1 && versions[0] === VERSION) return
  const known = versions.length === 1 && /^(?:0|[1-9]\d{0,2})$/.test(versions[0]!) && Number(versions[0]) <= 255
  throw fault(
    known ? 'unsupported-version' : 'invalid-version',
    `want Sec-WebSocket-Version ${VERSION}, got ${quoteValues(headers, 'Sec-WebSocket-Version')}`,
  )
}

function judgeKey({ headers }: RequestHead): string {
  const keys = fieldValues(headers, 'Sec-WebSocket-Key')
  if (keys.length === 1 && isKey(keys[0]!)) return keys[0]!
  throw fault(
    'invalid-key',
    `want Sec-WebSocket-Key with base64 of 16 bytes, got ${quoteValues(headers, 'Sec-WebSocket-Key')}`,
  )
}

function chooseProtocol(
  offered: readonly string[],
  head: RequestHead,
  choice: NonNullable<UpgradeAnswerOptions['protocols']> = [],
): string {
  if (typeof choice !== 'function') return offered.find((protocol) => choice.includes(protocol)) ?? ''
  const chosen = choice(offered, head)
  if (chosen === undefined || offered.includes(chosen)) return chosen ?? ''
  throw new TypeError(`Cannot accept upgrade: want a subprotocol that was offered, got ${quote(chosen)}`)
}

function fault(code: ProtocolErrorCode, message: string): ProtocolError {
  return new ProtocolError(code, `Cannot accept upgrade: ${message}`)
}
