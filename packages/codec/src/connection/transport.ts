// The hours before the upgrade: a transport read and written directly, within a time, until a signal says no.

import type { HeadReader } from '../handshake/head-reader.ts'
import type { Heads } from '../handshake/http1.ts'
import type { ByteStreams } from '../values/types.ts'
import { abnormalEnd } from './ends.ts'
import type { Environment } from './environment.ts'
import { reasonOf } from './naming.ts'
import { handled } from './promises.ts'

/** A transport during the opening handshake. `release` hands it on; `discard` cuts it. */
export class HandshakeTransport {
  readonly #streams: ByteStreams
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  /** Rejects when the handshake must end. */
  readonly #stopping: Promise<never>
  #reject!: (reason: unknown) => void
  #stopped = false
  readonly #forget: () => void

  /** `onTimeout` makes the error of a handshake that takes longer than `timeout` milliseconds. */
  constructor(
    streams: ByteStreams,
    environment: Environment,
    { timeout, onTimeout, signal }: { timeout: number; onTimeout: () => unknown; signal?: AbortSignal | undefined },
  ) {
    this.#streams = streams
    this.#reader = streams.readable.getReader()
    this.#writer = streams.writable.getWriter()
    this.#writer.closed.catch(() => {})
    this.#stopping = handled(new Promise((_, reject) => this.#reject = reject))
    const onAbort = () => this.#stop(signal!.reason)
    const stopTimer = environment.startTimer(() => this.#stop(onTimeout()), timeout)
    signal?.addEventListener('abort', onAbort)
    this.#forget = () => {
      stopTimer()
      signal?.removeEventListener('abort', onAbort)
    }
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
    return this.within(this.#writer.write(bytes).catch(failed))
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
  async read(): Promise<Uint8Array | undefined> {
    const { value } = await this.within(this.#reader.read().catch(failed))
    return value
  }

  /** Ends our direction when what was written is out; where the peer does not take it in time, cuts the transport. */
  async end(): Promise<void> {
    this.#reader.cancel().catch(() => {})
    await this.within(this.#writer.close()).catch((reason) => this.discard(reason))
    this.#forget()
  }

  /** The handshake is done: the streams are the caller's again. */
  release(): ByteStreams {
    this.#forget()
    this.#reader.releaseLock()
    this.#writer.releaseLock()
    return this.#streams
  }

  /** The handshake failed: cuts the transport. */
  discard(reason: unknown): void {
    this.#forget()
    this.#reader.cancel(reason).catch(() => {})
    this.#writer.abort(reason).catch(() => {})
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
