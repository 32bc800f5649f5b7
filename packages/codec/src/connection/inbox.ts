// What was received and not yet taken: parts of data frames, in order, up to the read-ahead. Whether they become whole
// messages or bodies is decided by who takes them. Owns the parts; knows nothing of how they came.

import { SMALL } from '../values/bytes.ts'
import { Queue } from '../values/queue.ts'
import type { DataPart, Protocol } from './protocol.ts'

/** What a part weighs beside its bytes: its objects cost more than a byte or none (security.md, rows 7 and 22). */
const PART_COST = 64

/** Who takes parts as they come. */
export interface InboxTaker {
  /** Takes a part, or says no. */
  offer(part: DataPart): boolean
  /** Takes the next message straight from where it was received, or says no: then it comes as parts. Throws what `next` does. */
  offerNext(protocol: Protocol): boolean
}

/** A queue of parts that ends with the connection. */
export class Inbox {
  readonly #readAhead: number
  /** Reads on whenever something was taken. */
  intake: { pump(): void } | undefined
  /** Made for the first part that waits. */
  #parts: Queue<DataPart> | undefined
  #size = 0
  /** The received chunk that the newest part is a view of. */
  #chunk: ArrayBufferLike | undefined
  #unwanted = false
  #shifting = false
  #ended = false
  #error: unknown
  #wakers: (() => void)[] | undefined
  /** Is offered what comes before it is queued, where nothing is: true takes it. What waits for nobody needs no queue. */
  taker: InboxTaker | undefined

  constructor(readAhead: number) {
    this.#readAhead = readAhead
  }

  /** Bytes that the parts keep alive: the chunks that they are views of, and something for each part. */
  get size(): number {
    return this.#size
  }

  /** Whether reading should stop. */
  get full(): boolean {
    return this.#size > 0 && this.#size >= this.#readAhead
  }

  /** Whether no part will come any more; the ones that are here can still be taken, unless it failed. */
  get ended(): boolean {
    return this.#ended
  }

  /** The error that ended the connection; undefined where none did. */
  get error(): unknown {
    return this.#error
  }

  /** Has the next message taken before it becomes a part, if somebody does. */
  pass(protocol: Protocol): boolean {
    return this.#direct && !this.#ended && !this.#unwanted && this.taker!.offerNext(protocol)
  }

  /** Adds a part and wakes who waits. */
  push(part: DataPart): void {
    if (this.#ended || this.#unwanted) return
    if (this.#direct && this.taker!.offer(part)) return
    this.#size += part.cost = this.#costOf(part)
    this.#parts ??= new Queue()
    this.#parts.push(part)
    this.wake()
  }

  /** The part that `shift` would give; undefined where all that was received has been taken. */
  get first(): DataPart | undefined {
    return this.#parts?.first
  }

  /** The oldest part, or undefined where there is none yet or any more. Throws the error that ended the connection. */
  shift(): DataPart | undefined {
    this.check()
    const part = this.#parts?.shift()
    if (part === undefined) return undefined
    this.#size -= part.cost
    if (this.#parts!.length === 0) this.#chunk = undefined
    this.#shifting = true // what comes now comes behind this part
    this.intake?.pump()
    this.#shifting = false
    return part
  }

  /** Throws the error that ended the connection, if one did. */
  check(): void {
    if (this.#error !== undefined) throw this.#error
  }

  /** Resolves when a part or the end has come since. */
  wait(): Promise<void> {
    return new Promise((resolve) => (this.#wakers ??= []).push(resolve))
  }

  /** Has all who wait look again. */
  wake(): void {
    const wakers = this.#wakers
    this.#wakers = undefined
    for (const wake of wakers ?? []) wake()
  }

  /** No more parts. With an error, the ones that are here are dropped: after a failure no data reaches the application. */
  end(error?: unknown): void {
    if (this.#error !== undefined) return
    this.#ended = true
    this.#error = error
    if (error !== undefined) this.#clear()
    this.wake()
  }

  /** Nobody will take parts any more: they are dropped, and reading goes on. */
  discard(): void {
    this.#unwanted = true
    this.#clear()
    this.intake?.pump()
  }

  /** Whether nothing comes before what comes now, and somebody may take it. */
  get #direct(): boolean {
    return this.taker !== undefined && !this.#shifting && !this.#parts?.length
  }

  #clear(): void {
    this.#parts?.clear()
    this.#size = 0
    this.#chunk = undefined
  }

  /** The first part of a chunk pays for all of it, since it keeps all of it alive. */
  #costOf({ frame: { payload } }: DataPart): number {
    if (payload.length <= SMALL) return PART_COST + payload.length // a copy, see `Protocol`
    const { buffer } = payload
    if (buffer === this.#chunk) return PART_COST
    this.#chunk = buffer
    return PART_COST + buffer.byteLength
  }
}
