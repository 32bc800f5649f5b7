/// <reference lib="esnext.disposable" preserve="true" />
// The door of a connection: byte streams on one side, messages on the other. Owns the public shape; the life behind it is the session's.

import type { CloseBody } from '../message/close-body.ts'
import { checkControlData } from '../message/encoder.ts'
import type { BytesLike, ByteStreams, Frame, OwnBytes } from '../values/types.ts'
import { checkCloseInfo, type CloseInfo } from '../values/websocket-error.ts'
import type { CloseResult } from './ends.ts'
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
   * Takes the transport over: locks both its streams. Throws `RangeError` for limits and times out of range and `TypeError` for
   * streams that are locked or a head that is no `Uint8Array`, and leaves the transport alone then.
   */
  constructor(transport: ByteStreams, options: ConnectionOptions) {
    this.protocol = options.protocol ?? ''
    this.extensions = options.extensions ?? ''
    const { observe } = options
    this.#session = new Session(transport, options, observe && ((...seen) => this.#show(observe, ...seen)))
  }

  /**
   * Resolves when the connection has ended cleanly, with the peer's code and reason (1005 where it gave none); rejects with a
   * `WebSocketError` when it ended in any other way. Counts as handled.
   */
  get closed(): Promise<CloseResult> {
    return this.#session.ending.promise
  }

  /**
   * Incoming messages, one chunk a message: a string for text, a `Uint8Array` for binary. Nothing is put together before it is
   * pulled; backpressure reaches the transport. Errors with a `WebSocketError` when the connection ends uncleanly.
   * Cancelling it closes the connection, with the code and reason of a `WebSocketError` if that is what it is cancelled with.
   */
  get readable(): ReadableStream<string | OwnBytes> {
    return this.#session.inbound.readable as ReadableStream<string | OwnBytes>
  }

  /**
   * Outgoing messages, one chunk a message: bytes make a binary message, anything else its string. `ready` is about bytes that
   * wait to go out (`limits.highWaterMark`). Closing it closes the connection and resolves when that has ended cleanly.
   */
  get writable(): WritableStream<string | BytesLike> {
    return this.#session.outbound.writable
  }

  /**
   * Incoming messages of any size, one body each. Locks `readable` while it iterates; throws `TypeError` where that is locked already.
   * Leaving the loop leaves the connection open; what is unread of a body is skipped.
   */
  messages(): AsyncIterableIterator<IncomingMessage> {
    return this.#session.inbound.messages()
  }

  /**
   * Sends one message: a string as text, bytes as binary, a stream as fragments as its chunks come, or as one frame of
   * `options.length` bytes. Sends keep their order. Resolves when less than `limits.highWaterMark` waits to go out; for
   * more than 16 KiB of bytes and for streams, when the transport has taken them: until then they are lent and must not change.
   *
   * Rejects with `TypeError` or `RangeError` for what cannot be sent, and where more than `limits.maxQueued` would wait; with
   * `InvalidStateError` after a close; with the `WebSocketError` that ended the connection. A stream that fails half-way
   * rejects with its error and fails the connection with 1011; one that is refused, since the connection is closing or
   * has ended, is neither locked nor cancelled: it is still the caller's. What the connection's state rejects counts as handled; what is wrong with the message does not.
   */
  send(message: Sendable, options?: SendOptions): Promise<void> {
    return this.#session.send(message, options)
  }

  /**
   * Sends a ping and resolves with the round trip in milliseconds. `data` is at most 125 bytes and copied; without it each ping has
   * its own. Rejects with `TypeError` or `RangeError` for other data, and when the connection ends first.
   */
  ping(data?: BytesLike): Promise<number> {
    try {
      return this.#session.ping(data === undefined ? undefined : checkControlData(data))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Sends a pong that answers no ping of ours to know: for who turned `autoPong` off and sees pings with `observe`, or as a sign of
   * life of its own (RFC 6455 §5.5.3). `data` is at most 125 bytes and copied. Resolves when there is room for more; rejects
   * with `TypeError` or `RangeError` for other data, and after the connection's end.
   */
  pong(data: BytesLike = new Uint8Array(0)): Promise<void> {
    try {
      return this.#session.pong(checkControlData(data))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Starts the closing handshake: what was accepted before goes out, then our Close; `closed` tells the end. Does nothing when
   * the connection is closing already. Throws `InvalidAccessError` for a code other than 1000 and 3000 to 4999, `SyntaxError` for a
   * reason over 123 bytes of UTF-8, `TypeError` for an argument that is no object. Without a code no code is sent.
   */
  close(info?: CloseInfo): void {
    const { closeCode, reason } = checkCloseInfo(info)
    this.#session.close(closeCode === null ? { reason } : { statusCode: closeCode, reason })
  }

  /** What the connection has done so far, and what waits. */
  stats(): ConnectionStats {
    return this.#session.stats()
  }

  /** What a user's hook throws fails the connection, and nobody else. */
  #show(observe: Observe, direction: 'in' | 'out', frame: Readonly<Frame>): void {
    try {
      observe(direction, frame, this)
    } catch (error) {
      this.#session.failLater(error)
    }
  }

  /** Closes and waits for the end, clean or not. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await this.closed.catch(() => {})
  }
}
