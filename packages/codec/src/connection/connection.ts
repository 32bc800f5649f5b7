// The door of a connection: byte streams on one side, messages on the other. Wires the pure protocol to inbox, outbox, sender,
// heartbeat and timer; the rules live in those, and the ways a connection can end in closing.ts.

import type { CloseBody } from '../message/close-body.ts'
import { checkControlData } from '../message/encoder.ts'
import { type Limits, resolveLimits } from '../values/limits.ts'
import { Opcode } from '../values/opcode.ts'
import type { BytesLike, ByteStreams } from '../values/types.ts'
import { checkCloseInfo, type CloseInfo, WebSocketError } from '../values/websocket-error.ts'
import type { ClosingEvent } from './closing.ts'
import { abnormalEnd, closedByUs, type CloseResult, failureClose, lostData } from './ends.ts'
import { type Environment, maskingKeysOf, portableEnvironment } from './environment.ts'
import { Heartbeat } from './heartbeat.ts'
import { Inbound } from './inbound.ts'
import { Inbox } from './inbox.ts'
import type { IncomingMessage } from './incoming-message.ts'
import type { ConnectionOptions } from './options.ts'
import { Outbound } from './outbound.ts'
import { Outbox } from './outbox.ts'
import type { Sendable, SendOptions } from './outgoing-message.ts'
import { Protocol } from './protocol.ts'
import { Sender } from './sender.ts'
import type { ConnectionStats } from './stats.ts'

/** Closes with any status code, such as 1001 or 1011. Tells whether the connection was open till now. */
export let closeWith: (connection: Connection, body: CloseBody) => boolean

