// Standard output with backpressure, one write to the system for all that a turn of the event loop brings. A reader that went
// away, as `head` does, is an end and no failure.

import { once } from 'node:events'
import process from 'node:process'
import type { Writable } from 'node:stream'

/** Nobody reads standard output any more. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

/** A stream that may be a terminal. */
type Sink = Writable & { readonly isTTY?: boolean }

/** Where a command's results go. */
export class Output {
  readonly #stream: Sink
  #failure: Error | undefined
  #corked = false

  constructor(stream: Sink = process.stdout) {
    this.#stream = stream
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure ??= error.code === 'EPIPE' ? new OutputClosed() : error
    })
  }

  /** Whether a person watches. */
  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** Whether a slow reader keeps us from writing more. */
  get isFull(): boolean {
    return this.#stream.writableNeedDrain
  }

  /** Takes a chunk over; resolves when there is room for more. Rejects with `OutputClosed`, or with what else went wrong. */
  async write(chunk: string | Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#cork()
    if (this.#stream.write(chunk)) return
    // Our own listener heard of the error first.
    await once(this.#stream, 'drain').catch((error) => {
      throw this.#failure ?? error
    })
  }

  /** Resolves when the system has taken all that was written. Rejects as `write` does: a full disk tells only then. */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) => this.#stream.write('', () => resolve()))
    if (this.#failure !== undefined) throw this.#failure
  }

  #cork(): void {
    if (this.#corked) return
    this.#corked = true
    this.#stream.cork()
    setImmediate(() => {
      this.#corked = false
      this.#stream.uncork()
    })
  }
}
