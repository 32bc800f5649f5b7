// Sec-WebSocket-Protocol: the list of subprotocols a client offers, and the one a server chose (RFC 6455 §1.9).

import { ProtocolError } from '../values/protocol-error.ts'
import { fieldValues, type HeaderFields, isToken, listElements, quote } from './fields.ts'

/**
 * Client: the offer as a list. Throws a `SyntaxError` `DOMException` for what is no token or occurs twice (§4.1, and the
 * WebSockets standard).
 */
export function checkProtocols(protocols: string | Iterable<string> = []): string[] {
  const offer = typeof protocols === 'string' ? [protocols] : Array.from(protocols, (protocol) => `${protocol}`)
  const fault = faultOf(offer)
  if (fault !== undefined) throw new DOMException(`Cannot offer subprotocols: ${fault}`, 'SyntaxError')
  return offer
}

/** Server: the subprotocols a request offers, most preferred first, from all lines of the header (§11.3.4). */
export function parseProtocols(headers: HeaderFields): string[] {
  const values = fieldValues(headers, 'Sec-WebSocket-Protocol')
  const offer = listElements(values)
  const fault = values.length > 0 && offer.length === 0 ? 'want at least one name, got none' : faultOf(offer)
  if (fault !== undefined) {
    throw new ProtocolError('malformed-protocols', `Cannot parse Sec-WebSocket-Protocol: ${fault}`)
  }
  return offer
}

/** Client: the subprotocol a response chose, or an empty string; throws `ProtocolError` `unexpected-protocol` (§4.1). */
export function acceptProtocol(headers: HeaderFields, offered: readonly string[]): string {
  const values = fieldValues(headers, 'Sec-WebSocket-Protocol')
  if (values.length === 0) return ''
  const chosen = values[0]!
  if (values.length === 1 && offered.includes(chosen)) return chosen
  const seen = values.length === 1 ? quote(chosen) : `${values.length} header fields`
  const wanted = offered.length === 0 ? 'no subprotocol' : `one of ${quote(offered.join(', '))}`
  throw new ProtocolError('unexpected-protocol', `Cannot upgrade: want ${wanted}, got ${seen}`)
}

/** Names compare exactly: RFC 6455 §11.5 registers them as they are spelled. */
function faultOf(protocols: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (const protocol of protocols) {
    if (!isToken(protocol)) return `a name must be a token, got ${quote(protocol)}`
    if (seen.has(protocol)) return `names must be unique, got ${quote(protocol)} twice`
    seen.add(protocol)
  }
  return undefined
}
