// The body of a Close frame: nothing, or a status code and a reason (RFC 6455 §5.5.1). Reading and writing side by side.

import { ProtocolError } from '../values/protocol-error.ts'
import { isSendableStatusCode } from '../values/status-code.ts'
import { MAX_REASON_LENGTH } from '../values/websocket-error.ts'
import { decodeText } from './text.ts'

/** What a Close frame says; without a body there is no `statusCode`. */
export interface CloseBody {
  statusCode?: number
  reason: string
}

/** Takes a Close frame's payload apart. Throws `ProtocolError` for one byte, a forbidden code, a reason not in UTF-8. */
export function decodeCloseBody(payload: Uint8Array): CloseBody {
  if (payload.length === 0) return { reason: '' }
  if (payload.length === 1) {
    throw new ProtocolError('close-body-too-short', 'Cannot decode Close frame: a body must be at least 2 bytes, got 1')
  }
  const statusCode = payload[0]! * 256 + payload[1]!
  if (!isSendableStatusCode(statusCode)) {
    throw new ProtocolError(
      'invalid-status-code',
      `Cannot decode Close frame: status code must be 1000 to 1003, 1007 to 1014 or 3000 to 4999, got ${statusCode}`,
    )
  }
  return { statusCode, reason: decodeText(payload.subarray(2), 'Close frame') }
}

/**
 * Builds a Close frame's payload; a fresh array. Throws `RangeError` for a code that may not be sent, a reason over 123
 * bytes of UTF-8 or one without a code, and `TypeError` for a reason that is no string.
 */
export function encodeCloseBody({ statusCode, reason }: CloseBody): Uint8Array {
  if (typeof reason !== 'string') {
    throw new TypeError(`Cannot encode Close frame: reason must be a string, got ${typeof reason}`)
  }
  if (statusCode === undefined) {
    if (reason !== '') throw new RangeError('Cannot encode Close frame: a reason needs a status code')
    return new Uint8Array(0)
  }
  if (!isSendableStatusCode(statusCode)) {
    throw new RangeError(
      `Cannot encode Close frame: status code must be 1000 to 1003, 1007 to 1014 or 3000 to 4999, got ${statusCode}`,
    )
  }
  const text = new TextEncoder().encode(reason)
  if (text.length > MAX_REASON_LENGTH) {
    throw new RangeError(
      `Cannot encode Close frame: reason must be at most ${MAX_REASON_LENGTH} bytes of UTF-8, got ${text.length}`,
    )
  }
  const body = new Uint8Array(2 + text.length)
  body[0] = statusCode >>> 8
  body[1] = statusCode
  body.set(text, 2)
  return body
}
