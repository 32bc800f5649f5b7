// The life of a connection: wires the pure protocol to intake, inbox, outbox, sender and heartbeat, and decides when it ends and what
// everybody is told. The rules live in those; the closing handshake is a table in closing.ts.

import type { CloseBody } from '../message/close-body.ts'
import { Opcode } from '../values/opcode.ts'
import { StatusCode } from '../values/status-code.ts'
import type { BytesLike, ByteStreams } from '../values/types.ts'
import type { WebSocketError } from '../values/websocket-error.ts'
import { channelOf } from './claim.ts'
import { Closer } from './closer.ts'
import type { ClosingState } from './closing.ts'
import { abnormalEnd, closeBodyOf, closedByUs, type CloseResult, failureClose, lostData } from './ends.ts'
import { type Environment, maskingKeysOf, portableEnvironment } from './environment.ts'
import type { FrameObserver } from './frame-sender.ts'
import { Heartbeat } from './heartbeat.ts'
import { Inbound } from './inbound.ts'
import { Inbox } from './inbox.ts'
import { Intake } from './intake.ts'
import { type ConnectionOptions, resolveOptions } from './options.ts'
import { Outbound } from './outbound.ts'
import { Outbox } from './outbox.ts'
import type { Sendable, SendOptions } from './outgoing-message.ts'
import { handled } from './promises.ts'
import { Postponed } from './postponed.ts'
import { Protocol } from './protocol.ts'
import { Sender } from './sender.ts'
import type { ConnectionStats } from './stats.ts'

/** What a connection is made of. `Connection` is its door. */
export class Session {
  /** See `Connection.closed`. */
  readonly closed: Promise<CloseResult>
  readonly inbound: Inbound
  readonly outbound: Outbound
  readonly #environment: Environment
  readonly #protocol: Protocol
  readonly #inbox: Inbox
  readonly #intake: Intake
  readonly #outbox: Outbox
  readonly #sender: Sender
  readonly #heartbeat: Heartbeat
  readonly #closer: Closer
  #settleClosed!: { resolve: (result: CloseResult) => void; reject: (error: unknown) => void }
  /** What our Close will say, and how many written chunks go before it; undefined until the application closes. */
  #closing: { readonly body: CloseBody; readonly after: number } | undefined
  /** What ends the connection uncleanly: the one error that everybody sees. */
  #error: WebSocketError | undefined
  readonly #postponed: Postponed

