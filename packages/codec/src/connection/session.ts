// The life of a connection: wires the pure protocol to intake, inbox, outbox, sender and heartbeat, and decides when it ends and what
// everybody is told. The rules live in those; the closing handshake is a table in closing.ts.

import { secureMaskingKey } from '../frame/mask.ts'
import type { CloseBody } from '../message/close-body.ts'
import { NO_BYTES, requireBytes } from '../values/bytes.ts'
import { Opcode } from '../values/opcode.ts'
import { StatusCode } from '../values/status-code.ts'
import type { BytesLike, ByteStreams } from '../values/types.ts'
import type { WebSocketError } from '../values/websocket-error.ts'
import { channelOf, type ChannelOffer } from './claim.ts'
import { Closer, type CloserEvents } from './closer.ts'
import type { ClosingState } from './closing.ts'
import { abnormalEnd, brokenBy, closeBodyOf, closedByUs, failureClose, lostData } from './ends.ts'
import { Ending } from './ending.ts'
import { type Environment, environmentOf } from './environment.ts'
import type { FrameObserver } from './frame-sender.ts'
import { Heartbeat, type HeartbeatEvents } from './heartbeat.ts'
import { Inbound, type InboundEvents } from './inbound.ts'
import { Inbox } from './inbox.ts'
import { Intake, type IntakeEvents } from './intake.ts'
import { type ConnectionOptions, resolveOptions } from './options.ts'
import { Outbound, type OutboundEvents } from './outbound.ts'
import { Outbox } from './outbox.ts'
import type { Sendable, SendOptions } from './outgoing-message.ts'
import { handled } from './promises.ts'
import { Postponed } from './postponed.ts'
import { Protocol } from './protocol.ts'
import { Sender, type SenderEvents } from './sender.ts'
import type { ConnectionStats } from './stats.ts'
import { WholeSender } from './whole-sender.ts'

