// What may pass without a pause: a source that always has more would let no timer run, and no end would be bounded.

import type { Environment } from './environment.ts'

const LONGEST = 2 ** 22

/** What a chunk counts beside its bytes, so that empty ones count, too. */
const CHUNK_COST = 64

/** Counts bytes. */
export class Stretch {
  readonly #environment: Pick<Environment, 'defer'>
  #length = 0

  constructor(environment: Pick<Environment, 'defer'>) {
    this.#environment = environment
  }

  /** What to wait for behind a chunk of so many bytes, if anything: the next turn of the event loop. */
  add(length: number): Promise<void> | undefined {
    this.#length += length + CHUNK_COST
    if (this.#length < LONGEST) return undefined
    this.#length = 0
    return new Promise((resolve) => this.#environment.defer(resolve))
  }
}
