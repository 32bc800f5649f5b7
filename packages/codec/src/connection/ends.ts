// The ways a connection ends, as the values and errors that its user sees.

import type { CloseBody } from '../message/close-body.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { StatusCode } from '../values/status-code.ts'
import { connectionError, isCallersCode, MAX_REASON_LENGTH, WebSocketError } from '../values/websocket-error.ts'
import { reasonOf } from './naming.ts'

/** A clean end: the peer's code, 1005 where it gave none, and its reason (RFC 6455 §7.1.5, §7.1.6). */
export interface CloseResult {
  closeCode: number
  reason: string
}

/** An end without a finished closing handshake: 1006 (RFC 6455 §7.1.5). */
export function abnormalEnd(why: string, cause?: unknown): WebSocketError {
  return connectionError(`WebSocket connection failed: ${why}`, StatusCode.AbnormalClosure, '', cause)
}

/** The same, for what an error did to the connection: whatever broke it, its user sees one class of error. */
export function brokenBy(cause: unknown, doing = ''): WebSocketError {
  return abnormalEnd(doing + reasonOf(cause), cause)
}

/** The peer closed while data of ours waited to be sent. */
export function lostData(close: CloseBody, cause?: unknown): WebSocketError {
  const { statusCode = StatusCode.NoStatusReceived, reason } = close
  return connectionError('WebSocket closed by the peer before all data was sent', statusCode, reason, cause)
}

/** The error of writing to a connection that is closing or closed. */
export function closedByUs(): DOMException {
  return new DOMException('Cannot send: the connection is closing or closed', 'InvalidStateError')
}

/** The error of a socket's streams when it was closed under them, or by us. */
export function socketClosed(): Error {
  return new Error('Cannot use socket: it was closed')
}

/** What our Close frame says of trouble that is ours, whatever its class. */
export const ourFault: CloseBody = { statusCode: StatusCode.InternalError, reason: '' }

/** What our Close frame says when we fail a connection: the fault's status code and as much of its message as fits; or that it is ours. */
export function failureClose(cause: unknown): CloseBody {
  if (!(cause instanceof ProtocolError)) return ourFault
  const { statusCode, message } = cause
  const { read } = new TextEncoder().encodeInto(message, new Uint8Array(MAX_REASON_LENGTH))
  return { statusCode, reason: message.slice(0, read) }
}

/**
 * What our Close frame says when a stream is cancelled or aborted with `reason`: its code and reason if it is a
 * `WebSocketError` (WebSocketStream, clause 9). One that came from another connection may have a code that no caller may close with; then
 * neither is said, as the standard has it.
 */
export function closeBodyOf(reason: unknown): CloseBody {
  if (!WebSocketError.is(reason) || !isCallersCode(reason.closeCode ?? 0)) return { reason: '' }
  return { statusCode: reason.closeCode!, reason: reason.reason }
}
