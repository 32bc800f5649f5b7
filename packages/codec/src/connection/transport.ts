// The hours before the upgrade: a transport read and written directly, within a time, until a signal says no.

import type { HeadReader } from '../handshake/head-reader.ts'
import type { Heads } from '../handshake/http1.ts'
import type { ByteStreams } from '../values/types.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import { channelOf } from './claim.ts'
import { abnormalEnd, brokenBy } from './ends.ts'
import type { Environment } from './environment.ts'
import { DONE, handled } from './promises.ts'

/** Who hears of a stop; an `EventListenerObject` is one. */
export interface StopListener {
  handleEvent(): void
}

/** What may stop a handshake from outside. An `AbortSignal` is one. */
export interface Stop {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: StopListener): void
  removeEventListener(type: 'abort', listener: StopListener): void
}

/** What ends a handshake that is not done. */
export interface HandshakeBounds {
  /** Milliseconds, from the first wait on. */
  readonly timeout: number
  /** What there was not where it takes longer, and within what. */
  readonly late: string
  readonly signal?: Stop | undefined
}

/**
 * A transport during the opening handshake. `release` hands it on; `discard` cuts it. Puts no function of its own into a property,
 * which would keep a dead handshake and the connection behind it alive until the next full collection (decision 0020).
 */
export class HandshakeTransport implements ChannelEvents, StopListener {
  readonly #streams: ByteStreams
  readonly #channel: Channel
  readonly #environment: Environment
  readonly #bounds: HandshakeBounds
  /** Rejects when the handshake must end; made for the first wait, since a server that has the head already waits for nothing. */
  #stopping: Promise<never> | undefined
  #reject: ((reason: unknown) => void) | undefined
  #stopTimer: (() => void) | undefined
  #stopped = false
  #finished = false
  #failure: { readonly error: unknown } | undefined
  /** Who reads: nothing comes while nobody does. */
  #waiting: { resolve: (chunk: Uint8Array | undefined) => void; reject: (error: unknown) => void } | undefined

  /** Locks the streams. */
  constructor(streams: ByteStreams, environment: Environment, bounds: HandshakeBounds) {
    this.#streams = streams
    this.#channel = channelOf(streams, environment)
    this.#environment = environment
    this.#bounds = bounds
    this.#channel.listen(this)
  }

  /** Whether time or a signal ended the handshake. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Whether an answer went out and ended the transport, or is about to. */
  get finished(): boolean {
    return this.#finished
  }

  /** Waits for `promise`, or throws what stopped the handshake. */
  within<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#stopping ??= this.#watch()])
  }

  /** Writes one chunk, unless the handshake was stopped. */
  write(bytes: Uint8Array): Promise<void> {
    // A signal tells nothing to whoever comes after it, and up to here there may have been nothing to wait for.
    if (this.#bounds.signal?.aborted) return this.within(new Promise(() => {}))
    const written = this.#channel.write([bytes])
    return written === undefined ? DONE : this.within(written.catch(failed))
  }

  /** Reads a head. Throws what the reader throws, `unexpected-end` where the transport ends first. */
  async readHead<K extends keyof Heads>(reader: HeadReader<K>): Promise<Heads[K]> {
    for (;;) {
      const chunk = await this.read()
      if (chunk === undefined) reader.end()
      const head = chunk && reader.push(chunk)
      if (head !== undefined) return head
    }
  }

  /** The next chunk, or undefined at the end. */
  read(): Promise<Uint8Array | undefined> {
    return this.within(this.#next().catch(failed))
  }

  /** Ends our direction when what was written is out; where the peer does not take it in time, cuts the transport. */
  async finish(): Promise<void> {
    this.#finished = true
    this.#channel.discard()
    await this.within(this.#channel.shutdown()).catch((reason) => this.discard(reason))
    this.#forget()
  }

  /** The handshake is done: the streams are the caller's again. */
  release(): ByteStreams {
    this.#forget()
    this.#channel.release()
    return this.#streams
  }

  /** The handshake failed: cuts the transport. */
  discard(reason: unknown): void {
    this.#forget()
    this.#channel.discard()
    this.#channel.abort(reason)
  }

  chunk(chunk: Uint8Array): void {
    this.#channel.pause() // one at a time: what follows the head is somebody else's
    this.#take(chunk)
  }

  end(): void {
    this.#take(undefined)
  }

  failed(error: unknown): void {
    this.#failure ??= { error }
    this.#waiting?.reject(error)
  }

  /** The signal was aborted. */
  handleEvent(): void {
    this.#stop(this.#bounds.signal!.reason)
  }

  #next(): Promise<Uint8Array | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#channel.resume()
    })
  }

  #take(chunk: Uint8Array | undefined): void {
    this.#waiting?.resolve(chunk)
    this.#waiting = undefined
  }

  /** Starts the clock and heeds the signal. */
  #watch(): Promise<never> {
    const { timeout, late, signal } = this.#bounds
    const stopping = handled(new Promise<never>((_, reject) => this.#reject = reject))
    this.#stopTimer = this.#environment.startTimer(() => this.#stop(abnormalEnd(late)), timeout)
    signal?.addEventListener('abort', this)
    if (signal?.aborted) this.handleEvent()
    return stopping
  }

  #forget(): void {
    this.#stopTimer?.()
    if (this.#stopping !== undefined) this.#bounds.signal?.removeEventListener('abort', this)
  }

  #stop(reason: unknown): void {
    this.#stopped = true
    this.#reject!(reason)
  }
}

/** Whatever broke the transport, the handshake's user sees one class of error. */
function failed(cause: unknown): never {
  throw brokenBy(cause, 'the transport failed: ')
}
