// How long the memory of a received chunk is needed. Where its maker wants it back, all who look at it hold a lease, and the last one
// to release it gives it back at once: a collector that sees few objects lets such memory pile up, and then works long for it.
// Whoever hands a view to the application never releases, and the collector has the last word.

/** What can be released once its bytes are not looked at any more. */
export interface Releasable {
  release(): void
}

/** The lease of one chunk. Whoever makes it holds it. */
export class Lease implements Releasable {
  readonly #chunk: Uint8Array
  readonly #reclaim: (chunk: Uint8Array) => void
  #holders = 1

  constructor(chunk: Uint8Array, reclaim: (chunk: Uint8Array) => void) {
    this.#chunk = chunk
    this.#reclaim = reclaim
  }

  /** One more looks at the bytes. */
  hold(): void {
    this.#holders++
  }

  /** One less does. */
  release(): void {
    if (--this.#holders === 0) this.#reclaim(this.#chunk)
  }
}

/** The leases of all parts of a message. */
export class Leases implements Releasable {
  #all: Lease[] = []

  add(lease: Lease | undefined): void {
    if (lease !== undefined) this.#all.push(lease)
  }

  release(): void {
    for (const lease of this.#all) lease.release()
    this.#all = []
  }
}
