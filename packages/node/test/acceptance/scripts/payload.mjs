// What is sent: bytes that differ from place to place, so that nothing can be lost, doubled or swapped unseen, and that cost
// no memory, because all chunks are views of one pool.

import { createHash } from 'node:crypto'

const POOL = 2 ** 20
const STEP = 4100 // a multiple of four, so that a pool that is masked already stays in step with its key

/** The pool: pseudo-random bytes, and room for the longest chunk behind them. */
function makePool(longest) {
  const pool = new Uint8Array(POOL + longest)
  const words = new Uint32Array(pool.buffer)
  let state = 0x9e3779b9
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return pool
}

/** The chunks of `total` bytes in all, `size` bytes each; `key` masks them (RFC 6455 §5.3). */
export class Payload {
  #pool
  #masked
  #size
  total
  #sum = createHash('sha256')
  at = 0

  constructor(total, size, key) {
    this.#pool = makePool(size)
    this.#masked = key === undefined ? this.#pool : this.#pool.map((byte, i) => byte ^ key[i & 3])
    this.#size = size
    this.total = total
  }

  /** The next chunk; undefined behind the last. `fresh`: in memory of its own. */
  next(fresh = false) {
    if (this.at === this.total) return undefined
    const from = (this.at / this.#size * STEP) % POOL
    const to = from + Math.min(this.#size, this.total - this.at)
    this.#sum.update(this.#pool.subarray(from, to))
    this.at += to - from
    return fresh ? this.#masked.slice(from, to) : this.#masked.subarray(from, to)
  }

  /** The sum of all chunks that were given. */
  sum() {
    return this.#sum.digest('hex')
  }
}

/** Counts and sums what came. */
export class Receipt {
  bytes = 0
  #sum = createHash('sha256')

  add(chunk) {
    this.bytes += chunk.length
    this.#sum.update(chunk)
  }

  done() {
    return { bytes: this.bytes, sum: this.#sum.digest('hex') }
  }
}
