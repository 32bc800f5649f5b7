// The application's side of sending as a stream: `writable`, one chunk a message. Counts what waits in the stream's own queue, which the
// platform does not tell, so that a close waits for it and a writer who ignores `ready` meets a limit.

import { isBytesLike } from '../values/bytes.ts'
import type { Limits } from '../values/limits.ts'
import type { BytesLike } from '../values/types.ts'
import { sizeOfMessage, tooMuchQueued } from './sender.ts'

/** What the stream does to its connection. */
export interface OutboundEvents {
  /** Sends one message; resolves when there is room for more. */
  send(message: string | BytesLike): Promise<void>
  /** Closes after all that was written; resolves when the connection has closed cleanly. */
  close(): Promise<void>
  /** The application gives up. */
  abort(reason: unknown): void
  /** More was written than may wait. */
  overflow(error: RangeError): void
}

/** Makes the stream when it is asked for. */
export class Outbound {
  readonly #limits: Limits
  readonly #events: OutboundEvents
  #writable: WritableStream<string | BytesLike> | undefined
  #controller!: WritableStreamDefaultController
  /** Chunks written, chunks that came out of the stream's queue, and the bytes between. */
  #written = 0
  #passed = 0
  #queued = 0
  #closing = false
  #end: { error: unknown } | undefined

  constructor(limits: Limits, events: OutboundEvents) {
    this.#limits = limits
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

  /** The connection is over: writing fails with `error`. */
  end(error: unknown): void {
    this.#end = { error }
    if (this.#writable !== undefined && !this.#closing) this.#controller.error(error)
  }

  #open(): WritableStream<string | BytesLike> {
    const writable = new WritableStream<string | BytesLike>({
      start: (controller) => void (this.#controller = controller),
      write: (chunk) => this.#write(chunk),
      close: () => {
        this.#closing = true
        return this.#events.close()
      },
      abort: (reason) => this.#events.abort(reason),
    }, { highWaterMark: Math.max(1, this.#limits.highWaterMark), size: (chunk) => this.#sizeOf(chunk) })
    this.#writable = writable
    if (this.#end !== undefined) this.#controller.error(this.#end.error)
    return writable
  }

  #write(chunk: string | BytesLike): Promise<void> {
    this.#passed++
    this.#queued -= this.#sizes.shift() ?? 0
    // As the standard has it: bytes, or whatever makes a string; a throw rejects the write.
    return this.#events.send(isBytesLike(chunk) ? chunk : typeof chunk === 'string' ? chunk : `${chunk as string}`)
  }

  /** Called by the stream as a chunk is written, before it is queued; a throw here is the stream's error. */
  #sizeOf(chunk: unknown): number {
    const size = typeof chunk === 'string' || isBytesLike(chunk) ? sizeOfMessage(chunk) : 1
    if (this.#end !== undefined || this.#closing) return size
    if (this.#queued > 0 && this.#queued + size > this.#limits.maxQueued) {
      const error = tooMuchQueued(this.#queued, size, this.#limits.maxQueued)
      this.#events.overflow(error)
      throw error
    }
    this.#written++
    this.#queued += size
    this.#sizes.push(size)
    return size
  }

  /** The sizes of the chunks in the stream's queue, oldest first. */
  #sizes: number[] = []
}
