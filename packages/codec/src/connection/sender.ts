// The order of what is sent. One streamed message at a time owns the way out; everything else is encoded at once, or waits for
// it in order. Owns the sources being sent; knows nothing of transports.

import { LEND_ABOVE } from '../frame/writer.ts'
import { describe, isBytesLike, toBytes, utf8Length } from '../values/bytes.ts'
import type { Limits } from '../values/limits.ts'
import { Opcode } from '../values/opcode.ts'
import type { FrameSender } from './frame-sender.ts'
import type { Inbound } from './inbound.ts'
import type { Releasable } from './lease.ts'
import type { Outbox } from './outbox.ts'
import { checkPayload, PreparedMessage, type Sendable, type SendOptions } from './outgoing-message.ts'
import { type Deferred, deferred, handled } from './promises.ts'
import { Queue } from './queue.ts'
import { StreamedMessage, streamMessage } from './stream-sender.ts'

/** A message that is here already. */
export type WholeMessage = Exclude<Sendable, ReadableStream>

// Longer texts are encoded into an array of their own: encodeInto wants room for three bytes a unit.
const IN_PLACE_TEXT = 4096

/** What a message that waits weighs beside its bytes, so that empty ones are counted too. */
const MESSAGE_COST = 16

/** Something accepted that waits for a streamed message to end. */
interface WaitingSend {
  readonly size: number
  readonly start: () => Promise<void>
  /** It will never be started. */
  readonly drop: (reason: unknown) => void
  readonly settle: Deferred
}

/** A message that goes from one connection to another as it came. */
export interface PassedMessage {
  readonly opcode: Opcode
  readonly parts: readonly Uint8Array[]
  /** Whether the parts are the sender's until they are out; else they are copied at once. */
  readonly lend: boolean
  /** Released when the parts are not needed any more. */
  readonly lease: Releasable | undefined
}

/** What a sender tells. */
export interface SenderEvents {
  /** The last accepted message has been encoded. */
  onIdle(): void
  /** A message was begun and cannot be finished. */
  fail(cause: unknown): void
}

/** Sends messages in order. */
export class Sender {
  readonly #frames: FrameSender
  readonly #outbox: Outbox
  readonly #limits: Limits
  readonly #inPlace: boolean
  readonly #inbound: Pick<Inbound, 'isLatest'>
  readonly #events: SenderEvents
  /** The streamed message under way, and what stops it. */
  #stream: { readonly message: StreamedMessage; readonly control: AbortController } | undefined
  #queue: Queue<WaitingSend> | undefined
  #queued = 0

