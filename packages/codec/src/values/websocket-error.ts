// The errors that a connection's user sees, as the WebSockets standard has them.

import { isBytesLike, utf8Length } from './bytes.ts'

/** What a close carries: `closeCode` 1000 or 3000 to 4999, `reason` at most 123 bytes of UTF-8. */
export interface CloseInfo {
  /** 1000, or 3000 to 4999 (RFC 6455 §7.4.2). */
  closeCode?: number | undefined
  /** At most 123 bytes of UTF-8; without a code it means 1000. */
  reason?: string | undefined
}

/** The longest reason that fits beside a status code in a control frame, in bytes of UTF-8 (RFC 6455 §5.5). */
export const MAX_REASON_LENGTH = 123

/**
 * A close as a caller states it, checked and completed: a reason without a code means 1000. Throws `TypeError` for
 * what no conversion makes a code, `InvalidAccessError` for a code a caller may not use, `SyntaxError` for a long reason.
 */
export function checkCloseInfo(info: CloseInfo = {}): { closeCode: number | null; reason: string } {
  if (info === null) info = {}
  if (typeof info !== 'object' && typeof info !== 'function') {
    throw new TypeError(`Cannot close: the argument must be an object, got ${typeof info}`)
  }
  // Each is read once and in this order, as Web IDL has it.
  const { closeCode: code } = info
  let closeCode = code === undefined ? null : toUnsignedShort(code)
  const { reason: text } = info
  const reason = text === undefined ? '' : toReason(text)
  if (closeCode !== null && !isCallersCode(closeCode)) {
    throw new DOMException(`Cannot close: code must be 1000 or 3000 to 4999, got ${closeCode}`, 'InvalidAccessError')
  }
  const length = utf8Length(reason)
  if (length > MAX_REASON_LENGTH) {
    throw new DOMException(
      `Cannot close: reason must be at most ${MAX_REASON_LENGTH} bytes of UTF-8, got ${length}`,
      'SyntaxError',
    )
  }
  if (closeCode === null && reason !== '') closeCode = 1000
  return { closeCode, reason }
}

/** Whether a caller may close with that code. */
export function isCallersCode(code: number): boolean {
  return code === 1000 || (code >= 3000 && code <= 4999)
}

/** Web IDL's `[EnforceRange] unsigned short`. */
function toUnsignedShort(value: unknown): number {
  const code = Math.trunc(+(value as number)) // a BigInt is none
  if (!(code >= 0 && code <= 65535)) {
    throw new TypeError(`Cannot close: code must be a number from 0 to 65535, got ${String(value)}`)
  }
  return code
}

/** Web IDL's `USVString`, except that bytes are refused: nobody means their list of numbers (security.md, row 6). */
function toReason(value: unknown): string {
  if (isBytesLike(value)) throw new TypeError('Cannot close: reason must be a string, got bytes')
  return `${value as string}`.replace(/\p{Surrogate}/gu, '\ufffd')
}

/** How a WebSocket ended or why it never began, as the WebSockets standard has it; `cause` says why in detail. */
export class WebSocketError extends DOMException {
  /** The status code of the close, or null where none was given. */
  readonly closeCode: number | null
  /** The reason of the close; empty where none was given. */
  readonly reason: string
  /** What led here: the `ProtocolError`, or the transport's error. */
  declare cause?: unknown
  /** What no other object has. */
  readonly #genuine = true

  /** Whether a value was made by this class, whatever prototype it has: only such a one says how streams are closed (WebSocketStream, clause 9). */
  static is(value: unknown): value is WebSocketError {
    return Object(value) === value && #genuine in (value as object)
  }

  /** Checks `closeCode` and `reason` as `close()` does and throws what it throws. */
  constructor(message = '', init: CloseInfo & { cause?: unknown } = {}) {
    super(message, 'WebSocketError')
    const { closeCode, reason } = checkCloseInfo(init)
    this.closeCode = closeCode
    this.reason = reason
    if (init === null || init.cause === undefined) return
    const { cause } = init
    Object.defineProperty(this, 'cause', { value: cause, configurable: true, writable: true, enumerable: false })
  }
}

/** A `WebSocketError` with any close code, 1006 included; what only the connection itself may say. */
export function connectionError(
  message: string,
  closeCode: number,
  reason: string,
  cause?: unknown,
): WebSocketError {
  return Object.assign(new WebSocketError(message, { cause }), { closeCode, reason })
}

/** The upgrade was refused, by the peer's server or by us as server: the answer was an HTTP response other than 101, even a 200. */
export class UpgradeError extends WebSocketError {
  /** The response's status, 100 to 999. */
  readonly status: number
  /** The response's header fields, in order, names as they were sent. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** The first bytes of the server's body, at most 64 KiB; the whole body where we were the server. */
  readonly body: Uint8Array

  constructor(
    message: string,
    response: { status: number; headers: ReadonlyArray<readonly [string, string]>; body: Uint8Array; cause?: unknown },
  ) {
    super(message, { cause: response.cause })
    this.status = response.status
    this.headers = response.headers
    this.body = response.body
  }
}
