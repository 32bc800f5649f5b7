// Sec-WebSocket-Protocol: the list of subprotocols a client offers, and the one a server chose (RFC 6455 §1.9).

import { describe, isIterable } from '../values/bytes.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { demand, fieldValues, type HeaderFields, isToken, listElements, quote } from './fields.ts'

const NAME = 'Sec-WebSocket-Protocol'

/**
 * Client: the offer as a list. Throws a `SyntaxError` `DOMException` for what is no token or occurs twice (§4.1, and the
 * WebSockets standard), `TypeError` for what is no list at all.
 */
export function checkProtocols(protocols: string | Iterable<string> = []): string[] {
  if (typeof protocols !== 'string' && !isIterable(protocols)) {
    throw new TypeError(`Cannot offer subprotocols: want a string or a list of them, got ${describe(protocols)}`)
  }
  const offer = typeof protocols === 'string' ? [protocols] : Array.from(protocols, (protocol) => `${protocol}`)
  const fault = faultOf(offer)
  if (fault !== undefined) throw new DOMException(`Cannot offer subprotocols: ${fault}`, 'SyntaxError')
  return offer
}

/** Server: the subprotocols a request offers, most preferred first, from all lines of the header (§11.3.4). */
export function parseProtocols(headers: HeaderFields): string[] {
  const values = fieldValues(headers, NAME)
  if (values.length === 0) return values
  const offer = listElements(values)
  const fault = faultOf(offer.length === 0 ? [''] : offer)
  if (fault !== undefined) throw new ProtocolError('malformed-protocols', `Cannot parse ${NAME}: ${fault}`)
  return offer
}

/** Server: throws `TypeError` for what is no list of subprotocols, which no request could ask for. */
export function checkSpoken(protocols: readonly string[], what: string): void {
  if (!Array.isArray(protocols)) throw new TypeError(`${what}: protocols must be a list, got ${quote(protocols)}`)
  const wrong = protocols.find((protocol) => !isToken(protocol))
  if (wrong !== undefined) throw new TypeError(`${what}: a subprotocol must be a token, got ${quote(wrong)}`)
}

/** Client: the subprotocol a response chose, or an empty string; throws `ProtocolError` `unexpected-protocol` (§4.1). */
export function acceptProtocol(headers: HeaderFields, offered: readonly string[]): string {
  const values = fieldValues(headers, NAME)
  const chosen = values.join() // of several values no token
  const wanted = `one of the offered subprotocols (${quote(offered.join(', '))})`
  demand(values.length === 0 || offered.includes(chosen), 'unexpected-protocol', 'Cannot upgrade', wanted, values)
  return chosen
}

/** Names compare exactly: RFC 6455 §11.5 registers them as they are spelled. */
function faultOf(protocols: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (const protocol of protocols) {
    const twice = seen.has(protocol) ? ' twice' : ''
    if (twice || !isToken(protocol)) return `want unique tokens, got ${quote(protocol)}${twice}`
    seen.add(protocol)
  }
  return undefined
}
