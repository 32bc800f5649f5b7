// How a server says no: an HTTP response that ends the connection, with a body that a person can read.

import type { ProtocolError, ProtocolErrorCode } from '../values/protocol-error.ts'
import { checkText, hasField, type HeaderFields, type HeaderFieldsInit, toExtraFields } from './fields.ts'
import type { ResponseHead } from './http1.ts'

/** The only version of the protocol that is spoken here (RFC 6455 §4.1). */
export const VERSION = '13'

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
  /** The reason phrase; the usual one unless told. */
  readonly statusText?: string | undefined
  /** More header fields, such as `WWW-Authenticate` or `Location`. */
  readonly headers?: HeaderFieldsInit | undefined
  /** The body; text is `text/plain` unless `headers` say otherwise. */
  readonly body?: string | Uint8Array | undefined
}

/**
 * Refuses an upgrade for a reason of one's own: 401, a redirect, 404, whatever fits (RFC 6455 §4.2.2). Throws `RangeError`
 * for a status outside 200 to 599 and `TypeError` for a header field that cannot be sent, or a body where none may be.
 */
export function refuse(status: number, init: RefusalInit = {}): Refusal {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`Cannot refuse upgrade: status must be an integer from 200 to 599, got ${String(status)}`)
  }
  const extra = toExtraFields(init.headers, 'Cannot refuse upgrade')
  checkText(init.statusText ?? '', 'statusText', 'Cannot refuse upgrade')
  const body = init.body ?? ''
  return { accepted: false, response: respond(status, ['close'], extra, body, init.statusText), body }
}

/**
 * The response to a peer's fault, also to one in the head itself. Its body is the error's message, but for the method
 * `HEAD` (RFC 9110 §9.3.2).
 */
export function refuseFault(reason: ProtocolError, method?: string): Refusal {
  const { status = 400, headers = [] } = answers[reason.code] ?? {}
  const body = method === 'HEAD' ? '' : `${reason.message}\n`
  // Whoever sends Upgrade must name it in Connection (RFC 9110 §7.8).
  const options = hasField(headers, 'Upgrade') ? ['Upgrade', 'close'] : ['close']
  return { accepted: false, response: respond(status, options, headers, body), body, reason }
}

/** Faults that ask for more than a 400. */
const answers: { readonly [code in ProtocolErrorCode]?: { status?: number; headers?: HeaderFields } } = {
  'unexpected-method': { status: 405, headers: [['Allow', 'GET']] },
  'missing-upgrade': { status: 426, headers: [['Upgrade', 'websocket']] },
  'unsupported-version': { status: 426, headers: [['Upgrade', 'websocket'], ['Sec-WebSocket-Version', VERSION]] },
  'invalid-version': { headers: [['Sec-WebSocket-Version', VERSION]] },
  'obsolete-handshake': { headers: [['Sec-WebSocket-Version', VERSION]] },
  'refused-origin': { status: 403 },
  'head-too-big': { status: 431 },
}

function respond(
  status: number,
  options: readonly string[],
  extra: HeaderFields,
  body: string | Uint8Array,
  statusText: string = statusTexts[status] ?? '',
): ResponseHead {
  const length = typeof body === 'string' ? new TextEncoder().encode(body).length : body.length
  const bodiless = status === 204 || status === 304 // RFC 9110 §15.3.5, §15.4.5
  if (bodiless && length > 0) throw new TypeError(`Cannot refuse upgrade: status ${status} goes without a body`)
  const headers: [string, string][] = [['Connection', options.join(', ')]]
  if (typeof body === 'string' && length > 0 && !hasField(extra, 'Content-Type')) {
    headers.push(['Content-Type', 'text/plain; charset=utf-8'])
  }
  if (!bodiless) headers.push(['Content-Length', String(length)])
  return { status, statusText, httpVersion: '1.1', headers: [...headers, ...extra] }
}

const statusTexts: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  410: 'Gone',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}
