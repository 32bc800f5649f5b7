/// <reference lib="esnext.disposable" preserve="true" />
// The door of a connection: byte streams on one side, messages on the other. Owns the public shape; the life behind it is the session's.

import type { CloseBody } from '../message/close-body.ts'
import { checkControlData } from '../message/encoder.ts'
import type { BytesLike, ByteStreams, Frame, OwnBytes } from '../values/types.ts'
import { checkCloseInfo, type CloseInfo } from '../values/websocket-error.ts'
import { type CloseResult, ourFault } from './ends.ts'
import { extended } from './extended.ts'
import type { IncomingMessage } from './incoming-message.ts'
import type { ConnectionOptions, Observe } from './options.ts'
import type { Sendable, SendOptions } from './outgoing-message.ts'
import { Session } from './session.ts'
import type { ConnectionStats } from './stats.ts'

/** The life behind the door, for what our own serving may do and an application may not. */
let sessionOf: (connection: Connection) => Session

/** Closes with any status code, such as 1001 or 1011. Tells whether the connection was open till now. */
export function closeWith(connection: Connection, body: CloseBody): boolean {
  return sessionOf(connection).close(body)
}

/** Ends a connection at once; `closed` rejects with 1006 unless it has ended already. */
export function cutOff(connection: Connection): void {
  sessionOf(connection).cut()
}

/** Has `listener` called when the connection has ended, clean or not; one listener a connection. */
export function whenEnded(connection: Connection, listener: () => void): void {
  sessionOf(connection).ending.onEnd(listener)
}

/**
 * A WebSocket connection over any byte streams. `openConnection` and `acceptConnection` make one by upgrading a transport;
 * the constructor takes one that is upgraded already.
 *
 * ```ts
 * import { type Connection } from '@wirestream/codec'
 *
 * async function echo(connection: Connection): Promise<void> {
 *   await connection.readable.pipeTo(connection.writable)
 * }
 * ```
 */
export class Connection {
  /** The subprotocol that was chosen; empty for none. */
  readonly protocol: string
  /** The extensions that were negotiated, as in the response's header field; empty for none. */
  readonly extensions: string
  readonly #session: Session

  static {
    sessionOf = (connection) => connection.#session
  }

  /**
   * Takes the transport over and locks both its streams. Throws `RangeError` for limits or times out of range, and `TypeError` for
   * locked streams or a head that is not a `Uint8Array`; in these cases the transport is left alone.
   */
  constructor(transport: ByteStreams, options: ConnectionOptions) {
    this.protocol = options.protocol ?? ''
    this.extensions = options.extensions ?? ''
    const { observe, chain = [] } = options
    const [streams, rest] = chain.length === 0
      ? [transport, options]
      : extended(transport, { ...options, chain }, (cause) => this.#session.failLater(cause))
    this.#session = new Session(streams, rest, observe && ((...seen) => this.#show(observe, ...seen)))
  }

  /**
   * Resolves when the connection has ended cleanly, with the peer's close code (1005 if it sent none) and reason; rejects with a
   * `WebSocketError` when it ended in any other way. A rejection that nobody handles is not reported.
   */
  get closed(): Promise<CloseResult> {
    return this.#session.ending.promise
  }

  /**
   * Incoming messages, one per chunk: a string for text, a `Uint8Array` for binary. A message is assembled only when it is pulled;
   * backpressure reaches the transport. Errors with a `WebSocketError` when the connection ends uncleanly. Cancelling closes the
   * connection; if the reason is a `WebSocketError`, with its code and reason.
   */
  get readable(): ReadableStream<string | OwnBytes> {
    return this.#session.inbound.readable as ReadableStream<string | OwnBytes>
  }

  /**
   * Outgoing messages, one per chunk: bytes go out as binary, anything else as text, converted to a string. `ready` follows the bytes
   * that wait to go out (`limits.highWaterMark`); a writer that ignores it and passes `limits.maxQueued` fails the connection with 1011.
   * Closing the stream closes the connection and resolves once the connection has ended cleanly.
   */
  get writable(): WritableStream<string | BytesLike> {
    return this.#session.outbound.writable
  }

  /**
   * Incoming messages of any size, each with a body to read. Iterating locks `readable`, or throws `TypeError` where it is locked
   * already or has begun to take a message, and the `WebSocketError` of an unclean end. Leaving the loop leaves the connection open;
   * the unread rest of a body is skipped.
   */
  messages(): AsyncIterableIterator<IncomingMessage> {
    return this.#session.inbound.messages()
  }

  /**
   * Sends one message: a string as text, bytes as binary, a stream in fragments as its chunks arrive, or as one frame of
   * `options.length` bytes. Messages keep their order. Resolves when less than `limits.highWaterMark` waits to go out; streams, and on
   * a server more than 16 KiB of bytes, once the transport has taken them: until then they are lent and must not change.
   *
   * Rejects with `TypeError` or `RangeError` for what cannot be sent, and where more than `limits.maxQueued` would wait; with
   * `InvalidStateError` after a close; with the `WebSocketError` that ended the connection. If a stream fails half-way, this rejects
   * with its error and the connection fails with 1011. A stream that is refused because the connection is closing or has ended is
   * neither locked nor cancelled and stays the caller's. An unhandled rejection is reported only where the message itself is wrong,
   * not for the connection's state, a full queue or a failed stream.
   */
  send(message: Sendable, options?: SendOptions): Promise<void> {
    return this.#session.send(message, options)
  }

  /**
   * Sends a ping and resolves with the round trip in milliseconds. `data` is at most 125 bytes and copied; by default each ping gets a
   * payload of its own. Rejects with `TypeError` or `RangeError` for other data, and where more than `limits.maxQueued` would wait; with
   * `InvalidStateError` or the connection's `WebSocketError` where it is closing, or ends before the pong arrives.
   */
  ping(data?: BytesLike): Promise<number> {
    try {
      return this.#session.ping(data === undefined ? undefined : checkControlData(data))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Sends a pong: to answer a ping seen with `observe` while `autoPong` is off, or unsolicited, as a sign of life (RFC 6455 §5.5.3).
   * `data` is at most 125 bytes and copied. Resolves when there is room for more; rejects with `TypeError` or `RangeError` for other
   * data, with `RangeError` where more than `limits.maxQueued` would wait, and with `InvalidStateError` or the connection's
   * `WebSocketError` once it is closing or has ended.
   */
  pong(data: BytesLike = new Uint8Array(0)): Promise<void> {
    try {
      return this.#session.pong(checkControlData(data))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Starts the closing handshake: messages accepted so far go out, then our Close; `closed` reports the end. Does nothing when the
   * connection is already closing. Without a code, a reason is sent with 1000, and no reason means no code. Throws `InvalidAccessError`
   * for a code other than 1000 and 3000 to 4999, `SyntaxError` for a reason over 123 bytes of UTF-8, `TypeError` for an argument that
   * is not an object or a code outside 0 to 65535.
   */
  close(info?: CloseInfo): void {
    const { closeCode, reason } = checkCloseInfo(info)
    this.#session.close(closeCode === null ? { reason } : { statusCode: closeCode, reason })
  }

  /** What the connection has done so far, and what waits. */
  stats(): ConnectionStats {
    return this.#session.stats()
  }

  /** If the user's hook throws, this connection fails and nothing else is affected. */
  #show(observe: Observe, direction: 'in' | 'out', frame: Readonly<Frame>): void {
    try {
      observe(direction, frame, this)
    } catch (error) {
      this.#session.failLater(error, ourFault)
    }
  }

  /** Closes and waits for the end, clean or not. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await this.closed.catch(() => {})
  }
}
