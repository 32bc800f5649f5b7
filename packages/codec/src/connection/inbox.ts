// What was received and not yet taken: parts of data frames, in order, up to the read-ahead. Whether they become whole
// messages or bodies is decided by who takes them. Owns the parts; knows nothing of how they came.

import { MAX_HEADER_LENGTH } from '../frame/header.ts'
import type { DataPart } from './protocol.ts'

/** A queue of parts that ends with the connection. */
export class Inbox {
  readonly #readAhead: number
  readonly #resume: () => void
  #parts: DataPart[] = []
  /** The place of the oldest part; the array is cut only now and then, so that taking is cheap. */
  #head = 0
  #size = 0
  #unwanted = false
  #end: { error?: unknown } | undefined
  #wakers: (() => void)[] = []

  /** `resume` is called whenever something was taken. */
  constructor(readAhead: number, resume: () => void) {
    this.#readAhead = readAhead
    this.#resume = resume
  }

  /** Bytes of the parts, with something for each header, so that empty fragments count too (security.md, row 7). */
  get size(): number {
    return this.#size
  }

  /** Whether reading should stop. */
  get full(): boolean {
    return this.#size > 0 && this.#size >= this.#readAhead
  }

  /** Whether no part will come any more; the ones that are here can still be taken. */
  get ended(): boolean {
    return this.#end !== undefined
  }

  /** Adds a part and wakes who waits. */
  push(part: DataPart): void {
    if (this.#end !== undefined || this.#unwanted) return
    this.#parts.push(part)
    this.#size += sizeOf(part)
    this.#notify()
  }

  /** The oldest part, or undefined where there is none yet or any more. Throws the error that ended the connection. */
  shift(): DataPart | undefined {
    if (this.#head === this.#parts.length) {
      if (this.#end?.error !== undefined) throw this.#end.error
      return undefined
    }
    const part = this.#parts[this.#head]!
    this.#parts[this.#head++] = undefined!
    if (this.#head === this.#parts.length || this.#head === 1024) {
      this.#parts = this.#parts.slice(this.#head)
      this.#head = 0
    }
    this.#size -= sizeOf(part)
    this.#resume()
    return part
  }

  /** Resolves when a part or the end has come since. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.onNext(resolve))
  }

  /** Calls `wake` once, when a part or the end comes. */
  onNext(wake: () => void): void {
    this.#wakers.push(wake)
  }

  /** No more parts. With an error, the ones that are here are dropped: after a failure no data reaches the application. */
  end(error?: unknown): void {
    if (this.#end !== undefined) return
    this.#end = error === undefined ? {} : { error }
    if (error !== undefined) this.#clear()
    this.#notify()
  }

  /** Nobody will take parts any more: they are dropped, and reading goes on. */
  discard(): void {
    this.#unwanted = true
    this.#clear()
    this.#resume()
  }

  #clear(): void {
    this.#parts = []
    this.#head = 0
    this.#size = 0
  }

  #notify(): void {
    if (this.#wakers.length === 0) return
    for (const wake of this.#wakers.splice(0)) wake()
  }
}

function sizeOf({ frame }: DataPart): number {
  return frame.payload.length + (frame.offset === 0 ? MAX_HEADER_LENGTH : 0)
}
