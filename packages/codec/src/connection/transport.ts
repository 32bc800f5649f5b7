// The hours before the upgrade: a transport read and written directly, within a time, until a signal says no.

import type { HeadReader } from '../handshake/head-reader.ts'
import type { Heads } from '../handshake/http1.ts'
import type { ByteStreams } from '../values/types.ts'
import type { Channel } from './channel.ts'
import { channelOf } from './claim.ts'
import { abnormalEnd } from './ends.ts'
import type { Environment } from './environment.ts'
import { reasonOf } from './naming.ts'
import { DONE, handled } from './promises.ts'

/** What may stop a handshake from outside. An `AbortSignal` is one. */
export interface Stop {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** A transport during the opening handshake. `release` hands it on; `discard` cuts it. */
export class HandshakeTransport {
  readonly #streams: ByteStreams
  readonly #channel: Channel
  /** Rejects when the handshake must end. */
  readonly #stopping: Promise<never>
  #reject!: (reason: unknown) => void
  #stopped = false
  readonly #forget: () => void
  /** What came and was not read yet; undefined for the end. */
  readonly #came: (Uint8Array | undefined)[] = []
  #failure: { readonly error: unknown } | undefined
  #waiting: { resolve: (chunk: Uint8Array | undefined) => void; reject: (error: unknown) => void } | undefined

  /** `onTimeout` makes the error of a handshake that takes longer than `timeout` milliseconds. */
  constructor(
    streams: ByteStreams,
    environment: Environment,
    { timeout, onTimeout, signal }: { timeout: number; onTimeout: () => unknown; signal?: Stop | undefined },
  ) {
    this.#streams = streams
    this.#channel = channelOf(streams)
    this.#stopping = handled(new Promise((_, reject) => this.#reject = reject))
    const onAbort = () => this.#stop(signal!.reason)
    const stopTimer = environment.startTimer(() => this.#stop(onTimeout()), timeout)
    signal?.addEventListener('abort', onAbort)
    this.#forget = () => {
      stopTimer()
      signal?.removeEventListener('abort', onAbort)
    }
    this.#channel.listen({
      chunk: (chunk) => this.#take(chunk),
      end: () => this.#take(undefined),
      failed: (error) => {
        this.#failure ??= { error }
        this.#waiting?.reject(error)
      },
    })
    if (signal?.aborted) onAbort()
  }

  /** Whether time or a signal ended the handshake. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Waits for `promise`, or throws what stopped the handshake. */
  within<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#stopping])
  }

  /** Writes one chunk. */
  write(bytes: Uint8Array): Promise<void> {
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
  async end(): Promise<void> {
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

  #next(): Promise<Uint8Array | undefined> {
    if (this.#came.length > 0) return Promise.resolve(this.#came.shift())
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#channel.resume()
    })
  }

  /** One chunk at a time: what follows the head is somebody else's. */
  #take(chunk: Uint8Array | undefined): void {
    if (chunk !== undefined) this.#channel.pause()
    if (this.#waiting === undefined) this.#came.push(chunk)
    else this.#waiting.resolve(chunk)
    this.#waiting = undefined
  }

  #stop(reason: unknown): void {
    this.#stopped = true
    this.#reject(reason)
  }
}

/** Whatever broke the transport, the handshake's user sees one class of error. */
function failed(cause: unknown): never {
  throw abnormalEnd(`the transport failed: ${reasonOf(cause)}`, cause)
}