/** What a connection is made of, and whom its parts tell. `Connection` is its door. */
export class Session
  implements IntakeEvents, InboundEvents, OutboundEvents, SenderEvents, HeartbeatEvents, CloserEvents {
  /** What becomes of `Connection.closed`. */
  readonly ending: Ending = new Ending()
  readonly inbound: Inbound
  readonly outbound: Outbound
  readonly #environment: Environment
  readonly #protocol: Protocol
  readonly #inbox: Inbox
  readonly #intake: Intake
  readonly #outbox: Outbox
  readonly #sender: Sender
  /** Made when it is needed, as few connections need it. */
  #heartbeat: Heartbeat | undefined
  readonly #closer: Closer
  /** What our Close will say, and how many written chunks go before it; undefined until the application closes. */
  #closing: { readonly body: CloseBody; readonly after: number } | undefined
  /** What ends the connection uncleanly: the one error that everybody sees. */
  #error: WebSocketError | undefined
  /** Made for the first step that is put off. */
  #postponed: Postponed | undefined

  /** Locks both streams; throws before that for options that cannot be used. */
  constructor(transport: ByteStreams | ChannelOffer, options: ConnectionOptions, observe: FrameObserver | undefined) {
    const { role, head = NO_BYTES, binary, autoPong = true } = options
    requireBytes(head, 'Cannot open WebSocket: head')
    const { limits, keepAlive } = resolveOptions(options)
    const environment = this.#environment = environmentOf(options)
    const { allocate, insecureMaskingKeys: maskingKeys = secureMaskingKey } = environment
    const protocol = this.#protocol = new Protocol({ role, limits, maskingKeys, allocate, autoPong, observe })
    const channel = channelOf(transport, environment)
    const inbox = this.#inbox = new Inbox(limits.readAhead)
    this.#intake = inbox.intake = new Intake(channel, protocol, inbox, this)
    this.inbound = new Inbound(inbox, { maxMessageSize: limits.maxMessageSize, allocate, binary, environment }, this)
    const outbox = this.#outbox = new Outbox(protocol.frames, channel, environment, limits)
    const whole = new WholeSender(protocol.frames, outbox, observe === undefined, this.inbound.assembly)
    this.#sender = new Sender(protocol.frames, outbox, limits, whole, this)
    this.outbound = new Outbound(limits, channel.keepsNothing && observe === undefined, this.#sender, outbox, this)
    this.#closer = new Closer(protocol, outbox, environment, limits, this)
    if (keepAlive !== undefined) this.#heartbeat = new Heartbeat(environment, this, keepAlive)
    void this.#intake.start(head)
  }

  // ── Sending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** See `Connection.send`. */
  send(message: Sendable, options?: SendOptions): Promise<void> {
    return this.accepting ? this.#sender.send(message, options) : this.#refused()
  }

  /** See `Connection.ping`; `payload` is checked already. */
  ping(payload: Uint8Array | undefined): Promise<number> {
    return this.#refusal(payload) ??
      handled((this.#heartbeat ??= new Heartbeat(this.#environment, this)).ping(payload))
  }

  /** See `Connection.stats`. */
  stats(): ConnectionStats {
    return {
      ...this.#protocol.counters,
      bytesWaiting: this.#sender.waiting + this.outbound.queued,
      bytesReadAhead: this.#inbox.size,
      lastRoundTrip: this.#heartbeat?.lastRoundTrip,
    }
  }

  /** Whether the application may still send. */
  get accepting(): boolean {
    return this.#closing === undefined && this.#error === undefined && this.#protocol.state === 'open'
  }

  #refused(reason: unknown = this.#error ?? closedByUs()): Promise<never> {
    return handled(Promise.reject(reason))
  }

  /** Why a control frame is not taken: whoever answers a flood of pings must meet a limit, too (law 4). */
  #refusal(payload: Uint8Array = NO_BYTES): Promise<never> | undefined {
    if (!this.accepting) return this.#refused()
    const overflow = this.#sender.overflow(payload.length)
    return overflow && this.#refused(overflow)
  }

  /** A chunk that came out of `writable`'s queue: sent, unless it was written after a close. */
  write(message: string | BytesLike): Promise<void> {
    const inTime = this.#closing === undefined || this.outbound.passed <= this.#closing.after
    if (this.#error !== undefined || !this.#protocol.sendable || !inTime) throw this.#error ?? closedByUs()
    const sent = this.#sender.sendWhole(message)
    this.onIdle()
    return sent
  }

  /** See `Connection.pong`; `payload` is checked already. */
  pong(payload: Uint8Array): Promise<void> {
    const refusal = this.#refusal(payload)
    if (refusal) return refusal
    this.#protocol.frames.control(Opcode.Pong, payload)
    this.#outbox.schedule()
    return this.#outbox.ready()
  }

  sendPing(payload: Uint8Array, spare: boolean): void {
    if (spare && this.#protocol.frames.stalled) return
    this.#protocol.frames.control(Opcode.Ping, payload)
    this.#outbox.schedule()
  }

  // ── Closing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts the closing handshake with any status code; tells whether the connection was open till now. */
  close(body: CloseBody): boolean {
    if (this.#closing !== undefined || this.#protocol.state !== 'open') return false
    this.#closing = { body, after: this.outbound.written }
    this.#closer.step('close')
    this.onIdle()
    return true
  }

  /** Ends the connection at once. */
  cut(): void {
    this.close({ reason: '' })
    this.#closer.step('timeout')
  }

  async closeCleanly(): Promise<void> {
    this.close({ reason: '' })
    await this.ending.promise
  }

  /** `writable` was aborted. */
  onAbort(reason: unknown): void {
    this.close(closeBodyOf(reason))
  }

  /** `readable` was cancelled: what comes is dropped. */
  onCancel(reason: unknown): void {
    this.#inbox.discard()
    this.close(closeBodyOf(reason))
  }

  /** Sends our Close once everything that goes before it is out of our hands. */
  onIdle(): void {
    if (!this.#sender.idle) return
    const { state } = this.#protocol
    if (state === 'flushing' && this.#closing !== undefined && this.outbound.passed >= this.#closing.after) {
      this.#closer.step('flushed', this.#closing.body)
    } else if (state === 'replying') {
      this.#closer.step('flushed', this.#protocol.closeReceived) // code and reason back, as browsers do (RFC 6455 §5.5.1)
    }
  }

  /** The peer's Close: we answer it, and what we could not send any more is lost (WebSocketStream, clause 13). */
  #closeReceived(close: CloseBody): void {
    const unsent = this.#protocol.sendable && this.outbound.passed < this.outbound.written
    this.#closer.step('close-received')
    const lost = unsent || !this.#sender.complete
    if (lost || !this.#sender.idle) {
      const error = lostData(close)
      this.#sender.cancel(error)
      if (lost) this.#error ??= error
    }
    this.onIdle()
  }

  /** Fails the connection: our Close says why, and no more data reaches the application. Gives the error that it sees. */
  fail(cause: unknown, close: CloseBody = failureClose(cause)): WebSocketError {
    const { state } = this.#protocol
    const error = this.#error ?? brokenBy(cause)
    if (state === 'ended' || state === 'failing') return error
    this.#error = error
    this.#errorStreams(error)
    this.#closer.step('failure', close)
    return error
  }

  /** As `fail`, at the end of this turn, so that the application can take what came before. */
  failLater(cause: unknown, close?: CloseBody): void {
    this.#postpone(() => this.fail(cause, close))
  }

  #postpone(step: () => void): void {
    this.#postponed ??= new Postponed(this.#environment)
    this.#postponed.put(step)
  }

  /** The transport ended; or is broken, and `why` says how. */
  #lost(why?: string, cause?: unknown): void {
    this.#postponed?.run()
    const { state } = this.#protocol
    const isBroken = why !== undefined
    if (state !== 'handshaken' && state !== 'ended') {
      const fault = isBroken ? undefined : this.#protocol.endOfBytes()
      if (isBroken) this.#error ??= abnormalEnd(why, cause)
      else if (fault !== undefined) this.#error ??= brokenBy(fault)
    }
    // What breaks behind both Close frames takes nothing from anybody, and an error costs more than the rest of the end.
    const loses = state !== 'handshaken' || this.#outbox.waiting > 0
    if (isBroken && loses) this.#outbox.abort(this.lossOf(why, cause))
    this.#closer.step('end')
  }

  /** What those hear whose data the transport does not take any more; behind both Close frames it is only that data. */
  lossOf(why: string, cause?: unknown): WebSocketError {
    const { closeReceived, frames } = this.#protocol
    const over = closeReceived !== undefined && frames.closed
    return this.#error ?? (over ? lostData(closeReceived, cause) : abnormalEnd(why, cause))
  }

  /** The peer's direction has ended; ours follows, in bounded time, and then everybody is told. */
  onEnded(before: ClosingState): void {
    this.#intake.stop()
    // Where both Close frames or our own verdict are on their way, the peer is still to get them.
    if (before === 'handshaken' || before === 'failing') this.#closer.shutdown()
    if (before !== 'handshaken' || this.#error !== undefined) return this.#endUncleanly()
    const close = this.#protocol.closeReceived!
    // Data that the transport did not take any more was lost, whatever the handshake says (WebSocketStream, clause 13).
    this.#outbox.taken().then(
      () => this.#endCleanly(close),
      (error) => this.#endUncleanly(error as WebSocketError),
    )
  }

  #endCleanly({ statusCode = StatusCode.NoStatusReceived, reason }: CloseBody): void {
    this.inbound.end()
    // Later, so that `readable.pipeTo(writable)` ends well: it closes what it writes to when what it reads has closed.
    this.#environment.defer(() => this.outbound.end(closedByUs))
    this.#heartbeat?.stop(closedByUs())
    this.ending.resolve({ closeCode: statusCode, reason })
  }

  #endUncleanly(reason: WebSocketError = abnormalEnd('the closing handshake was not finished')): void {
    const error = this.#error ??= reason
    this.#errorStreams(error)
    if (!this.#outbox.closing) this.#outbox.abort(error)
    this.ending.reject(error)
  }

  #errorStreams(error: WebSocketError): void {
    this.#sender.abort(error)
    this.#outbox.release(error)
    this.inbound.end(error)
    this.outbound.end(() => error)
    this.#heartbeat?.stop(error)
  }

  // ── What comes in ──────────────────────────────────────────────────────────────────────────────────────────────────

  onAlive(): void {
    this.#heartbeat?.alive()
  }

  onPong(payload: Uint8Array): void {
    this.#heartbeat?.pong(payload)
  }

  onClose(close: CloseBody): void {
    this.#postpone(() => this.#closeReceived(close))
  }

  onPumped(): void {
    this.inbound.flush()
    if (this.#protocol.frames.size > 0) this.#outbox.schedule()
  }

  onEnd(cause: unknown): void {
    const lose = (): void => this.#lost(cause === undefined ? undefined : 'the transport failed', cause)
    // Some transports bring the end in the turn of the last bytes, which the application is to take first; a clean end leaves them to it.
    if (this.#protocol.closeReceived !== undefined) lose()
    else this.#environment.defer(lose)
  }

  cutShort(): unknown {
    return this.#error ?? abnormalEnd('the connection closed inside the message')
  }

  /** Silence says nothing while we do not read, and the closing handshake has clocks of its own. */
  isPaused(): boolean {
    return this.#intake.paused || this.#protocol.frames.holdsBack || this.#protocol.state !== 'open'
  }

  onDead(silence: number): void {
    this.#lost(`the peer was silent for ${silence} ms after a ping`)
  }

  onStep(): void {
    if (!this.#protocol.sendable) this.#intake.pump()
  }
}
