// What the four doors share: a room's lazy items on one side, a pair of streams on the other.
//
// A plain TransformStream would not do (docs/decisions/0002): it drops what is queued when it fails, while frames before a
// violation must be delivered; and it makes all items of a chunk at once, while law 1 allows those of one 64 KiB slice.

/** How a door passes things on. `B` is whether it passes arrays. */
export interface DoorOptions<B extends boolean = boolean> {
  /** Give one array per input chunk instead of one chunk per item: several times faster. Default false. */
  batch?: B | undefined
}

/** What a door with that choice gives. */
export type Batched<T, B extends boolean> = B extends true ? T[] : T

/** What stands behind a door: items made on demand from each input chunk, and a judgement at the end of input. */
export interface Room<I, O> {
  items(chunk: I): Iterable<O>
  end?(): void
}

// The most items made ahead of their reader: as many as the smallest frames in 64 KiB (law 1) in an array, and enough
// to make a pull cheap otherwise.
const MOST_IN_ARRAY = 32768
const MOST_AT_ONCE = 64

/** A TransformStream whose two sides are those of a lazy room. */
export class DoorStream<I, O> extends TransformStream<I, O> {
  protected constructor(
    room: Room<I, unknown>,
    batch: boolean | undefined,
    writableStrategy?: QueuingStrategy<I>,
    readableStrategy?: QueuingStrategy<O>,
  ) {
    super()
    const door = new Door<I>(room, batch ?? false, readableStrategy?.highWaterMark ?? 0)
    const readable = new ReadableStream<O>({
      start: (controller) => void (door.output = controller),
      pull: () => door.pull(),
      cancel: (reason) => door.fail(reason),
    }, { highWaterMark: 0, ...readableStrategy })
    const writable = new WritableStream<I>({
      start: (controller) => void (door.input = controller),
      write: (chunk) => door.write(chunk),
      close: () => door.close(),
      abort: (reason) => door.output.error(reason),
    }, writableStrategy)
    Object.defineProperties(this, { readable: { value: readable }, writable: { value: writable } })
  }
}

class Door<I> {
  /** Set by the streams' own `start`, which run before anything else. */
  input!: WritableStreamDefaultController
  output!: ReadableStreamDefaultController<unknown>
  readonly #room: Room<I, unknown>
  readonly #batch: boolean
  readonly #highWaterMark: number
  /** The items of the chunk being passed on, and how its writer learns that they all are. */
  #items: Iterator<unknown> | undefined
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined
  /** Whether the reader waits. */
  #wanted = false
  #failure: { error: unknown } | undefined

  constructor(room: Room<I, unknown>, batch: boolean, highWaterMark: number) {
    this.#room = room
    this.#batch = batch
    this.#highWaterMark = highWaterMark
  }

  write(chunk: I): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject }
      try {
        this.#items = this.#room.items(chunk)[Symbol.iterator]()
      } catch (error) {
        return this.#violated(error)
      }
      if (this.#wanted) this.pull()
    })
  }

  pull(): void {
    this.#wanted = true
    if (this.#failure !== undefined) return this.#deliverFailure()
    if (this.#items === undefined) return
    try {
      this.#pass(this.#items)
    } catch (error) {
      this.#violated(error)
    }
  }

  close(): void {
    try {
      this.#room.end?.()
    } catch (error) {
      this.#violated(error)
      throw error
    }
    this.output.close()
  }

  /** The reader left: nobody needs the rest. */
  fail(error: unknown): void {
    this.#failure = { error }
    this.#items = undefined
    this.#settle?.reject(error)
    this.input.error(error)
  }

  #pass(items: Iterator<unknown>): void {
    const passed: unknown[] = []
    const most = this.#batch ? MOST_IN_ARRAY : MOST_AT_ONCE
    let done = false
    try {
      while (passed.length < most && !done) {
        const next = items.next()
        done = next.done === true
        if (!next.done) passed.push(next.value)
      }
    } finally { // what came before a violation is delivered too
      if (passed.length > 0) this.#enqueue(passed)
    }
    if (!done) return
    this.#items = undefined
    this.#settle?.resolve()
  }

  #enqueue(passed: unknown[]): void {
    this.#wanted = false
    if (this.#batch) return this.output.enqueue(passed)
    for (const item of passed) this.output.enqueue(item)
  }

  #violated(error: unknown): void {
    this.fail(error)
    if (this.#wanted) this.#deliverFailure()
  }

  /** Errors the reader's side once it has taken all that came before; an error drops what is still queued. */
  #deliverFailure(): void {
    if (this.output.desiredSize !== this.#highWaterMark) return
    this.output.error(this.#failure!.error)
  }
}
