// The order of what is sent. One streamed message at a time owns the way out; everything else is encoded at once, or waits for
// it in order. Owns the sources being sent; knows nothing of transports.

import { describe, isBytesLike, toBytes, utf8Length } from '../values/bytes.ts'
import { LEND_FROM } from '../frame/writer.ts'
import type { Limits } from '../values/limits.ts'
import { Opcode } from '../values/opcode.ts'
import type { Outbox } from './outbox.ts'
import { checkPayload, PreparedMessage, type Sendable, type SendOptions } from './outgoing-message.ts'
import type { Protocol } from './protocol.ts'
import { streamMessage, type StreamTarget } from './stream-sender.ts'

// Longer texts are encoded into an array of their own: encodeInto wants room for three bytes a unit.
const IN_PLACE_TEXT = 4096

/** Something accepted that waits for a streamed message to end. */
interface WaitingSend {
  readonly size: number
  readonly start: () => Promise<void>
  readonly resolve: (value: Promise<void>) => void
  readonly reject: (error: unknown) => void
}

/** What a sender tells. */
export interface SenderEvents {
  /** The last accepted message has been encoded. */
  onIdle(): void
  /** A message was begun and cannot be finished. */
  onBroken(error: unknown): void
}

/** Sends messages in order. */
export class Sender implements StreamTarget {
  readonly protocol: Protocol
  readonly outbox: Outbox
  readonly fragmentSize: number
  readonly #maxQueued: number
  readonly #inPlace: boolean
  readonly #onIdle: () => void
  /** Ends the connection, because a message cannot be finished. */
  readonly onBroken: (error: unknown) => void
  /** The streamed message under way. */
  #stream: AbortController | undefined
  #queue: WaitingSend[] = []
  #queued = 0

  /** `inPlace`: whether frames may be written without anybody seeing them. */
  constructor(protocol: Protocol, outbox: Outbox, limits: Limits, inPlace: boolean, events: SenderEvents) {
    this.protocol = protocol
    this.outbox = outbox
    this.fragmentSize = limits.fragmentSize
    this.#maxQueued = limits.maxQueued
    this.#inPlace = inPlace
    this.#onIdle = events.onIdle
    this.onBroken = events.onBroken
  }

  /** Whether everything accepted has been encoded. */
  get idle(): boolean {
    return this.#stream === undefined && this.#queue.length === 0
  }

  /** Bytes accepted that wait to be encoded. */
  get queued(): number {
    return this.#queued
  }

  /** Sends one message, after those before it. Resolves when there is room for more; for a lent payload, when it was taken. */
  send(message: Sendable, options: SendOptions = {}): Promise<void> {
    try {
      if (message instanceof ReadableStream) return this.#sendStream(message, options)
      const size = this.#judgeRoom(message)
      return this.idle ? this.#sendNow(message, options) : this.#enqueue(size, () => this.#sendNow(message, options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Drops what waits and ends a streamed message between its fragments, with their promises rejected; a frame of declared
   * length goes on, since no Close fits into it. Tells whether anything was lost.
   */
  cancel(reason: unknown): boolean {
    const lost = !this.idle
    for (const { reject } of this.#queue.splice(0)) reject(reason)
    this.#queued = 0
    if (!this.protocol.insideFrame) this.#stream?.abort(reason)
    return lost
  }

  /** Drops everything, a frame of declared length included: the transport is gone or will be cut. */
  abort(reason: unknown): void {
    this.cancel(reason)
    this.#stream?.abort(reason)
  }

  #sendNow(message: Exclude<Sendable, ReadableStream>, { type, length }: SendOptions): Promise<void> {
    const { protocol, outbox } = this
    if (typeof message === 'string' && this.#inPlace && message.length <= IN_PLACE_TEXT && type !== 'binary') {
      protocol.sendText(message)
    } else if (message instanceof PreparedMessage) {
      if (protocol.role === 'server' && this.#inPlace) protocol.sendEncoded(message.frame)
      else protocol.sendFrame(message.opcode, message.payload, true, true)
    } else if (typeof message === 'string') {
      // Our own array: lending it harms nobody.
      protocol.sendFrame(type === 'binary' ? Opcode.Binary : Opcode.Text, new TextEncoder().encode(message), true, true)
    } else {
      const payload = checkPayload(toBytes(message, 'Cannot send message'), type)
      if (length !== undefined && length !== payload.length) throw wrongLength(length, payload.length)
      const lend = protocol.role === 'server' && payload.length >= LEND_FROM
      protocol.sendFrame(type === 'text' ? Opcode.Text : Opcode.Binary, payload, true, lend)
      if (lend) return outbox.taken()
    }
    outbox.schedule()
    return outbox.ready()
  }

  #sendStream(source: ReadableStream<string | Uint8Array>, options: SendOptions): Promise<void> {
    if (source.locked) throw new TypeError('Cannot send stream: it is locked already')
    const reader = source.getReader()
    const start = async () => {
      const control = this.#stream = new AbortController()
      try {
        await streamMessage(this, reader, options, control.signal)
      } finally {
        this.#stream = undefined
        this.#next()
      }
    }
    return this.idle ? start() : this.#enqueue(0, start)
  }

  #enqueue(size: number, start: () => Promise<void>): Promise<void> {
    this.#queued += size
    return new Promise((resolve, reject) => this.#queue.push({ size, start, resolve, reject }))
  }

  /** Starts what waited, up to the next streamed message. */
  #next(): void {
    while (this.#stream === undefined && this.#queue.length > 0) {
      const { size, start, resolve, reject } = this.#queue.shift()!
      this.#queued -= size
      try {
        resolve(start())
      } catch (error) {
        reject(error)
      }
    }
    if (this.idle) this.#onIdle()
  }

  /** A message's size. Throws `RangeError` where too much waits already, and `TypeError` for no message. */
  #judgeRoom(message: Exclude<Sendable, ReadableStream>): number {
    const size = sizeOfMessage(message)
    const waiting = this.outbox.waiting + this.#queued
    if (waiting > 0 && waiting + size > this.#maxQueued) throw tooMuchQueued(waiting, size, this.#maxQueued)
    return size
  }
}

/** How many bytes a message takes; for long strings, the least it may take. */
export function sizeOfMessage(message: Exclude<Sendable, ReadableStream>): number {
  if (typeof message === 'string') return message.length <= IN_PLACE_TEXT ? utf8Length(message) : message.length
  if (message instanceof PreparedMessage) return message.frame.length
  if (isBytesLike(message)) return message.byteLength
  throw new TypeError(`Cannot send message: want a string, bytes or a stream of them, got ${describe(message)}`)
}

/** The error for a sender that does not wait. */
export function tooMuchQueued(waiting: number, size: number, limit: number): RangeError {
  return new RangeError(
    `Cannot send message: at most ${limit} bytes may wait to go out (limits.maxQueued), got ${size} more on ${waiting}`,
  )
}

function wrongLength(want: number, got: number): RangeError {
  return new RangeError(`Cannot send message: want the declared length of ${want} bytes, got ${got}`)
}
