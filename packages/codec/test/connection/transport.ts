// A world in memory for connections: time and "later" are moved by hand, and the transport is two arrays with a tap.

import type { ByteStreams, Environment } from '../../src/index.ts'
import { join } from '../support/bytes.ts'

/** Lets all microtasks run out. */
export function drain(): Promise<void> {
  return new Promise((resolve) => nextTask(resolve))
}

/** A timer of no time costs a millisecond, and four in a page. */
const nextTask = globalThis.setImmediate as ((callback: () => void) => void) | undefined ??
  ((callback: () => void): void => {
    const { scheduler } = globalThis as { scheduler?: { postTask?: (callback: () => void) => unknown } }
    if (scheduler?.postTask === undefined) setTimeout(callback, 0)
    else scheduler.postTask(callback)
  })

/** Time, "later" and memory in the test's hand. */
export class World {
  time = 0
  /** What was asked of the allocator. */
  allocated = 0
  largest = 0
  #deferred: (() => void)[] = []
  #timers: { callback: () => void; at: number }[] = []
  readonly environment: Environment = {
    defer: (callback) => void this.#deferred.push(callback),
    startTimer: (callback, ms) => {
      const timer = { callback, at: this.time + ms }
      this.#timers.push(timer)
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      }
    },
    now: () => this.time,
    allocate: (length) => {
      this.allocated += length
      this.largest = Math.max(this.largest, length)
      return new Uint8Array(length).fill(0xa5) // dirty, so that bytes never written would show
    },
  }

  /** Timers that run. */
  get timers(): number {
    return this.#timers.length
  }

  /** Callbacks that wait for the end of the turn. */
  get deferred(): number {
    return this.#deferred.length
  }

  /** Ends this turn of the event loop: what was deferred runs, and what it starts waits for the next. */
  endTurn(): void {
    for (const callback of this.#deferred.splice(0)) callback()
  }

  /** Lets everything happen that needs neither input nor time. */
  async settle(): Promise<void> {
    do {
      await drain()
      this.endTurn()
      await drain()
    } while (this.#deferred.length > 0)
  }

  /** Moves time on; timers run in order, and all that they start. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms
    await this.settle()
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((other) => other !== due)
      this.time = Math.max(this.time, due.at)
      due.callback()
      await this.settle()
    }
    this.time = end
  }
}

/** The two ends of a pipe that holds little: what one writes the other reads. */
export function pipeEnds(): [ByteStreams, ByteStreams] {
  const up = new TransformStream<Uint8Array, Uint8Array>()
  const down = new TransformStream<Uint8Array, Uint8Array>()
  return [{ readable: down.readable, writable: up.writable }, { readable: up.readable, writable: down.writable }]
}

/** What a test does at the other end of a transport, whatever that is. */
export interface Wire {
  /** What was written to it. */
  readonly chunks: readonly Uint8Array[]
  /** What was done to it, but for reading and writing. */
  readonly did: readonly string[]
  /** Chunks that the peer sent and nobody read. */
  readonly left: number
  /** The peer sends bytes; the array is the connection's from here on. */
  give(bytes: Uint8Array): void
  /** The peer ends its direction. */
  end(): void
  /** It breaks, in both directions. */
  break(error: unknown): void
  /** From now on a write is not taken until `let`. */
  hold(): void
  /** Takes the oldest write that is held; and everything, from now on too. */
  letOne(): void
  letAll(): void
}

/** A byte transport whose other end is the test. */
export class TestTransport implements ByteStreams, Wire {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  /** What was written to it, as it came. */
  readonly chunks: Uint8Array[] = []
  /** What was done to it, but for reading and writing. */
  readonly did: string[] = []
  /** Bytes that were read from it. */
  pulled = 0
  #incoming: Uint8Array[] = []
  #end: { error?: unknown } | undefined
  #reader!: ReadableStreamDefaultController<Uint8Array>
  #writer!: WritableStreamDefaultController
  #wanted: (() => void) | undefined
  #holding = false
  #held: { resolve: () => void; reject: (error: unknown) => void }[] = []
  #closeHeld = false

  constructor() {
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#reader = controller),
      pull: () =>
        new Promise((resolve) => {
          this.#wanted = resolve
          this.#serve()
        }),
      cancel: () => void this.did.push('cancel'),
    }, { highWaterMark: 0 })
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#writer = controller
        // As a socket does it: an abort of the sink would wait for the write under way, which may never end.
        const { signal } = controller as WritableStreamDefaultController & { signal: AbortSignal } // missing in Node 20's types
        signal.addEventListener('abort', () => {
          this.did.push('abort')
          for (const { reject } of this.#held.splice(0)) reject(signal.reason)
        })
      },
      write: (chunk) => {
        this.chunks.push(chunk)
        return this.#holding ? this.#hold() : undefined
      },
      close: () => {
        this.did.push('shutdown')
        return this.#closeHeld ? this.#hold() : undefined
      },
    })
  }

  /** The peer sends bytes; the array is the connection's from here on. */
  give(bytes: Uint8Array): void {
    this.#incoming.push(bytes)
    this.#serve()
  }

  /** The peer ends its direction. */
  end(): void {
    this.#end = {}
    this.#serve()
  }

  /** The transport breaks, in both directions. */
  break(error: unknown): void {
    this.#end = { error }
    this.#incoming = []
    this.#writer.error(error)
    for (const { reject } of this.#held.splice(0)) reject(error)
    if (this.#wanted !== undefined) this.#serve()
    else this.#reader.error(error)
  }

  /** From now on a write is not taken until `let`. */
  hold(): void {
    this.#holding = true
  }

  /** Our shutdown never ends by itself. */
  holdClose(): void {
    this.#closeHeld = true
  }

  /** Takes the oldest write that is held. */
  letOne(): void {
    this.#held.shift()?.resolve()
  }

  /** Takes everything, from now on too. */
  letAll(): void {
    this.#holding = false
    for (const { resolve } of this.#held.splice(0)) resolve()
  }

  /** Chunks that the peer sent and nobody read. */
  get left(): number {
    return this.#incoming.length
  }

  /** Bytes of all that was written. */
  get bytes(): Uint8Array {
    return join(this.chunks)
  }

  #hold(): Promise<void> {
    return new Promise((resolve, reject) => this.#held.push({ resolve, reject }))
  }

  #serve(): void {
    const wanted = this.#wanted
    if (wanted === undefined) return
    const chunk = this.#incoming.shift()
    if (chunk !== undefined) {
      this.pulled += chunk.length
      this.#reader.enqueue(chunk)
    } else if (this.#end === undefined) return
    else if (this.#end.error !== undefined) this.#reader.error(this.#end.error)
    else this.#reader.close()
    this.#wanted = undefined
    wanted()
  }
}
