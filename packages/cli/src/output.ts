// Standard output with backpressure. A reader that went away, as `head` does, is an end and no failure.

import process from 'node:process'

/** Nobody reads standard output any more. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

/** Where a command's results go. */
export class Output {
  readonly #stream: NodeJS.WriteStream
  #failure: Error | undefined

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.#stream = stream
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure ??= error.code === 'EPIPE' ? new OutputClosed() : error
    })
  }

  /** Whether a person watches. */
  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  /** Resolves when the system has taken it. Rejects with `OutputClosed`, or with what else went wrong. */
  write(chunk: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      // The error event comes before the callback or in the same breath; both know the same error.
      this.#stream.write(chunk, (error: NodeJS.ErrnoException | null | undefined) => {
        if (this.#failure !== undefined) reject(this.#failure)
        else if (error) reject(error.code === 'EPIPE' ? new OutputClosed() : error)
        else resolve()
      })
    })
  }
}
