// What was opened for an attempt that may be given up. Owns who closes it: the attempt's signal, until it is handed on.

/** One thing that is open. */
export class Held<T extends { close(): void }> {
  /** The thing while it is ours to close. */
  #thing: T | undefined
  readonly #signal: AbortSignal

  /** Takes `thing` over, and closes it when `signal` is aborted. */
  constructor(thing: T, signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.#give()?.close(), { once: true })
    this.put(thing)
  }

  /** Holds this from now on, in place of what was taken. */
  put(thing: T): void {
    this.#thing = thing
    if (this.#signal.aborted) this.#give()?.close()
  }

  /** Hands it on. Throws the signal's reason where it was closed, and `TypeError` where it was handed on already. */
  take(): T {
    this.#signal.throwIfAborted()
    const thing = this.#give()
    if (thing === undefined) throw new TypeError('Cannot use connection: it was handed on already')
    return thing
  }

  #give(): T | undefined {
    const thing = this.#thing
    this.#thing = undefined
    return thing
  }
}
