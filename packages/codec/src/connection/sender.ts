// The order of what is sent. One streamed message at a time owns the way out; everything else is encoded at once, or waits for
// it in order. Owns the sources being sent; knows nothing of transports.

import type { CloseBody } from '../message/close-body.ts'
import type { Limits } from '../values/limits.ts'
import { Queue } from '../values/queue.ts'
import { ourFault } from './ends.ts'
import type { FrameSender } from './frame-sender.ts'
import type { Outbox } from './outbox.ts'
import { checkType, type Sendable, type SendOptions } from './outgoing-message.ts'
import { type Deferred, deferred, handled } from './promises.ts'
import type { MaskedMessage } from './protocol.ts'
import { StreamedMessage, streamMessage } from './stream-sender.ts'
import { type PassedMessage, sizeOfMessage, type WholeMessage, type WholeSender } from './whole-sender.ts'

/** Something accepted that waits for a streamed message to end. */
interface WaitingSend {
  readonly size: number
  readonly start: () => Promise<void>
  /** It will never be started. */
  readonly drop: (reason: unknown) => void
  readonly settle: Deferred
}

/** What a sender tells. */
export interface SenderEvents {
  /** The last accepted message has been encoded. */
  onIdle(): void
  /** A message was begun and cannot be finished; `close` is what the peer is told of it. */
  fail(cause: unknown, close: CloseBody): void
}

/** Sends messages in order. */
export class Sender {
  readonly #frames: FrameSender
  readonly #outbox: Outbox
  readonly #limits: Limits
  readonly #whole: WholeSender
  readonly #events: SenderEvents
  /** The streamed message under way, and what stops it. */
  #stream: { readonly message: StreamedMessage; readonly control: AbortController } | undefined
  #queue: Queue<WaitingSend> | undefined
  #queued = 0

  constructor(frames: FrameSender, outbox: Outbox, limits: Limits, whole: WholeSender, events: SenderEvents) {
    this.#frames = frames
    this.#outbox = outbox
    this.#limits = limits
    this.#whole = whole
    this.#events = events
  }

  /** Whether everything accepted has been encoded. */
  get idle(): boolean {
    return this.#stream === undefined && !this.#queue?.length
  }

  /** Whether all that was accepted has been encoded, though the source of a streamed message has not said yet that it has ended. */
  get complete(): boolean {
    return !this.#queue?.length && (this.#stream === undefined || this.#stream.message.complete)
  }

  /** Bytes accepted that wait to go out, encoded or not. */
  get waiting(): number {
    return this.#outbox.waiting + this.#queued + this.#frames.held
  }

  /** Sends one message, after those before it. Resolves when there is room for more; for a lent payload, when it was taken. */
  send(message: Sendable, options: SendOptions = {}): Promise<void> {
    try {
      checkType(options.type)
      const size = sizeOfMessage(message)
      const overflow = this.overflow(size)
      // The peer decides how fast it reads: whoever forgot this promise must not be crashed by it.
      if (overflow !== undefined) return handled(Promise.reject(overflow))
      return typeof message === 'object' && message instanceof ReadableStream
        ? this.#sendStream(message, options, size)
        : this.sendWhole(message, options, size)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The error of a sender that does not wait; undefined where there is room for so many bytes more. */
  overflow(size: number): RangeError | undefined {
    return judgeRoom(this.waiting, size, this.#limits)
  }

  /** See {@linkcode WholeSender.longestCopy}. */
  get longestCopy(): number {
    return this.#whole.longestCopy
  }

  /** See {@linkcode WholeSender.pass}. Only where the sender is idle. */
  pass(message: PassedMessage | MaskedMessage): void {
    try {
      this.#whole.pass(message)
    } catch (error) {
      this.#events.fail(error, ourFault) // the pipe, which it was taken from, hears of it as its target's failure
    }
  }

  /** As `send`, for a message that was judged already. */
  sendWhole(message: WholeMessage, options: SendOptions = {}, size: number = sizeOfMessage(message)): Promise<void> {
    if (this.idle) return this.#encode(message, options)
    const kept = this.#whole.keep(message)
    return this.#enqueue(size, () => this.#encode(kept, options))
  }

  /** Memory that cannot be had for a payload behind its header leaves the peer inside a frame. */
  #encode(message: WholeMessage, options: SendOptions): Promise<void> {
    try {
      return this.#whole.send(message, options)
    } catch (error) {
      if (this.#frames.insideFrame) this.#events.fail(error, ourFault)
      throw error
    }
  }

  /**
   * Drops what waits and ends a streamed message between its fragments, with their promises rejected; a frame of declared
   * length goes on, since no Close fits into it.
   */
  cancel(reason: unknown): void {
    for (const { drop, settle } of this.#queue?.clear() ?? []) {
      drop(reason)
      settle.reject(reason)
    }
    this.#queued = 0
    if (!this.#frames.insideFrame) this.#stream?.control.abort(reason)
  }

  /** Drops everything, a frame of declared length included: the transport is gone or will be cut. */
  abort(reason: unknown): void {
    this.cancel(reason)
    this.#stream?.control.abort(reason)
  }

  #sendStream(source: ReadableStream<string | Uint8Array>, options: SendOptions, size: number): Promise<void> {
    if (source.locked) throw new TypeError('Cannot send stream: it is locked already')
    const message = new StreamedMessage(this.#frames, this.#outbox, this.#limits.fragmentSize, options)
    const reader = source.getReader()
    const start = () => handled(this.#startStream(message, reader))
    const drop = (reason: unknown) => void reader.cancel(reason).catch(() => {})
    return this.idle ? start() : this.#enqueue(size, start, drop)
  }

  async #startStream(
    message: StreamedMessage,
    reader: ReadableStreamDefaultReader<string | Uint8Array>,
  ): Promise<void> {
    const control = new AbortController()
    const { signal } = control
    this.#stream = { message, control }
    try {
      await streamMessage(message, reader, signal)
    } catch (error) {
      if ((message.begun || this.#frames.insideFrame) && !signal.aborted) this.#events.fail(error, ourFault)
      throw error
    } finally {
      this.#stream = undefined
      this.#next()
    }
    await this.#outbox.taken() // large chunks were lent
  }

  #enqueue(size: number, start: () => Promise<void>, drop: (reason: unknown) => void = () => {}): Promise<void> {
    const settle = deferred()
    this.#queued += size
    this.#queue ??= new Queue()
    this.#queue.push({ size, start, drop, settle })
    return settle.promise
  }

  /** Starts what waited, up to the next streamed message. */
  #next(): void {
    while (this.#stream === undefined && this.#queue?.length) {
      const { size, start, settle } = this.#queue.shift()!
      this.#queued -= size
      try {
        start().then(settle.resolve, settle.reject)
      } catch (error) {
        settle.reject(error)
      }
    }
    if (this.idle) this.#events.onIdle()
  }
}

/**
 * The error of a sender that does not wait; undefined where there is room. Whoever waits until less than the high-water mark
 * waits to go out never meets it, whatever the size of his messages.
 */
export function judgeRoom(waiting: number, size: number, limits: Limits): RangeError | undefined {
  const { maxQueued, highWaterMark } = limits
  if (waiting + size <= maxQueued || waiting < highWaterMark) return undefined
  return new RangeError(
    `Cannot send message: at most ${maxQueued} bytes may wait to go out (limits.maxQueued), got ${size} more on ${waiting}`,
  )
}
