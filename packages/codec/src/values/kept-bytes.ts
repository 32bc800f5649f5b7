// Bytes that arrive in large parts and are wanted as one array, or as they came: what can be kept without a copy is.

import { NO_BYTES } from './bytes.ts'
import { GrowingBytes, LARGEST_BLOCK } from './growing-bytes.ts'

/** Fewer bytes are not worth a view. */
const KEEP_FROM = 4096

/** `GrowingBytes` that may keep a part as it is. */
export class KeptBytes extends GrowingBytes {
  /** Whether parts are kept, and how much memory beside their own bytes they keep alive. */
  #keeps = false
  #slack = 0

  /**
   * As `append`, for a part whose memory nobody will write to until the bytes are taken: a large one is kept as it is, so that its
   * bytes are copied once, when they are taken (1 MiB in chunks of 64 KiB: 1.8 times as fast). What all that is kept pins beside its
   * own bytes, with what is free of a block, stays within 64 KiB, so that one array of all of them can follow (law 1): one chunk that
   * a socket brought, whatever else is in it. Tells whether the part is kept. Taking throws `TypeError` where the memory of a kept part
   * was transferred away.
   */
  adopt(part: Uint8Array, total = 0): boolean {
    // A small one must not be asked for its buffer, see `SMALL`.
    const slack = part.length < KEEP_FROM ? Infinity : this.#slack + part.buffer.byteLength - part.length
    const keep = slack + this.last.length - this.at <= LARGEST_BLOCK
    if (keep) this.#keep(part, slack)
    else this.append(part, this.#keeps ? 0 : total) // gathering early would copy what is kept
    return keep
  }

  override take(): Uint8Array {
    const bytes = super.take()
    this.#startAnew()
    return bytes
  }

  /** The bytes so far, in order, in the pieces that they are kept in: parts that were adopted, and blocks. Then starts anew. */
  takeParts(): Uint8Array[] {
    this.#sealBlock()
    const parts = this.blocks
    this.blocks = []
    this.last = NO_BYTES
    this.at = this.length = 0
    this.#startAnew()
    return parts
  }

  #keep(part: Uint8Array, slack: number): void {
    this.#sealBlock()
    this.blocks.push(part)
    this.length += part.length
    this.most = LARGEST_BLOCK - slack
    this.#keeps = true
    this.#slack = slack
  }

  /** Puts what the block holds behind the full ones; the rest of it is filled later. */
  #sealBlock(): void {
    if (this.at === 0) return
    this.blocks.push(this.last.subarray(0, this.at))
    this.last = this.last.subarray(this.at)
    this.at = 0
  }

  #startAnew(): void {
    this.most = LARGEST_BLOCK
    this.#keeps = false
    this.#slack = 0
  }
}
