// A request as a server's hooks see it: its head with what is asked for most, and what only the transport knows.

import { fieldValues, type HeaderFields, listElements } from './fields.ts'
import type { RequestHead } from './http1.ts'

/** An upgrade request as a server's hooks see it. Only `remoteAddress` and `secure` can be trusted; the rest is the client's word. */
export interface UpgradeRequest {
  /** The method; `GET` once the request is accepted. */
  readonly method: string
  /** The request-target as it was sent: a path with its query, or a whole URL. */
  readonly target: string
  /** Digits only, such as `1.1`. */
  readonly httpVersion: string
  /** The header fields in order, names as they were sent. */
  readonly headers: HeaderFields
  /** The subprotocols that the client offers, most preferred first. */
  readonly protocols: readonly string[]
  /** The page's origin as it was sent, or undefined where there was none; `null` is the opaque origin. */
  readonly origin: string | undefined
  /** The address of the peer, which may be a proxy, or undefined where the transport has none. */
  readonly remoteAddress: string | undefined
  /** Whether the request came over TLS. */
  readonly secure: boolean
}

/** Takes a request apart; judges nothing. */
export function describeRequest(
  head: RequestHead,
  transport: { readonly remoteAddress?: string | undefined; readonly secure?: boolean | undefined } = {},
): UpgradeRequest {
  const { method, target, httpVersion, headers } = head
  return {
    method,
    target,
    httpVersion,
    headers,
    protocols: listElements(fieldValues(headers, 'Sec-WebSocket-Protocol')),
    origin: fieldValues(headers, 'Origin')[0],
    remoteAddress: transport.remoteAddress,
    secure: transport.secure ?? false,
  }
}
