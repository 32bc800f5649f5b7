// What the platform does slowly with any two streams, done fast where one of them is ours: piping to another connection, and `for await`.
// Locks, ends, errors and signals stay the platform's; only messages take the short way past its queues, since each of its steps
// costs more than a small message's whole way through the codec.

import { sameShape } from '../values/same-shape.ts'
import type { Link } from './link.ts'
import { Outbound } from './outbound.ts'

type Message = string | Uint8Array

/** Where a stream's messages come from: by its pulls, and past them. */
export interface MessageSource extends UnderlyingDefaultSource<Message> {
  /** Tells which connection messages may be handed to directly, from now on; null while a pipe ends, which takes none any more. */
  divert(target: Outbound | null | undefined): void
  /** A message that is here already and that no read of the stream waits for. */
  takeNow(): Message | undefined
  /** Has the next message go to `taker` past the stream; false where a read must be asked, since none may come so. */
  awaitNext(taker: MessageTaker): boolean
}

/** Who waits for one message. */
export interface MessageTaker {
  /** It came; undefined where none will: then a read of the stream tells why. */
  take(message: Message | undefined): void
}

/** A connection's `readable`; made by `messageStream`. */
class MessageStream extends ReadableStream<Message> {
  readonly #link: Link<MessageSource>
  #pipes = 0

  constructor(source: MessageSource, link: Link<MessageSource>) {
    super(source, { highWaterMark: 0 })
    this.#link = link
  }

  // Asynchronous, so that what the platform would refuse rejects; the pipe begins before the first await.
  override async pipeTo(destination: WritableStream<Message>, options?: StreamPipeOptions): Promise<void> {
    const link = #link in this && !this.locked ? this.#link : undefined
    const target = link && Outbound.of(destination)
    const signal = options?.signal
    if (target === undefined || destination.locked || signal?.aborted) {
      // It may be over at once: what came then would be lost, or end the process, as in `Diversion.to`.
      link?.to?.divert(null)
      return await ReadableStream.prototype.pipeTo.call(this, destination, options)
    }
    const mine = ++this.#pipes
    // The signal's event only begins the pipe's end.
    const stop = (event?: Event): void => {
      if (mine === this.#pipes) this.#link.to?.divert(event && null)
    }
    if (signal instanceof AbortSignal) signal.addEventListener('abort', stop)
    try {
      const piped = super.pipeTo(destination, options)
      if (this.locked) this.#link.to?.divert(target) // else it was refused
      await piped
    } finally {
      if (signal instanceof AbortSignal) signal.removeEventListener('abort', stop)
      stop()
    }
  }

  override values(options?: ReadableStreamIteratorOptions): Iteration {
    if (options != null && Object(options) !== options) {
      throw new TypeError(`Cannot iterate: options must be an object, got ${typeof options}`)
    }
    return new Iteration(this.getReader(), this.#link, options?.preventCancel ?? false)
  }

  override [Symbol.asyncIterator](options?: ReadableStreamIteratorOptions): Iteration {
    return this.values(options)
  }
}

const MadeMessageStream = sameShape(MessageStream)

/** A connection's `readable`. `source` is what the link leads to, until it is cut. */
export function messageStream(source: MessageSource, link: Link<MessageSource>): ReadableStream<Message> {
  return new MadeMessageStream(source, link)
}

/** The iterator of a stream, as the Streams standard has it (§4.2.5). */
class Iteration implements AsyncIterableIterator<Message>, MessageTaker {
  readonly #reader: ReadableStreamDefaultReader<Message>
  readonly #link: Link<MessageSource>
  readonly #preventCancel: boolean
  /** Steps that wait, in order; the last of them. */
  #waiting = 0
  #last: Promise<unknown> | undefined
  #over = false
  /** Settles the step that waits for a message past the stream. */
  #resolve!: (result: IteratorResult<Message, undefined> | Promise<IteratorResult<Message, undefined>>) => void

  constructor(
    reader: ReadableStreamDefaultReader<Message>,
    link: Link<MessageSource>,
    preventCancel: boolean,
  ) {
    this.#reader = reader
    this.#link = link
    this.#preventCancel = preventCancel
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    if (this.#waiting === 0) {
      if (this.#over) return Promise.resolve({ done: true, value: undefined })
      const value = this.#link.to?.takeNow()
      if (value !== undefined) return Promise.resolve({ done: false, value })
    }
    return this.#inTurn(this.#read)
  }

  return(reason?: unknown): Promise<IteratorResult<Message, undefined>> {
    return this.#inTurn(() => this.#leave(reason))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** One step after another, whatever became of the one before. Each says itself when it is done. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const go = (): Promise<T> => step.call(this)
    const result = this.#waiting++ === 0 ? step.call(this) : this.#last!.then(go, go)
    this.#last = result
    return result
  }

  /** Not asynchronous: nearly every connection waits here, and what an asynchronous function keeps weighs 400 bytes. */
  #read(): Promise<IteratorResult<Message, undefined>> {
    if (this.#over) {
      this.#done()
      return Promise.resolve({ done: true, value: undefined })
    }
    if (!this.#link.to?.awaitNext(this)) return this.#readStream()
    return new Promise((resolve) => this.#resolve = resolve)
  }

  /** See {@linkcode MessageTaker}. */
  take(value: Message | undefined): void {
    if (value === undefined) return this.#resolve(this.#readStream())
    this.#done()
    this.#resolve({ done: false, value })
  }

  #readStream(): Promise<IteratorResult<Message, undefined>> {
    return this.#reader.read().then(
      (result) => {
        if (result.done) this.#end()
        this.#done()
        return result.done ? { done: true, value: undefined } : result
      },
      (error) => {
        this.#end()
        this.#done()
        throw error
      },
    )
  }

  async #leave(reason: unknown): Promise<IteratorResult<Message, undefined>> {
    try {
      if (!this.#over) {
        const cancelled = this.#preventCancel ? undefined : this.#reader.cancel(reason)
        this.#end()
        await cancelled
      }
      return { done: true, value: reason as undefined }
    } finally {
      this.#done()
    }
  }

  /** The last step is forgotten: its message must not live as long as the iteration. */
  #done(): void {
    if (--this.#waiting === 0) this.#last = undefined
  }

  #end(): void {
    this.#over = true
    this.#reader.releaseLock()
  }
}
