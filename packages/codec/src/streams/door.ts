// What the four doors share: a room's lazy items on one side, a pair of streams on the other.
//
// A plain TransformStream would not do (docs/decisions/0002): it drops what is queued when it fails, while frames before a
// violation must be delivered; and it makes all items of a chunk at once, while law 1 allows those of one 64 KiB slice.

import { onceAborted } from '../values/abort-signal.ts'
import { ProtocolError } from '../values/frame-fault.ts'
import { Queue } from '../values/queue.ts'

/** How a stream gives its items: one by one, or in arrays if `B` is true. */
export interface DoorOptions<B extends boolean = boolean> {
  /** Give one array per input chunk instead of one chunk per item: several times faster. Default false. */
  batch?: B | undefined
}

/** A chunk of such a stream: an array of items if `B` is true, else one item. */
export type Batched<T, B extends boolean> = B extends true ? T[] : T

/** What stands behind a door: takes one input chunk after another and makes items of it on demand; judges the end of input. */
export interface Room<I, O> {
  push(chunk: I): void
  /** The next item of the chunk; undefined once there is none. No iterator: its results would cost a sixth of a small item. */
  pull(): O | undefined
  end?(): void
}

/** An encoder as a room: what it makes of one call after another. */
export class Encoding<I, O> implements Room<I, O> {
  readonly #encode: (input: I) => Iterator<O, undefined>
  #made: Iterator<O, undefined> | undefined

  constructor(encode: (input: I) => Iterator<O, undefined>) {
    this.#encode = encode
  }

  push(input: I): void {
    this.#made = this.#encode(input)
  }

  pull(): O | undefined {
    const item = this.#made?.next().value
    if (item === undefined) this.#made = undefined // it pins payloads
    return item
  }
}

// The most items in one array: as many as the smallest frames in 64 KiB (law 1).
const MOST_IN_ARRAY = 32768
// How many single items go to a reader who waits for one: enough to make a pull cheap.
const MOST_AT_ONCE = 64

/** A TransformStream whose two sides are those of a lazy room. */
export class DoorStream<I, O> extends TransformStream<I, O> {
  /** Throws `RangeError` or `TypeError` for a strategy that is none. */
  protected constructor(
    room: Room<I, unknown>,
    batch: boolean | undefined,
    writableStrategy?: QueuingStrategy<I>,
    readableStrategy?: QueuingStrategy<O>,
  ) {
    super()
    // Our sides are not the platform's own, which `postMessage` would transfer: what is locked Node and Bun refuse.
    super.readable.getReader()
    // Not every runtime refuses what is none, nor with the same error.
    checkNumber(writableStrategy?.highWaterMark ?? 1)
    const door = new Door<I>(room, batch ?? false, readableStrategy as QueuingStrategy<unknown>)
    // The door keeps the queue, so that a pull says for sure that the reader has taken all that was passed and waits.
    const readable = new ReadableStream<O>({
      start: (controller) => void (door.output = controller),
      pull: () => door.pull(),
      cancel: (reason) => door.cancel(reason),
    }, { highWaterMark: 0 })
    const writable = new WritableStream<I>({
      start: (controller) => door.open(controller),
      write: (chunk) => door.write(chunk),
      close: () => door.close(),
      abort: (reason) => door.abort(reason),
    }, writableStrategy)
    Object.defineProperties(this, { readable: { value: readable }, writable: { value: writable } })
  }
}

class Door<I> {
  /** Set by the streams' own `start`, which run before anything else. */
  output!: ReadableStreamDefaultController<unknown>
  #input!: WritableStreamDefaultController
  readonly #room: Room<I, unknown>
  readonly #batch: boolean
  /** How many items may go to a reader who waits for one. */
  readonly #atOnce: number
  readonly #highWaterMark: number
  readonly #sizeOf: (item: unknown) => number
  /** Whether the chunk may hold more items, and how its writer learns that all of them were taken. */
  #busy = false
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined
  /** What was made ahead of the reader, up to the high-water mark. */
  readonly #ahead = new Queue<unknown>()
  #aheadSize = 0
  /** The size of each, where they count. */
  readonly #sizes = new Queue<number>()
  /** Whether the reader waits. */
  #wanted = false
  #working = false
  #failure: { error: unknown } | undefined
  #closed = false

  constructor(room: Room<I, unknown>, batch: boolean, strategy?: QueuingStrategy<unknown>) {
    const { highWaterMark = 0, size = () => 1 } = strategy ?? {}
    if (typeof size !== 'function') {
      throw new TypeError(`Cannot use strategy: size must be a function, got ${typeof size}`)
    }
    this.#room = room
    this.#batch = batch
    this.#atOnce = batch ? 1 : MOST_AT_ONCE
    this.#highWaterMark = checkNumber(highWaterMark)
    this.#sizeOf = size
  }

