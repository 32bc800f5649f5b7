// Bytes that arrive bit by bit and are wanted as one array. Memory follows what arrived, never what was announced.

import { NO_BYTES } from './bytes.ts'

/** Makes an array of that many bytes; the content need not be zero, since every byte is written before it is seen. */
export type Allocate = (length: number) => Uint8Array

/** The portable allocator: zeroed memory. */
export const allocateZeroed: Allocate = (length) => new Uint8Array(length)

const FIRST_BLOCK = 1024
const LARGEST_BLOCK = 65536
/** Fewer bytes are not worth a view. */
const KEEP_FROM = 4096
/** How much memory beside their own bytes all kept parts may keep alive, and how much of a block may be free beside them. */
const MOST_SLACK = 32768

/**
 * Appends and hands out one exact array. Bytes are kept in blocks, so that nothing is copied to make room and all that was
 * ever allocated stays within twice the bytes that came, plus one block (law 1); each byte is copied twice at most (law 2).
 */
export class GrowingBytes {
  /** The full blocks and kept parts, and the block being filled, up to `#at`. */
  #blocks: Uint8Array[] = []
  #last = NO_BYTES
  #at = 0
  #length = 0
  /** Whether parts are kept, and how much memory beside their own bytes they keep alive. */
  #keeps = false
  #slack = 0
  readonly #allocate: Allocate

  constructor(allocate: Allocate = allocateZeroed) {
    this.#allocate = allocate
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length
  }

  /** Copies `part` in. `total` is the length at which it will end, as far as anybody said; 0 where nobody did. */
  append(part: Uint8Array, total = 0): void {
    const needed = this.#length + part.length
    let rest = part
    if (this.#at + part.length > this.#last.length) {
      if (!this.#keeps && isNear(total, needed)) this.#gather(total)
      else rest = this.#spill(part)
    }
    this.#last.set(rest, this.#at)
    this.#at += rest.length
    this.#length = needed
  }

  /**
   * As `append`, for a part whose memory nobody will write to until the bytes are taken: a large one that is nearly all of its
   * ArrayBuffer is kept as it is, so that its bytes are copied once, when they are taken (1 MiB in chunks of 64 KiB: 1.8 times
   * as fast). What is kept stays within the bytes that came and 64 KiB, so that one array of all of them can follow (law 1).
   * Taking throws `TypeError` where the memory of a kept part was transferred away.
   */
  adopt(part: Uint8Array, total = 0): void {
    const slack = part.buffer.byteLength - part.length
    const room = this.#last.length - this.#at
    if (part.length < KEEP_FROM || this.#slack + slack > MOST_SLACK || room > MOST_SLACK) {
      return this.append(part, total)
    }
    this.#sealBlock()
    this.#blocks.push(part)
    this.#keeps = true
    this.#slack += slack
    this.#length += part.length
  }

  /** The bytes so far, as an array of exactly their length that nobody else holds; then starts anew. */
  take(): Uint8Array {
    if (this.#length === 0) return new Uint8Array(0)
    if (this.#blocks.length > 0 || this.#last.length !== this.#length) this.#gather(this.#length)
    const bytes = this.#last
    this.#startAnew()
    return bytes
  }

  /** The bytes so far, in order, in the pieces that they are kept in: parts that were adopted, and blocks. Then starts anew. */
  takeParts(): Uint8Array[] {
    this.#sealBlock()
    const parts = this.#blocks
    this.#blocks = []
    this.#startAnew()
    return parts
  }

  /** Puts what the block holds behind the full ones; the rest of it is filled later. */
  #sealBlock(): void {
    if (this.#at === 0) return
    this.#blocks.push(this.#last.subarray(0, this.#at))
    this.#last = this.#last.subarray(this.#at)
    this.#at = 0
  }

  #startAnew(): void {
    this.#last = NO_BYTES
    this.#at = this.#length = this.#slack = 0
    this.#keeps = false
  }

  /** Fills the last block, opens the next one, and gives what of `part` belongs there. */
  #spill(part: Uint8Array): Uint8Array {
    const room = this.#last.length - this.#at
    if (room > 0) this.#last.set(part.subarray(0, room), this.#at)
    if (this.#at + room > 0) this.#blocks.push(this.#last)
    const rest = part.subarray(room)
    const most = this.#keeps ? LARGEST_BLOCK - MOST_SLACK : LARGEST_BLOCK
    this.#last = this.#allocate(Math.max(rest.length, Math.min(Math.max(this.#length, FIRST_BLOCK), most)))
    this.#at = 0
    return rest
  }

  /** Brings all bytes so far into one array of that capacity. */
  #gather(capacity: number): void {
    const all = this.#allocate(capacity)
    let at = 0
    for (const block of this.#blocks) {
      all.set(block, at)
      at += block.length
    }
    all.set(this.#last.subarray(0, this.#at), at)
    this.#blocks = []
    this.#last = all
    this.#at = this.#length
    this.#keeps = false
    this.#slack = 0
  }
}

// An announced end is believed once half of it has come and little is missing: then the rest goes to its place at once.
function isNear(total: number, needed: number): boolean {
  return total >= needed && total - needed <= LARGEST_BLOCK && total <= Math.max(2 * needed, FIRST_BLOCK)
}
