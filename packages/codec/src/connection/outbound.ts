// The application's side of sending as a stream: `writable`, one chunk a message. Counts what waits in the stream's own queue, which the
// platform does not tell, so that a close waits for it and a writer who ignores `ready` meets a limit.

import { onceAborted } from '../values/abort-signal.ts'
import { isBytesLike } from '../values/bytes.ts'
import type { Limits } from '../values/limits.ts'
import { Queue } from '../values/queue.ts'
import { sameShape } from '../values/same-shape.ts'
import type { BytesLike } from '../values/types.ts'
import type { Link } from './link.ts'
import { DONE } from './promises.ts'
import type { Outbox } from './outbox.ts'
import type { MaskedMessage } from './protocol.ts'
import { judgeRoom, type Sender } from './sender.ts'
import { type PassedMessage, sizeOfMessage } from './whole-sender.ts'

/** What the stream does to its connection. */
export interface OutboundEvents {
  /** Whether the connection takes messages. */
  readonly accepting: boolean
  /** Sends one message; resolves when there is room for more. Throws where the connection takes none. */
  write(message: string | BytesLike): Promise<void>
  /** Closes after all that was written; resolves when the connection has closed cleanly. */
  closeCleanly(): Promise<void>
  /** The application gives up; what was written and not yet sent is gone. */
  onAbort(reason: unknown): void
  /** More was written than may wait. */
  failLater(cause: unknown): void
  /** Nothing waits in the stream's queue any more. */
  onIdle(): void
}

/** A connection's `writable`, which knows whose it is: an old `WeakMap` would keep young ones alive until the next full collection. */
class OutboundStream extends WritableStream<string | BytesLike> {
  static of(stream: WritableStream<never>): Outbound | undefined {
    return #link in stream ? stream.#link.to : undefined
  }

  readonly #link: Link<Outbound>

  constructor(
    link: Link<Outbound>,
    sink: UnderlyingSink<string | BytesLike>,
    strategy: QueuingStrategy<string | BytesLike>,
  ) {
    super(sink, strategy)
    this.#link = link
  }
}

const MadeOutboundStream = sameShape(OutboundStream)

/** Makes the stream when it is asked for. */
export class Outbound {
  /** Whose `writable` a stream is, if it is a connection's. */
  static of(writable: WritableStream<never>): Outbound | undefined {
    return OutboundStream.of(writable)
  }

  /**
   * Whether what is passed may come in parts and share its memory with other bytes: the transport has done with it when it is sent, and
   * no hook sees it on the way, which could send something itself between two parts.
   */
  readonly sharesMemory: boolean
  readonly #limits: Limits
  readonly #sender: Sender
  readonly #outbox: Outbox
  readonly #events: OutboundEvents
  #writable: WritableStream<string | BytesLike> | undefined
  #link: Link<Outbound> | undefined
  #controller!: WritableStreamDefaultController
  /** The sizes of the chunks in the stream's queue, oldest first, and their sum. */
  #sizes: Queue<number> | undefined
  #queued = 0
  /** Chunks written, and chunks that came out of the stream's queue. */
  #written = 0
  #passed = 0
  /** Closed, aborted or failed: nothing that is written now is taken. */
  #closing = false
  /** Whether a write of the stream waits for room. */
  #busy = false
  #heedsSignal = false
  #end: (() => unknown) | undefined

  constructor(limits: Limits, sharesMemory: boolean, sender: Sender, outbox: Outbox, events: OutboundEvents) {
    this.#limits = limits
    this.sharesMemory = sharesMemory
    this.#sender = sender
    this.#outbox = outbox
    this.#events = events
  }

  /** See `Connection.writable`. */
  get writable(): WritableStream<string | BytesLike> {
    return this.#writable ??= this.#open()
  }

  /** How many chunks were written so far; a close waits until as many have `passed`. */
  get written(): number {
    return this.#written
  }

  /** How many chunks have left the stream's own queue. */
  get passed(): number {
    return this.#passed
  }

  /** Bytes in the stream's own queue. */
  get queued(): number {
    return this.#queued
  }