  /** `inPlace`: whether frames may be written without anybody seeing them. */
  constructor(
    frames: FrameSender,
    outbox: Outbox,
    limits: Limits,
    inPlace: boolean,
    inbound: Pick<Inbound, 'isLatest'>,
    events: SenderEvents,
  ) {
    this.#inbound = inbound
    this.#frames = frames
    this.#outbox = outbox
    this.#limits = limits
    this.#inPlace = inPlace
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

  /** Bytes accepted that wait to be encoded. */
  get queued(): number {
    return this.#queued
  }

  /** Sends one message, after those before it. Resolves when there is room for more; for a lent payload, when it was taken. */
  send(message: Sendable, options: SendOptions = {}): Promise<void> {
    try {
      if (typeof message === 'object' && message instanceof ReadableStream) return this.#sendStream(message, options)
      const size = sizeOfMessage(message)
      const overflow = judgeRoom(this.#outbox.waiting + this.#queued, size, this.#limits)
      // The peer decides how fast it reads: whoever forgot this promise must not be crashed by it.
      if (overflow !== undefined) return handled(Promise.reject(overflow))
      return this.sendWhole(message, options, size)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Encodes a message that came in parts; whoever has passed the last calls the outbox's `flush`. Only where the sender is idle. */
  pass({ opcode, parts, lend, lease }: PassedMessage): void {
    if (parts.length === 1) this.#frames.frame(opcode, parts[0]!, true, lend)
    else {
      let length = 0
      for (const part of parts) length += part.length
      this.#frames.open(opcode, length, true)
      for (const part of parts) this.#frames.part(part, lend)
    }
    if (lease !== undefined) {
      if (lend && parts.some(({ length }) => this.#lends(length))) this.#outbox.releaseWhenTaken(lease)
      else lease.release()
    }
    this.#outbox.limit()
  }

  /** As `send`, for a message that was judged already. */
  sendWhole(message: WholeMessage, options: SendOptions = {}, size: number = sizeOfMessage(message)): Promise<void> {
    if (this.idle) return this.#sendNow(message, options)
    // What is not lent may change as soon as we have returned.
    const ours = isBytesLike(message) && !this.#lends(message.byteLength)
      ? toBytes(message, 'Cannot send message').slice()
      : message
    return this.#enqueue(size, () => this.#sendNow(ours, options))
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

  #sendNow(message: WholeMessage, { type, length }: SendOptions): Promise<void> {
    if (typeof message === 'string') this.#sendText(message, type, length)
    else if (message instanceof PreparedMessage) this.#sendPrepared(message)
    else {
      const bytes = this.#inbound.isLatest(message) ? message as Uint8Array : toBytes(message, 'Cannot send message')
      const payload = checkPayload(bytes, type)
      checkLength(length, payload.length)
      const lend = this.#lends(payload.length)
      this.#frames.frame(type === 'text' ? Opcode.Text : Opcode.Binary, payload, true, lend)
      if (lend) return this.#outbox.taken()
    }
    this.#outbox.schedule()
    return this.#outbox.ready()
  }

  #sendText(text: string, type: SendOptions['type'], length: number | undefined): void {
    if (length !== undefined) checkLength(length, utf8Length(text))
    if (this.#inPlace && text.length <= IN_PLACE_TEXT && type !== 'binary') return this.#frames.text(text)
    // Our own array: lending it harms nobody.
    this.#frames.frame(type === 'binary' ? Opcode.Binary : Opcode.Text, new TextEncoder().encode(text), true, true)
  }

  #sendPrepared({ opcode, payload, frame }: PreparedMessage): void {
    if (this.#frames.role === 'server' && this.#inPlace) this.#frames.encoded(frame)
    else this.#frames.frame(opcode, payload, true, true)
  }

  /** Whether a payload of that length goes out as it is, so that it must not change until it has been taken. */
  #lends(length: number): boolean {
    return this.#frames.role === 'server' && length > LEND_ABOVE
  }

  #sendStream(source: ReadableStream<string | Uint8Array>, options: SendOptions): Promise<void> {
    if (source.locked) throw new TypeError('Cannot send stream: it is locked already')
    const message = new StreamedMessage(this.#frames, this.#outbox, this.#limits.fragmentSize, options)
    const reader = source.getReader()
    const start = () => handled(this.#startStream(message, reader))
    const drop = (reason: unknown) => void reader.cancel(reason).catch(() => {})
    return this.idle ? start() : this.#enqueue(0, start, drop)
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
      if (message.begun && !signal.aborted) this.#events.fail(error)
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

/** What a message weighs while it waits; for long strings, the least it may. Throws `TypeError` for no message. */
export function sizeOfMessage(message: WholeMessage): number {
  return MESSAGE_COST + payloadSize(message)
}

function payloadSize(message: WholeMessage): number {
  if (typeof message === 'string') return message.length <= IN_PLACE_TEXT ? utf8Length(message) : message.length
  if (message instanceof PreparedMessage) return message.frame.length
  if (isBytesLike(message)) return message.byteLength
  throw new TypeError(`Cannot send message: want a string, bytes or a stream of them, got ${describe(message)}`)
}

/**
 * The error of a sender that does not wait; undefined where there is room. Whoever waits until less than the high-water mark
 * waits to go out never meets it, whatever the size of his messages.
 */
export function judgeRoom(waiting: number, size: number, limits: Limits): RangeError | undefined {
  const { maxQueued, highWaterMark } = limits
  if (waiting + size <= maxQueued || waiting < Math.max(1, Math.min(highWaterMark, maxQueued))) return undefined
  return new RangeError(
    `Cannot send message: at most ${maxQueued} bytes may wait to go out (limits.maxQueued), got ${size} more on ${waiting}`,
  )
}

function checkLength(declared: number | undefined, length: number): void {
  if (declared === undefined || declared === length) return
  throw new RangeError(`Cannot send message: want the declared length of ${declared} bytes, got ${length}`)
}