  /** Locks both streams; throws before that for options that cannot be used. */
  constructor(transport: ByteStreams, options: ConnectionOptions, observe: FrameObserver | undefined) {
    const { role, autoPong = true } = options
    const { limits, keepAlive } = resolveOptions(options)
    const channel = channelOf(transport)
    this.closed = handled(new Promise((resolve, reject) => this.#settleClosed = { resolve, reject }))
    const environment = this.#environment = { ...portableEnvironment, ...options.environment }
    const { allocate } = environment
    this.#postponed = new Postponed(environment)
    const protocol = this.#protocol = new Protocol({
      role,
      limits,
      maskingKeys: maskingKeysOf(environment),
      allocate,
      autoPong,
      observe: observe && ((direction, frame) => this.#guard(() => observe(direction, frame))),
    })
    this.#inbox = new Inbox(limits.readAhead, () => this.#intake.pump())
    this.inbound = new Inbound({
      inbox: this.#inbox,
      maxMessageSize: limits.maxMessageSize,
      allocate,
      views: options.binary === 'view',
      violated: (error) => this.#fail(error),
      cutShort: () => this.#error ?? abnormalEnd('the connection closed inside the message'),
      onCancel: (reason) => this.#stopReading(reason),
    })
    this.#outbox = new Outbox(
      protocol.frames,
      channel,
      environment,
      limits,
      (cause) => this.#lost({ why: BROKEN, cause }),
    )
    this.#sender = new Sender(protocol.frames, this.#outbox, limits, observe === undefined, {
      isOurs: (bytes) => this.inbound.isLatest(bytes),
      onIdle: () => this.#continueClosing(),
      onBroken: (error) => void this.#fail(error),
    })
    this.outbound = new Outbound(limits, channel.keepsNothing && observe === undefined, {
      isOpen: () => this.#accepting && this.#sender.idle,
      hasRoom: () => this.#outbox.hasRoom,
      ready: () => this.#outbox.ready(),
      pass: (message) => this.#sender.pass(message),
      flush: () => this.#outbox.flush(),
      send: (message) => this.#write(message),
      close: () => this.#closeCleanly(),
      abort: (reason) => void this.close(closeBodyOf(reason)),
      overflow: (error) => this.#postponed.put(() => this.#fail(error)),
      dropped: () => this.#continueClosing(),
    })
    this.#heartbeat = new Heartbeat(environment, {
      sendPing: (payload) => this.#sendPing(payload),
      // The closing handshake has clocks of its own.
      isPaused: () => this.#intake.paused || protocol.state !== 'open',
      onDead: (silence) => this.#lost({ why: `the peer was silent for ${silence} ms after a ping` }),
    }, keepAlive)
    this.#intake = new Intake(channel, protocol, this.#inbox, {
      onAlive: () => this.#heartbeat.alive(),
      onPong: (payload) => this.#heartbeat.pong(payload),
      onClose: (close) => this.#postponed.put(() => this.#closeReceived(close)),
      onViolation: (error) => this.#postponed.put(() => this.#fail(error)),
      onPumped: () => {
        this.inbound.flush()
        if (protocol.frames.size > 0) this.#outbox.schedule()
      },
      onEnd: (cause) => this.#lost(cause === undefined ? undefined : { why: BROKEN, cause }),
    })
    this.#closer = new Closer(protocol, this.#outbox, environment, limits, {
      lossOf: (why) => this.#lossOf(why),
      onStep: () => !protocol.sendable && this.#intake.pump(),
      onEnded: (before) => this.#finish(before),
    })
    void this.#intake.start(options.head)
  }

  // ── Sending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** See `Connection.send`. */
  send(message: Sendable, options?: SendOptions): Promise<void> {
    return this.#accepting ? this.#sender.send(message, options) : this.#refused()
  }

  /** See `Connection.ping`; `payload` is checked already. */
  ping(payload: Uint8Array | undefined): Promise<number> {
    return this.#accepting ? handled(this.#heartbeat.ping(payload)) : this.#refused()
  }

  /** See `Connection.stats`. */
  stats(): ConnectionStats {
    return {
      ...this.#protocol.counters,
      bytesWaiting: this.#outbox.waiting + this.#sender.queued + this.outbound.queued,
      bytesReadAhead: this.#inbox.size,
      lastRoundTrip: this.#heartbeat.lastRoundTrip,
    }
  }

  get #accepting(): boolean {
    return this.#closing === undefined && this.#error === undefined && this.#protocol.state === 'open'
  }

  #refused(): Promise<never> {
    return handled(Promise.reject(this.#error ?? closedByUs()))
  }

  /** A chunk that came out of `writable`'s queue: sent, unless it was written after a close. */
  #write(message: string | BytesLike): Promise<void> {
    const inTime = this.#closing === undefined || this.outbound.passed <= this.#closing.after
    if (this.#error !== undefined || !this.#protocol.sendable || !inTime) return this.#refused()
    const sent = this.#sender.sendWhole(message)
    this.#continueClosing()
    return sent
  }

  /** See `Connection.pong`; `payload` is checked already. */
  pong(payload: Uint8Array): Promise<void> {
    if (!this.#accepting) return this.#refused()
    this.#protocol.frames.control(Opcode.Pong, payload)
    this.#outbox.schedule()
    return this.#outbox.ready()
  }

  #sendPing(payload: Uint8Array): void {
    this.#protocol.frames.control(Opcode.Ping, payload)
    this.#outbox.schedule()
  }

  // ── Closing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts the closing handshake with any status code; tells whether the connection was open till now. */
  close(body: CloseBody): boolean {
    if (this.#closing !== undefined || this.#protocol.state !== 'open') return false
    this.#closing = { body, after: this.outbound.written }
    this.#closer.step('close')
    this.#continueClosing()
    return true
  }

  /** Ends the connection at once. */
  cut(): void {
    this.close({ reason: '' })
    this.#closer.step('timeout')
  }

  async #closeCleanly(): Promise<void> {
    this.close({ reason: '' })
    await this.closed
  }

  /** `readable` was cancelled: what comes is dropped. */
  #stopReading(reason: unknown): void {
    this.#inbox.discard()
    this.close(closeBodyOf(reason))
  }

  /** Sends our Close once everything that goes before it is out of our hands. */
  #continueClosing(): void {
    if (!this.#sender.idle) return
    const { state } = this.#protocol
    if (state === 'flushing' && this.#closing !== undefined && this.outbound.passed >= this.#closing.after) {
      this.#closer.step('flushed', this.#closing.body)
    } else if (state === 'replying') {
      this.#closer.step('flushed', this.#protocol.closeReceived) // code and reason back, as browsers do (RFC 6455 §5.5.1)
    }
  }

  /** The peer's Close: we answer it, and what we could not send any more is lost (websocketstream.md, 13). */
  #closeReceived(close: CloseBody): void {
    const error = lostData(close)
    const unsent = this.#protocol.sendable && this.outbound.passed < this.outbound.written
    this.#closer.step('close-received')
    if (this.#sender.cancel(error) || unsent) this.#error ??= error
    this.#continueClosing()
  }

  /** Fails the connection: our Close says why, and no more data reaches the application. Gives the error that it sees. */
  #fail(cause: unknown): WebSocketError {
    const { state } = this.#protocol
    const error = this.#error ?? abnormalEnd((cause as Error)?.message ?? String(cause), cause)
    if (state === 'ended' || state === 'failing') return error
    this.#error = error
    this.#errorStreams(error)
    this.#closer.step('failure', failureClose(cause))
    return error
  }

  /** The transport ended, or is broken. */
  #lost(broken: { readonly why: string; readonly cause?: unknown } | undefined): void {
    this.#postponed.run()
    const { state } = this.#protocol
    if (state !== 'handshaken' && state !== 'ended') {
      this.#error ??= broken === undefined
        ? abnormalEnd('the connection ended without a Close frame', this.#protocol.endOfBytes())
        : abnormalEnd(broken.why, broken.cause)
    }
    if (broken !== undefined) this.#outbox.abort(this.#lossOf(broken.why, broken.cause))
    this.#closer.step('end')
  }

  /** What those hear whose data the transport does not take any more; behind both Close frames it is only that data. */
  #lossOf(why: string, cause?: unknown): WebSocketError {
    const { closeReceived, frames } = this.#protocol
    const over = closeReceived !== undefined && frames.closed
    return this.#error ?? (over ? lostData(closeReceived, cause) : abnormalEnd(why, cause))
  }

  /** The peer's direction has ended; ours follows, in bounded time, and then everybody is told. */
  #finish(before: ClosingState): void {
    this.#intake.stop()
    // Where both Close frames or our own verdict are on their way, the peer is still to get them.
    if (before === 'handshaken' || before === 'failing') this.#closer.shutdown()
    if (before !== 'handshaken' || this.#error !== undefined) return this.#endUncleanly()
    const close = this.#protocol.closeReceived!
    // Data that the transport did not take any more was lost, whatever the handshake says (websocketstream.md, 13).
    this.#outbox.taken().then(
      () => this.#endCleanly(close),
      (error) => this.#endUncleanly(error as WebSocketError),
    )
  }

  #endCleanly({ statusCode = StatusCode.NoStatusReceived, reason }: CloseBody): void {
    const error = closedByUs()
    this.inbound.end()
    // Later, so that `readable.pipeTo(writable)` ends well: it closes what it writes to when what it reads has closed.
    this.#environment.defer(() => this.outbound.end(error))
    this.#heartbeat.stop(error)
    this.#settleClosed.resolve({ closeCode: statusCode, reason })
  }

  #endUncleanly(reason: WebSocketError = abnormalEnd('the closing handshake was not finished')): void {
    const error = this.#error ??= reason
    this.#errorStreams(error)
    if (!this.#outbox.closing) this.#outbox.abort(error)
    this.#settleClosed.reject(error)
  }

  #errorStreams(error: WebSocketError): void {
    this.#sender.abort(error)
    this.#outbox.release(error)
    this.inbound.end(error)
    this.outbound.end(error)
    this.#heartbeat.stop(error)
  }

  /** Runs a user's hook: what it throws fails the connection, and nobody else. */
  #guard(hook: () => void): void {
    try {
      hook()
    } catch (error) {
      this.#postponed.put(() => this.#fail(error))
    }
  }
}

const BROKEN = 'the transport failed'