  open(controller: WritableStreamDefaultController): void {
    this.#input = controller
    // An abort waits for the write under way, and that one for the reader, who may never come.
    onceAborted(controller, (reason) => this.abort(reason))
  }

  write(chunk: I): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject }
      try {
        this.#room.push(chunk)
        this.#busy = true
      } catch (error) {
        this.#fail(error)
      }
      this.#work()
    })
  }

  pull(): void {
    this.#wanted = true
    this.#work()
  }

  close(): void {
    try {
      this.#room.end?.()
    } catch (error) {
      this.#fail(error)
      this.#work()
      throw error
    }
    for (const item of this.#ahead.clear()) this.output.enqueue(item)
    this.output.close()
    this.#closed = true
  }

  /** The writer left: the reader is told at once, unless all that it is to have is with it or is still to come. */
  abort(reason: unknown): void {
    if (this.#closed || this.#failure !== undefined) return
    if (reason instanceof ProtocolError) { // a pipe brings it from the door before: what was written came before a violation
      this.#failure = { error: reason }
      this.#settle?.reject(reason)
      return this.#work()
    }
    this.#stop(reason)
    this.output.error(reason)
  }

  /** The reader left: the writer is told at once. */
  cancel(reason: unknown): void {
    this.#stop(reason)
    this.#input.error(reason)
  }

  #stop(reason: unknown): void {
    this.#ahead.clear()
    this.#busy = false
    this.#settle?.reject(reason)
  }

  /** The room refused: the writer is told at once, the reader when it has taken what came before. */
  #fail(error: unknown): void {
    this.#failure = { error }
    this.#busy = false
    this.#settle?.reject(error)
    this.#input.error(error)
  }

  /** Makes and passes all that may be. Passing may call `pull` again, which must not overtake. */
  #work(): void {
    if (this.#working) return
    this.#working = true
    do this.#make()
    while (this.#wanted && this.#pass())
    if (this.#settle !== undefined && !this.#busy && this.#isRoom()) {
      this.#settle.resolve()
      this.#settle = undefined
    }
    this.#working = false
  }

  /** As much as the high-water mark allows, and at least something for a reader who waits. */
  #make(): void {
    try {
      while (
        this.#busy &&
        (this.#aheadSize < this.#highWaterMark || (this.#wanted && this.#ahead.length < this.#atOnce))
      ) {
        if (!this.#makeNext()) this.#busy = false
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Says whether the chunk may hold more. */
  #makeNext(): boolean {
    if (!this.#batch) {
      const item = this.#room.pull()
      if (item !== undefined) this.#add(item)
      return item !== undefined
    }
    const made: unknown[] = []
    try {
      while (made.length < MOST_IN_ARRAY) {
        const item = this.#room.pull()
        if (item === undefined) return false
        made.push(item)
      }
      return true
    } finally { // what came before a violation is delivered too
      if (made.length > 0) this.#add(made)
    }
  }

  #add(item: unknown): void {
    if (this.#highWaterMark > 0) {
      const size = checkNumber(this.#sizeOf(item), Number.MAX_VALUE, 'size of strategy: must be a finite number')
      this.#sizes.push(size)
      this.#aheadSize += size
    }
    this.#ahead.push(item)
  }

  /**
   * Gives the waiting reader what there is, or the failure behind it; says whether there was something. The last item is for a reader
   * who waits for just that: it is with the reader then, while what is passed beside it only waits in the stream's queue.
   */
  #pass(): boolean {
    const { length } = this.#ahead
    if (length === 0 && this.#failure !== undefined) this.output.error(this.#failure.error)
    for (let left = length > 1 ? Math.min(this.#atOnce, length - 1) : length; left > 0; left--) {
      if (this.#highWaterMark > 0) this.#aheadSize -= this.#sizes.shift()!
      this.#wanted = false // unless the reader asks again at the last of them
      this.output.enqueue(this.#ahead.shift())
    }
    if (this.#ahead.length === 0) this.#aheadSize = 0
    return length > 0
  }

  /**
   * Whether the writer of a chunk that is through may go on: below the high-water mark, else once the reader has everything. A pipe that
   * meets an error waits for its writes and aborts then, and what still waits in the stream's queue is lost.
   */
  #isRoom(): boolean {
    return this.#aheadSize < this.#highWaterMark || (this.#ahead.length === 0 && this.output.desiredSize === 0)
  }
}

// As the Streams standard has it (§7.4): a queue may be without limit, a size may not.
function checkNumber(value: unknown, most = Infinity, what = 'highWaterMark: must be a number'): number {
  const number = Number(value)
  if (number >= 0 && number <= most) return number
  throw new RangeError(`Cannot use ${what} of at least 0, got ${String(value)}`)
}
