// How a server says no: an HTTP response that ends the connection, with a body that a person can read.

import { toBytes, utf8Length } from '../values/bytes.ts'
import type { ProtocolError, ProtocolErrorCode } from '../values/protocol-error.ts'
import { checkText, hasField, type HeaderFields, type HeaderFieldsInit, toExtraFields } from './fields.ts'
import type { ResponseHead } from './http1.ts'

/** The only version of the protocol that is spoken here (RFC 6455 §4.1), and the field that says so. */
export const VERSION = '13'
export const VERSION_FIELD: HeaderFields[number] = ['Sec-WebSocket-Version', VERSION]
export const UPGRADE_FIELD: HeaderFields[number] = ['Upgrade', 'websocket']

const CANNOT = 'Cannot refuse upgrade'

/** The server says no: send `encodeResponse(response, body)`, then end the connection. */
export interface Refusal {
  readonly accepted: false
  readonly response: ResponseHead
  /** What the response carries; text goes out as UTF-8. */
  readonly body: string | Uint8Array
  /** The rule that the request broke; undefined for a refusal of the caller's own. */
  readonly reason?: ProtocolError | undefined
}

/** What a caller may say beside the status. */
export interface RefusalInit {
  /** The reason phrase. Default: the usual one of a refusal such as 403, 404 or 426, else none, which HTTP allows (RFC 9112 §4). */
  readonly statusText?: string | undefined
  /** More header fields, such as `WWW-Authenticate` or `Location`. */
  readonly headers?: HeaderFieldsInit | undefined
  /** The body; text is `text/plain` unless `headers` say otherwise. */
  readonly body?: string | Uint8Array | undefined
}

/**
 * Refuses an upgrade for a reason of one's own: 401, a redirect, 404, whatever fits (RFC 6455 §4.2.2). Throws `RangeError`
 * for a status outside 200 to 599 and `TypeError` for a header field that cannot be sent, a body that is neither text nor bytes, or one
 * where none may be.
 */
export function refuse(status: number, { statusText, headers, body = '' }: RefusalInit = {}): Refusal {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`${CANNOT}: status must be an integer from 200 to 599, got ${String(status)}`)
  }
  checkText(statusText ?? '', 'statusText', CANNOT)
  return respond(status, toExtraFields(headers, CANNOT), body, undefined, statusText ?? undefined)
}

/**
 * The response to a peer's fault, also to one in the head itself. Its body is the error's message, but for the method
 * `HEAD` (RFC 9110 §9.3.2).
 */
export function refuseFault(reason: ProtocolError, method?: string): Refusal {
  const [status, ...headers] = answers[reason.code] ?? [400]
  return respond(status, headers, method === 'HEAD' ? '' : `${reason.message}\n`, reason)
}

/** The status and the header fields for faults that ask for more than a 400. */
const answers: { readonly [code in ProtocolErrorCode]?: readonly [status: number, ...HeaderFields] } = {
  'unexpected-method': [405, ['Allow', 'GET']],
  'missing-upgrade': [426],
  'unsupported-version': [426, VERSION_FIELD],
  'invalid-version': [400, VERSION_FIELD],
  'obsolete-handshake': [400, VERSION_FIELD],
  'refused-origin': [403],
  'head-too-big': [431],
}

function respond(
  status: number,
  extra: HeaderFields,
  body: string | Uint8Array,
  reason?: ProtocolError,
  statusText: string = statusTexts[status] ?? '',
): Refusal {
  if (typeof body !== 'string') body = toBytes(body, `${CANNOT}: body`)
  const length = typeof body === 'string' ? utf8Length(body) : body.length
  const bodiless = status === 204 || status === 304 // RFC 9110 §15.3.5, §15.4.5
  // 205 has a length, of no bytes (§15.3.6).
  if ((bodiless || status === 205) && length > 0) throw new TypeError(`${CANNOT}: status ${status} goes without a body`)
  if (status === 426) extra = [UPGRADE_FIELD, ...extra] // RFC 9110 §15.5.22
  // Whoever sends Upgrade must name it in Connection (RFC 9110 §7.8).
  const headers: [string, string][] = [['Connection', hasField(extra, 'Upgrade') ? 'Upgrade, close' : 'close']]
  if (typeof body === 'string' && length > 0 && !hasField(extra, 'Content-Type')) {
    headers.push(['Content-Type', 'text/plain; charset=utf-8'])
  }
  if (!bodiless) headers.push(['Content-Length', String(length)])
  const response = { status, statusText, httpVersion: '1.1', headers: [...headers, ...extra] }
  return { accepted: false, response, body, reason }
}

const statusTexts: Readonly<Record<number, string>> = {
  200: 'OK',
  302: 'Found',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  426: 'Upgrade Required',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}