  /** Whether a pipe is about to end, since the stream took its last chunk: what it reads meanwhile is lost. */
  get over(): boolean {
    return this.#closing || this.#end !== undefined
  }

  /** Whether a message may be passed: nothing that was written waits before it. */
  get isOpen(): boolean {
    return !this.#busy && !this.over && this.#written === this.#passed && this.#events.accepting && this.#sender.idle
  }

  /** Whether a message should be passed. */
  get hasRoom(): boolean {
    return this.#outbox.hasRoom
  }

  /** Resolves when there is room, or rejects. */
  ready(): Promise<void> {
    return this.#outbox.ready()
  }

  /** The longest message that may be passed where it was received, in bytes: what is copied anyway; none where a hook sees what is sent. */
  get longestCopy(): number {
    return this.#sender.longestCopy
  }

  /** Sends a message past the stream's queue, which is empty. Behind the last one of a step, `flush`. */
  pass(message: PassedMessage | MaskedMessage): void {
    this.#sender.pass(message)
  }

  /** Has what was passed leave at once: who passes knows what comes together. */
  flush(): void {
    this.#outbox.flush()
  }

  /** The connection is over: writing fails with what `error` makes. */
  end(error: () => unknown): void {
    if (this.#end !== undefined) return
    this.#end = error
    if (this.#link !== undefined) this.#link.to = undefined
    if (this.#writable !== undefined && !this.#closing) this.#controller.error(error())
  }

  #open(): WritableStream<string | BytesLike> {
    const writable = new MadeOutboundStream(this.#link = { to: this }, {
      start: (controller) => void (this.#controller = controller),
      abort: (reason) => this.#abort(reason),
      write: (chunk) => this.#write(chunk),
      close: () => {
        this.#drop() // nothing is left; a write behind the close was counted, and refused
        return this.#events.closeCleanly()
      },
    }, { highWaterMark: this.#limits.highWaterMark, size: (chunk) => this.#sizeOf(chunk) })
    this.#writable = writable
    if (this.#end !== undefined) this.#controller.error(this.#end())
    return writable
  }

  /** An abort waits for the write under way, which waits for a reader who may never come; its signal does not wait, but costs. */
  #heedSignal(): void {
    if (this.#heedsSignal) return
    this.#heedsSignal = true
    onceAborted(this.#controller, (reason) => this.#abort(reason))
  }

  #abort(reason: unknown): void {
    this.#drop()
    this.#events.onAbort(reason)
  }

  /** Nothing where there is room for more: a promise for each message would cost more than the message. */
  #write(chunk: string | BytesLike): Promise<void> | undefined {
    this.#passed++
    this.#queued -= this.#sizes!.shift() ?? 0
    try {
      // As the standard has it: bytes, or whatever makes a string; a throw rejects the write.
      const message = typeof chunk === 'string' || isBytesLike(chunk) ? chunk : `${chunk as string}`
      const sent = this.#events.write(message)
      if (sent === DONE) return undefined
      this.#busy = true
      this.#heedSignal()
      return sent.then(() => void (this.#busy = false), (error) => this.#dropped(error))
    } catch (error) {
      return this.#dropped(error)
    }
  }

  #dropped(error: unknown): never {
    this.#drop() // the stream errors now, and its queue with it
    throw error
  }

  /** Called by the stream as a chunk is written, before it is queued. */
  #sizeOf(chunk: unknown): number {
    const size = sizeOfMessage(typeof chunk === 'string' || isBytesLike(chunk) ? chunk : '')
    if (this.#end !== undefined || this.#closing) return size
    const overflow = judgeRoom(this.#queued, size, this.#limits)
    if (overflow !== undefined) {
      this.#events.failLater(overflow)
      this.#controller.error(overflow) // as a throw would; workerd breaks at a second throw
      return size
    }
    this.#written++
    this.#queued += size
    this.#sizes ??= new Queue()
    this.#sizes.push(size)
    return size
  }

  /** The stream's queue is empty, whatever was counted into it, and takes nothing any more; a Close that waited for it may go. */
  #drop(): void {
    this.#closing = true
    this.#passed = this.#written
    this.#queued = 0
    this.#sizes?.clear()
    this.#events.onIdle()
  }
}
