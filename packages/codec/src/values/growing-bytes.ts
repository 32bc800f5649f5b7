// Bytes that arrive bit by bit and are wanted as one array. Memory follows what arrived, never what was announced.

import { NO_BYTES } from './bytes.ts'

/** Makes an array of that many bytes; the content need not be zero, since every byte is written before it is seen. */
export type Allocate = (length: number) => Uint8Array

/** The portable allocator: zeroed memory. */
export const allocateZeroed: Allocate = (length) => new Uint8Array(length)

const FIRST_BLOCK = 1024
/** The most that may be allocated ahead of what came (law 1). */
export const LARGEST_BLOCK = 65536

/**
 * Appends and hands out one exact array. Bytes are kept in blocks, so that nothing is copied to make room and all that was
 * ever allocated stays within twice the bytes that came, plus one block (law 1); each byte is copied twice at most (law 2).
 */
export class GrowingBytes {
  /** Bytes so far; not to be set. */
  length = 0
  /** The full blocks, and the one being filled, up to `at`. */
  protected blocks: Uint8Array[] = []
  protected last: Uint8Array = NO_BYTES
  protected at = 0
  /** The largest block. */
  protected most: number = LARGEST_BLOCK
  readonly #allocate: Allocate

  constructor(allocate: Allocate = allocateZeroed) {
    this.#allocate = allocate
  }

  /** Copies `part` in. `total` is the length at which it will end, as far as anybody said; 0 where nobody did. */
  append(part: Uint8Array, total = 0): undefined {
    const needed = this.length + part.length
    let rest = part
    if (this.at + part.length > this.last.length) {
      if (isNear(total, needed)) this.#gather(total)
      else rest = this.#spill(part)
    }
    this.last.set(rest, this.at)
    this.at += rest.length
    this.length = needed
  }

  /** The bytes so far, with room for `more` behind them, as an array of exactly that length that nobody else holds; then starts anew. */
  take(more = 0): Uint8Array {
    const length = this.length + more
    // Not even an empty one is shared.
    if (this.blocks.length > 0 || this.last.length !== length || length === 0) this.#gather(length)
    const bytes = this.last
    this.last = NO_BYTES
    this.at = this.length = 0
    return bytes
  }

  /** Fills the last block, opens the next one, and gives what of `part` belongs there. */
  #spill(part: Uint8Array): Uint8Array {
    const room = this.last.length - this.at
    this.last.set(part.subarray(0, room), this.at)
    if (this.last.length > 0) this.blocks.push(this.last)
    const rest = part.subarray(room)
    this.last = this.#allocate(Math.max(rest.length, Math.min(Math.max(this.length, FIRST_BLOCK), this.most)))
    this.at = 0
    return rest
  }

  /** Brings all bytes so far into one array of that capacity. */
  #gather(capacity: number): void {
    const all = this.#allocate(capacity)
    let at = 0
    for (const block of this.blocks) {
      all.set(block, at)
      at += block.length
    }
    all.set(this.last.subarray(0, this.at), at)
    this.blocks = []
    this.last = all
    this.at = this.length
  }
}

// An announced end is believed once an eighth of it has come and at most 64 KiB are missing: then the rest goes to its place at once.
function isNear(total: number, needed: number): boolean {
  return total >= needed && total - needed <= LARGEST_BLOCK && total <= 8 * needed + FIRST_BLOCK
}