/** Ends a connection at once; `closed` rejects with 1006 unless it has ended already. */
export let cutOff: (connection: Connection) => void

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
  /**
   * Resolves when the connection has ended cleanly, with the peer's code and reason (1005 where it gave none); rejects with a
   * `WebSocketError` when it ended in any other way. Counts as handled.
   */
  readonly closed: Promise<CloseResult>

  readonly #limits: Limits
  readonly #environment: Environment
  readonly #protocol: Protocol
  readonly #inbox: Inbox
  readonly #inbound: Inbound
  readonly #outbox: Outbox
  readonly #sender: Sender
  readonly #outbound: Outbound
  readonly #heartbeat: Heartbeat
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #settleClosed!: { resolve: (result: CloseResult) => void; reject: (error: unknown) => void }
  /** What our Close will say, and how many written chunks go before it; undefined until the application closes. */
  #closing: { body: CloseBody; after: number } | undefined
  /** What ends the connection uncleanly: the one error that everybody sees. */
  #error: WebSocketError | undefined
  #stopTimer: (() => void) | undefined
  /** Something that waits for the end of this turn, so that the application can take what came before it. */
  #postponed: (() => void) | undefined
  #pumping = false
  /** Lets reading go on; set while it is paused. */
  #resumeReading: (() => void) | undefined

  // What our own serving may do and an application may not: a Close with any code, and an end without waiting.
  static {
    closeWith = (connection, body) => {
      const open = connection.#closing === undefined && connection.#protocol.state === 'open'
      connection.#close(body)
      return open
    }
    cutOff = (connection) => {
      connection.#close({ reason: '' })
      connection.#step('timeout')
    }
  }

  /** Takes the transport over: locks both its streams. Throws `RangeError` for limits out of range. */
  constructor(transport: ByteStreams, options: ConnectionOptions) {
    const { role, protocol = '', extensions = '', observe, keepAlive, autoPong = true } = options
    this.protocol = protocol
    this.extensions = extensions
    this.closed = new Promise((resolve, reject) => this.#settleClosed = { resolve, reject })
    this.closed.catch(() => {})
    const limits = this.#limits = resolveLimits(options.limits)
    const environment = this.#environment = { ...portableEnvironment, ...options.environment }
    const { allocate } = environment
    const maskingKeys = maskingKeysOf(environment)
    this.#protocol = new Protocol({ role, limits, maskingKeys, allocate, autoPong, observe })
    this.#inbox = new Inbox(limits.readAhead, () => this.#pump())
    this.#inbound = new Inbound({
      inbox: this.#inbox,
      maxMessageSize: limits.maxMessageSize,
      allocate,
      views: options.binary === 'view',
      violated: (error) => this.#fail(error),
      cutShort: () => this.#error ?? abnormalEnd('the connection closed inside the message'),
      onCancel: (reason) => this.#giveUp(reason),
    })
    this.#outbox = new Outbox(this.#protocol, transport.writable, environment, limits, (error) => this.#lost(error))
    this.#sender = new Sender(this.#protocol, this.#outbox, limits, observe === undefined, {
      onIdle: () => this.#continueClosing(),
      onBroken: (error) => this.#fail(error),
    })
    this.#outbound = new Outbound(limits, {
      send: (message) => this.#write(message),
      close: () => this.#closeCleanly(),
      abort: (reason) => void this.#giveUp(reason),
      overflow: (error) => this.#postpone(() => this.#fail(error)),
    })
    this.#heartbeat = new Heartbeat(environment, {
      sendPing: (payload) => this.#sendPing(payload),
      isPaused: () => this.#resumeReading !== undefined,
      onDead: (silence) => this.#die(silence),
    }, keepAlive)
    this.#reader = transport.readable.getReader()
    void this.#read(options.head)
  }

  /**
   * Incoming messages, one chunk a message: a string for text, a `Uint8Array` for binary. Nothing is put together before it is
   * pulled; backpressure reaches the transport. Errors with a `WebSocketError` when the connection ends uncleanly.
   * Cancelling it closes the connection, with the code and reason of a `WebSocketError` if that is what it is cancelled with.
   */
  get readable(): ReadableStream<string | Uint8Array> {
    return this.#inbound.readable
  }

  /**
   * Outgoing messages, one chunk a message: bytes make a binary message, anything else its string. `ready` is about bytes that
   * wait to go out (`limits.highWaterMark`). Closing it closes the connection and resolves when that has ended cleanly.
   */
  get writable(): WritableStream<string | BytesLike> {
    return this.#outbound.writable
  }

  /**
   * Incoming messages of any size, one body each. Locks `readable` while it iterates; throws `TypeError` where that is locked already.
   * Leaving the loop leaves the connection open; what is unread of a body is skipped.
   */
  messages(): AsyncIterableIterator<IncomingMessage> {
    return this.#inbound.messages()
  }

  /**
   * Sends one message: a string as text, bytes as binary, a stream as fragments as its chunks come, or as one frame of
   * `options.length` bytes. Sends keep their order. Resolves when less than `limits.highWaterMark` waits to go out; for
   * bytes of 16 KiB and more and for streams, when the transport has taken them: until then they are lent and must not change.
   *
   * Rejects with `TypeError` or `RangeError` for what cannot be sent, and where more than `limits.maxQueued` would wait; with
   * `InvalidStateError` after a close; with the `WebSocketError` that ended the connection. A stream that fails half-way
   * rejects with its error and fails the connection with 1011.
   */
  send(message: Sendable, options?: SendOptions): Promise<void> {
    if (!this.#accepting) return handled(Promise.reject(this.#error ?? closedByUs()))
    const sent = this.#sender.send(message, options)
    return sent
  }

  /**
   * Sends a ping and resolves with the round trip in milliseconds. `data` is at most 125 bytes and copied; without it each ping has
   * its own. Rejects with `TypeError` or `RangeError` for other data, and when the connection ends first.
   */
  ping(data?: BytesLike): Promise<number> {
    try {
      const payload = data === undefined ? undefined : checkControlData(data)
      if (!this.#accepting) return handled(Promise.reject(this.#error ?? closedByUs()))
      return handled(this.#heartbeat.ping(payload))
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
    this.#close(closeCode === null ? { reason } : { statusCode: closeCode, reason })
  }

  /** What the connection has done so far, and what waits. */
  stats(): ConnectionStats {
    return {
      ...this.#protocol.counters,
      bytesWaiting: this.#outbox.waiting + this.#sender.queued,
      bytesReadAhead: this.#inbox.size,
      lastRoundTrip: this.#heartbeat.lastRoundTrip,
    }
  }

  /** Closes and waits for the end, clean or not. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await this.closed.catch(() => {})
  }

  // ── Receiving ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Reads the transport to its end, whatever happens: only so is the end seen. */
  async #read(head: Uint8Array | undefined): Promise<void> {
    try {
      if (head !== undefined && head.length > 0) await this.#receive(head)
      for (;;) {
        const { done, value } = await this.#reader.read()
        if (done) break
        const paused = this.#receive(value)
        if (paused !== undefined) await paused
      }
      this.#lost(undefined)
    } catch (error) {
      this.#lost(error)
    }
  }

  /** Takes a chunk; a promise where reading must wait until the application has taken something. */
  #receive(chunk: Uint8Array): Promise<void> | undefined {
    this.#heartbeat.alive()
    // What is read ahead must not pin a buffer many times its size (security.md, row 22).
    this.#protocol.receive(chunk.length * 2 < chunk.buffer.byteLength ? chunk.slice() : chunk)
    this.#pump()
    if (!this.#mustPause) return undefined
    return new Promise((resolve) => this.#resumeReading = resolve)
  }

  get #mustPause(): boolean {
    return this.#protocol.hasMore || (this.#inbox.full && this.#protocol.sendable)
  }

  /** Moves what the bytes hold to whom it concerns, until the read-ahead is full. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      // After our own Close what comes is discarded, so that the peer's Close is seen.
      while (!this.#inbox.full || !this.#protocol.sendable) {
        const received = this.#protocol.next()
        if (received === undefined) break
        if ('frame' in received) this.#inbox.push(received)
        else if ('pong' in received) this.#heartbeat.pong(received.pong)
        else this.#postpone(() => this.#closeReceived(received.close))
      }
    } catch (error) {
      this.#postpone(() => this.#fail(error))
    } finally {
      this.#pumping = false
    }
    if (this.#protocol.outgoing > 0) this.#outbox.schedule()
    if (this.#resumeReading !== undefined && !this.#mustPause) this.#resume()
  }

  #resume(): void {
    const resume = this.#resumeReading
    this.#resumeReading = undefined
    resume?.()
  }

  // ── Sending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  get #accepting(): boolean {
    return this.#closing === undefined && this.#error === undefined && this.#protocol.state === 'open'
  }

  /** A chunk that came out of `writable`'s queue: sent, unless it was written after a close. */
  #write(message: string | BytesLike): Promise<void> {
    const inTime = this.#closing === undefined || this.#outbound.passed <= this.#closing.after
    if (this.#error !== undefined || !this.#protocol.sendable || !inTime) {
      return Promise.reject(this.#error ?? closedByUs())
    }
    const sent = this.#sender.send(message)
    this.#continueClosing()
    return sent
  }

  #sendPing(payload: Uint8Array): void {
    this.#protocol.sendControl(Opcode.Ping, payload)
    this.#outbox.schedule()
  }

  // ── Closing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #close(body: CloseBody): void {
    if (this.#closing !== undefined || this.#protocol.state !== 'open') return
    this.#closing = { body, after: this.#outbound.written }
    this.#step('close')
    this.#continueClosing()
  }

  async #closeCleanly(): Promise<void> {
    this.#close({ reason: '' })
    await this.closed
  }

  /** `readable.cancel` and `writable.abort`: closes with the reason's code, if it is a `WebSocketError` (websocketstream.md, 9). */
  async #giveUp(reason: unknown): Promise<void> {
    const given = reason instanceof WebSocketError && reason.closeCode !== null
    this.#inbox.discard()
    this.#close(given ? { statusCode: reason.closeCode!, reason: reason.reason } : { reason: '' })
  }

  /** Sends our Close once everything that goes before it is out of our hands. */
  #continueClosing(): void {
    if (!this.#sender.idle) return
    const { state } = this.#protocol
    if (state === 'flushing' && this.#closing !== undefined && this.#outbound.passed >= this.#closing.after) {
      this.#step('flushed', this.#closing.body)
    } else if (state === 'replying') {
      this.#step('flushed', this.#protocol.closeReceived) // code and reason back, as browsers do (RFC 6455 §5.5.1)
    }
  }

  /** The peer's Close: we answer it, and what we could not send any more is lost (websocketstream.md, 13). */
  #closeReceived(close: CloseBody): void {
    const error = lostData(close)
    const unsent = this.#protocol.sendable && this.#outbound.passed < this.#outbound.written
    this.#step('close-received')
    if (this.#sender.cancel(error) || unsent) this.#error ??= error
    this.#continueClosing()
  }

  /** Fails the connection: our Close says why, and no more data reaches the application. */
  #fail(cause: unknown): WebSocketError {
    const { state } = this.#protocol
    if (state === 'ended' || state === 'failing') return this.#error ?? abnormalEnd('the connection has ended', cause)
    const error = this.#error ??= abnormalEnd((cause as Error)?.message ?? String(cause), cause)
    this.#errorStreams(error)
    this.#step('failure', failureClose(cause))
    return error
  }

  #die(silence: number): void {
    this.#error ??= abnormalEnd(`the peer was silent for ${silence} ms after a ping`)
    this.#outbox.abort(this.#error)
    this.#step('end')
  }

  /** The transport ended, or broke with `cause`. */
  #lost(cause: unknown): void {
    this.#runPostponed()
    if (this.#protocol.state !== 'handshaken') {
      const reason = cause ?? this.#protocol.endOfBytes()
      this.#error ??= abnormalEnd(
        cause === undefined ? 'the connection ended without a Close frame' : 'the transport failed',
        reason,
      )
    }
    this.#step('end')
  }

  #step(event: ClosingEvent, close?: CloseBody): void {
    const before = this.#protocol.state
    for (const action of this.#protocol.step(event, close)) {
      if (action === 'send-close') this.#outbox.flush()
      else if (action === 'shutdown') void this.#outbox.shutdown()
      else if (action === 'shutdown-as-server') { if (this.#protocol.role === 'server') void this.#outbox.shutdown() }
      else if (action === 'start-timer') this.#startTimer()
      else this.#cut()
    }
    if (!this.#protocol.sendable) this.#pump()
    if (this.#protocol.state === 'ended' && before !== 'ended') this.#finish(before === 'handshaken')
  }

  #startTimer(): void {
    this.#stopTimer?.()
    this.#stopTimer = this.#environment.startTimer(() => this.#step('timeout'), this.#limits.closeTimeout)
  }

  #cut(): void {
    this.#outbox.abort(this.#error ?? abnormalEnd(`no end within the close timeout of ${this.#limits.closeTimeout} ms`))
  }

  /** Tells everybody how it ended, and lets go of the transport. */
  #finish(handshaken: boolean): void {
    this.#stopTimer?.()
    this.#reader.cancel().catch(() => {})
    this.#resume()
    const close = this.#protocol.closeReceived
    if (handshaken && close !== undefined && this.#error === undefined) {
      this.#endOfTransport()
      this.#inbound.end()
      // Later, so that `readable.pipeTo(writable)` ends well: it closes what it writes to when what it reads has closed.
      this.#environment.defer(() => this.#outbound.end(closedByUs()))
      this.#outbox.release(closedByUs())
      this.#heartbeat.stop(closedByUs())
      this.#settleClosed.resolve({ closeCode: close.statusCode ?? 1005, reason: close.reason })
    } else {
      const error = this.#error ??= abnormalEnd('the closing handshake was not finished')
      this.#errorStreams(error)
      this.#outbox.abort(error)
      this.#settleClosed.reject(error)
    }
  }

  /** Our direction ends in bounded time, too. */
  #endOfTransport(): void {
    const stop = this.#environment.startTimer(() => this.#cut(), this.#limits.closeTimeout)
    void this.#outbox.shutdown().then(stop)
  }

  #errorStreams(error: WebSocketError): void {
    this.#sender.abort(error)
    this.#outbox.release(error)
    this.#inbound.end(error)
    this.#outbound.end(error)
    this.#heartbeat.stop(error)
  }

  #postpone(step: () => void): void {
    if (this.#postponed !== undefined) return
    this.#postponed = step
    this.#environment.defer(() => this.#runPostponed())
  }

  #runPostponed(): void {
    const step = this.#postponed
    this.#postponed = undefined
    step?.()
  }
}

/** A promise that nobody has to catch: the end of a connection is told by `closed` too. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
