// Any pair of byte streams as a channel. Owns a reader and a writer.

import { dense } from '../values/bytes.ts'
import type { ByteStreams } from '../values/types.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import type { Environment } from './environment.ts'
import { Stretch } from './stretch.ts'

/** A channel over streams that are not locked. */
export class StreamChannel implements Channel {
  readonly keepsNothing = false
  readonly reclaim = undefined
  readonly reclaimsFrom = 0
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #stretch: Stretch
  #events: ChannelEvents | undefined
  #failure: { readonly error: unknown } | undefined
  #flowing = false
  #reading = false

  constructor({ readable, writable }: ByteStreams, environment: Pick<Environment, 'defer'>) {
    this.#stretch = new Stretch(environment)
    this.#reader = readable.getReader()
    this.#writer = writable.getWriter()
    this.#reader.closed.catch(() => {})
    this.#writer.closed.catch((error) => this.#failed(error))
  }

  listen(events: ChannelEvents): void {
    this.#events = events
    if (this.#failure !== undefined) events.failed(this.#failure.error)
  }

  resume(): void {
    this.#flowing = true
    if (!this.#reading) void this.#read()
  }

  pause(): void {
    this.#flowing = false
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    let last!: Promise<void>
    for (const chunk of chunks) {
      last = this.#writer.write(chunk)
      last.catch((error) => this.#failed(error))
    }
    return last // those before it are done then, or have failed as it does
  }

  shutdown(): Promise<void> {
    return this.#writer.close()
  }

  discard(): void {
    this.#reader.cancel().catch(() => {})
  }

  abort(reason: unknown): void {
    this.#events = undefined
    this.#writer.abort(reason).catch(() => {})
  }

  release(): void {
    this.#events = undefined
    this.#reader.releaseLock()
    this.#writer.releaseLock()
  }

  async #read(): Promise<void> {
    this.#reading = true
    try {
      while (this.#flowing) {
        const { done, value } = await this.#reader.read()
        if (done) return this.#events?.end()
        const { length } = value
        this.#events?.chunk(dense(value))
        const pause = this.#stretch.add(length)
        if (pause !== undefined) await pause
      }
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#reading = false
    }
  }

  #failed(reason: unknown): void {
    const { error } = this.#failure ??= { error: reason ?? new Error('the transport gave no reason') }
    this.#events?.failed(error)
  }
}
