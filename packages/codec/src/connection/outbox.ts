// The way out: takes encoded bytes from the protocol and gives them to the transport, once per turn of the event loop. Owns the
// transport's writer and everybody who waits for room. Never holds more than the limits allow others to put in.

import type { Limits } from '../values/limits.ts'
import type { Environment } from './environment.ts'
import type { Protocol } from './protocol.ts'

interface Waiter {
  /** How many bytes must have been taken; undefined to wait for room only. */
  readonly mark: number | undefined
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const NOW = Promise.resolve()

/** Moves bytes from the protocol to the transport. */
export class Outbox {
  readonly #protocol: Protocol
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #environment: Environment
  readonly #highWaterMark: number
  readonly #onError: (error: unknown) => void
  readonly #flushLater = (): void => {
    this.#scheduled = false
    this.flush()
  }
  #scheduled = false
  /** Bytes given to the transport and not yet taken by it; bytes it has taken. */
  #inFlight = 0
  #taken = 0
  #waiters: Waiter[] = []
  #failure: { error: unknown } | undefined
  #closed: Promise<void> | undefined

  /** `onError` hears of the transport's first failure. */
  constructor(
    protocol: Protocol,
    writable: WritableStream<Uint8Array>,
    environment: Environment,
    limits: Limits,
    onError: (error: unknown) => void,
  ) {
    this.#protocol = protocol
    this.#writer = writable.getWriter()
    this.#writer.closed.catch(onError)
    this.#environment = environment
    this.#highWaterMark = Math.max(1, limits.highWaterMark)
    this.#onError = onError
  }

  /** Bytes that wait to go out. */
  get waiting(): number {
    return this.#protocol.outgoing + this.#inFlight
  }

  /** Something was written to the protocol: it leaves at the end of this turn, or now where the buffer is full. */
  schedule(): void {
    if (this.#protocol.outgoing >= this.#highWaterMark) this.flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      this.#environment.defer(this.#flushLater)
    }
  }

  /** Gives the transport what waits, unless it has enough to do; then it goes on by itself. */
  flush(): void {
    if (this.#inFlight >= this.#highWaterMark || this.#failure !== undefined || this.#closed !== undefined) return
    for (const chunk of this.#protocol.take()) this.#write(chunk)
  }

  /** Resolves when less than the high-water mark waits. */
  ready(): Promise<void> {
    if (this.waiting < this.#highWaterMark && this.#failure === undefined) return NOW
    return this.#wait(undefined)
  }

  /** Sends what waits at once; resolves when the transport has taken it. */
  taken(): Promise<void> {
    this.flush()
    if (this.waiting === 0 && this.#failure === undefined) return NOW
    return this.#wait(this.#taken + this.waiting)
  }

  /** Ends our direction once all is out; resolves when the transport has done so. */
  shutdown(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    if (this.#failure !== undefined) return NOW
    for (const chunk of this.#protocol.take()) this.#write(chunk)
    return this.#closed = this.#writer.close().catch(() => {})
  }

  /** Cuts the transport; what waits is lost. */
  abort(reason: unknown): void {
    this.#failure ??= { error: reason }
    this.release(reason)
    this.#writer.abort(reason).catch(() => {})
  }

  /** Nobody needs to wait any more; what waits still goes out. */
  release(error: unknown): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error)
  }

  #write(chunk: Uint8Array): void {
    const { length } = chunk
    this.#inFlight += length
    this.#protocol.stalled = true
    this.#writer.write(chunk).then(() => this.#took(length), this.#onError)
  }

  #took(length: number): void {
    this.#inFlight -= length
    this.#taken += length
    this.#protocol.stalled = this.#inFlight > 0
    if (!this.#scheduled) this.flush()
    if (this.#waiters.length > 0) this.#wakeWaiters()
  }

  #wait(mark: number | undefined): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error)
    return new Promise((resolve, reject) => this.#waiters.push({ mark, resolve, reject }))
  }

  #wakeWaiters(): void {
    const room = this.waiting < this.#highWaterMark
    this.#waiters = this.#waiters.filter(({ mark, resolve }) => {
      const done = mark === undefined ? room : mark <= this.#taken
      if (done) resolve()
      return !done
    })
  }
}
