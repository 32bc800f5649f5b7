// The way out: takes encoded frames and gives them to the transport, once per turn of the event loop. Owns
// everybody who waits for room. Never holds more than the limits allow others to put in.

import type { Limits } from '../values/limits.ts'
import { Queue } from '../values/queue.ts'
import type { Channel } from './channel.ts'
import type { Environment } from './environment.ts'
import type { FrameSender } from './frame-sender.ts'
import type { Releasable } from './lease.ts'
import { type Deferred, deferred, DONE, handled } from './promises.ts'

/** Moves bytes from the frames to the transport. */
export class Outbox {
  readonly #frames: FrameSender
  readonly #channel: Channel
  readonly #environment: Environment
  readonly #highWaterMark: number
  readonly #flushLater = (): void => {
    this.#scheduled = false
    this.flush()
  }
  #scheduled = false
  /** Whether the transport is being given chunks: what it has us send meanwhile must not get between two of them. */
  #writing = false
  /** Bytes given to the transport and not yet taken by it; bytes it has taken. */
  #inFlight = 0
  #taken = 0
  /** Those who wait for room, all at once; and those who wait until so many bytes were taken, in order. */
  #room: Deferred | undefined
  #marks: Queue<{ readonly mark: number; readonly waiter: Omit<Deferred, 'promise'> }> | undefined
  #failure: { readonly error: unknown } | undefined
  #closed: Promise<void> | undefined

  constructor(frames: FrameSender, channel: Channel, environment: Environment, limits: Limits) {
    this.#frames = frames
    this.#channel = channel
    this.#environment = environment
    this.#highWaterMark = limits.highWaterMark
    if (channel.keepsNothing) frames.reuseBlocks()
  }

  /** Bytes that wait to go out. */
  get waiting(): number {
    return this.#frames.size + this.#inFlight
  }

  /** Whether our direction is being ended in an orderly way. */
  get closing(): boolean {
    return this.#closed !== undefined
  }

  /** Something was encoded: it leaves at the end of this turn, or now where the buffer is full. */
  schedule(): void {
    if (this.#frames.size >= this.#highWaterMark) this.flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      this.#environment.defer(this.#flushLater)
    }
  }

  /** Something was encoded that somebody will flush; it leaves now where the buffer is full. */
  limit(): void {
    if (this.#frames.size >= this.#highWaterMark) this.flush()
  }

  /** Gives the transport what waits, unless it has enough to do; then it goes on by itself. */
  flush(): void {
    if (this.#inFlight >= this.#highWaterMark || this.#failure !== undefined || this.#closed !== undefined) return
    this.#writeAll()
  }

  /** Whether less than the high-water mark waits. */
  get hasRoom(): boolean {
    return this.waiting < this.#highWaterMark
  }

  /** Resolves when less than the high-water mark waits. */
  ready(): Promise<void> {
    if (this.#failure !== undefined) return handled(Promise.reject(this.#failure.error))
    if (this.hasRoom) return DONE
    return (this.#room ??= deferred()).promise
  }

  /** Sends what waits at once; resolves when the transport has taken it. */
  taken(): Promise<void> {
    this.flush()
    if (this.waiting === 0) return DONE
    if (this.#failure !== undefined) return handled(Promise.reject(this.#failure.error))
    const waiter = deferred()
    this.#mark(waiter)
    return waiter.promise
  }

  /** Has `lease` released when the transport has taken what waits now; where it never does, the collector is left with it. */
  releaseWhenTaken(lease: Releasable): void {
    this.#mark({ resolve: () => lease.release(), reject() {} })
  }

  /** Ends our direction once all is out; resolves when the transport has done so or failed. */
  shutdown(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    if (this.#failure !== undefined) return DONE
    // Later, since the transport may be under a write.
    return this.#closed = DONE.then(() => {
      this.#writeAll()
      return this.#channel.shutdown()
    }).catch(() => {})
  }

  /** Cuts the transport; what waits is lost, and whoever waits for it hears `error`. */
  abort(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.release(error)
    this.#channel.abort(error)
  }

  /** Nobody needs to wait any more; what waits still goes out. */
  release(error: unknown): void {
    this.#room?.reject(error)
    this.#room = undefined
    for (const { waiter } of this.#marks?.clear() ?? []) waiter.reject(error)
  }

  /** Has `waiter` hear when what waits now was taken. */
  #mark(waiter: Omit<Deferred, 'promise'>): void {
    this.#marks ??= new Queue()
    this.#marks.push({ mark: this.#taken + this.waiting, waiter })
  }

  #resolveMarks(): void {
    const marks = this.#marks
    while (marks?.length && marks.first!.mark <= this.#taken) marks.shift()!.waiter.resolve()
  }

  #writeAll(): void {
    if (this.#writing) return
    const chunks = this.#frames.take()
    if (chunks.length === 0) return
    let length = 0
    for (const chunk of chunks) length += chunk.length
    this.#inFlight += length
    this.#writing = true
    const written = this.#channel.write(chunks)
    this.#writing = false
    if (written === undefined) return this.#took(chunks, length)
    this.#frames.stalled = true
    written.then(() => this.#took(chunks, length), () => {}) // the channel tells of a failure, too
  }

  #took(chunks: readonly Uint8Array[], length: number): void {
    for (const chunk of chunks) this.#frames.release(chunk)
    this.#inFlight -= length
    this.#taken += length
    this.#frames.stalled = this.#inFlight > 0
    if (!this.#scheduled) this.flush()
    this.#resolveMarks()
    if (this.#room === undefined || !this.hasRoom) return
    this.#room.resolve()
    this.#room = undefined
  }
}
