// What the platform does slowly with any two streams, done fast where one of them is ours: piping to another connection, and `for await`.
// Locks, ends, errors and signals stay the platform's; only messages take the short way past its queues, since each of its steps
// costs more than a small message's whole way through the codec.

import { Outbound } from './outbound.ts'

type Message = string | Uint8Array

/** Has `readable.pipeTo` tell which connection messages may be handed to directly, for as long as the pipe lasts. */
export function fusePipe(readable: ReadableStream<Message>, divert: (target: Outbound | undefined) => void): void {
  let latest = 0
  // Asynchronous, so that what the platform would refuse rejects; the pipe begins before the first await.
  async function pipeTo(
    this: ReadableStream<Message>,
    destination: WritableStream<Message>,
    options?: Parameters<ReadableStream<Message>['pipeTo']>[1],
  ): Promise<void> {
    const target = this === readable && !readable.locked ? Outbound.of(destination) : undefined
    const signal = options?.signal
    if (target === undefined || destination.locked || signal?.aborted) {
      return await platformPipeTo(this, destination, options)
    }
    const mine = ++latest
    const stop = (): void => {
      if (mine === latest) divert(undefined)
    }
    if (signal instanceof AbortSignal) signal.addEventListener('abort', stop, { once: true })
    try {
      const piped = platformPipeTo(this, destination, options)
      if (readable.locked) divert(target) // else it was refused
      await piped
    } finally {
      if (signal instanceof AbortSignal) signal.removeEventListener('abort', stop)
      stop()
    }
  }
  define(readable, 'pipeTo', pipeTo)
}

function platformPipeTo(
  readable: ReadableStream<Message>,
  ...[destination, options]: Parameters<ReadableStream<Message>['pipeTo']>
): Promise<void> {
  return ReadableStream.prototype.pipeTo.call(readable, destination, options)
}

/** Has `for await` take a message that is here already without a read of the platform's. */
export function fuseIteration(readable: ReadableStream<Message>, takeNow: () => Message | undefined): void {
  const values = (options?: { preventCancel?: boolean }): AsyncIterableIterator<Message> => {
    if (typeof options !== 'object' && typeof options !== 'function' && options !== undefined) {
      throw new TypeError(`Cannot iterate: options must be an object, got ${typeof options}`)
    }
    return new Iteration(readable.getReader(), takeNow, options?.preventCancel ?? false)
  }
  define(readable, 'values', values)
  define(readable, Symbol.asyncIterator, values)
}

/** As a method of the stream's own, which nobody sees who lists its properties. */
function define(readable: ReadableStream<Message>, name: PropertyKey, value: unknown): void {
  Object.defineProperty(readable, name, { value, writable: true, configurable: true })
}

/** The iterator of a stream, as the Streams standard has it (§4.2.5). */
class Iteration implements AsyncIterableIterator<Message> {
  readonly #reader: ReadableStreamDefaultReader<Message>
  readonly #takeNow: () => Message | undefined
  readonly #preventCancel: boolean
  /** Reads that wait, in order; the last of them. */
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()
  #over = false

  constructor(
    reader: ReadableStreamDefaultReader<Message>,
    takeNow: () => Message | undefined,
    preventCancel: boolean,
  ) {
    this.#reader = reader
    this.#takeNow = takeNow
    this.#preventCancel = preventCancel
    reader.closed.catch(() => {})
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    if (this.#waiting === 0) {
      if (this.#over) return Promise.resolve({ done: true, value: undefined })
      const value = this.#takeNow()
      if (value !== undefined) return Promise.resolve({ done: false, value })
    }
    return this.#inTurn(() => this.#read())
  }

  return(reason?: unknown): Promise<IteratorResult<Message, undefined>> {
    return this.#inTurn(async () => {
      if (!this.#over) {
        this.#over = true
        const cancelled = this.#preventCancel ? undefined : this.#reader.cancel(reason)
        this.#reader.releaseLock()
        await cancelled
      }
      return { done: true, value: reason as undefined }
    })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** One step after another, whatever became of the one before. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#waiting++ === 0 ? step() : this.#last.then(step, step)
    const settled = (): void => void this.#waiting--
    this.#last = result.then(settled, settled)
    return result
  }

  async #read(): Promise<IteratorResult<Message, undefined>> {
    if (this.#over) return { done: true, value: undefined }
    try {
      const { done, value } = await this.#reader.read()
      if (!done) return { done, value }
    } catch (error) {
      this.#end()
      throw error
    }
    this.#end()
    return { done: true, value: undefined }
  }

  #end(): void {
    this.#over = true
    this.#reader.releaseLock()
  }
}
