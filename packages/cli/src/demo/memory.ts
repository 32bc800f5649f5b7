// Resident memory over a while: where it started and its highest point since. Sampled, because the system's own high-water
// mark also counts what was before.

import process from 'node:process'

const EVERY = 10 // milliseconds

/** Watches until `stop`. */
export class MemoryWatch {
  /** Bytes when the watch began. */
  readonly start: number = process.memoryUsage.rss()
  #highest = this.start
  readonly #timer = setInterval(() => this.#sample(), EVERY)

  /** Ends the watch; gives how many bytes the highest point was above the start. */
  stop(): number {
    clearInterval(this.#timer)
    this.#sample()
    return this.#highest - this.start
  }

  #sample(): void {
    this.#highest = Math.max(this.#highest, process.memoryUsage.rss())
  }
}
