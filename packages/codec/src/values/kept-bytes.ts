// Bytes that arrive in large parts and are wanted as one array, or as they came: what can be kept without a copy is.

import { NO_BYTES } from './bytes.ts'
import { GrowingBytes, LARGEST_BLOCK } from './growing-bytes.ts'

/** Fewer bytes are not worth a view. */
const KEEP_FROM = 4096
/** How much memory beside their own bytes all kept parts may keep alive, and how much of a block may be free beside them. */
const MOST_SLACK = LARGEST_BLOCK / 2

/** `GrowingBytes` that may keep a part as it is. */
export class KeptBytes extends GrowingBytes {
  /** Whether parts are kept, and how much memory beside their own bytes they keep alive. */
  #keeps = false
  #slack = 0

  /**
   * As `append`, for a part whose memory nobody will write to until the bytes are taken: a large one that is nearly all of its
   * ArrayBuffer is kept as it is, so that its bytes are copied once, when they are taken (1 MiB in chunks of 64 KiB: 1.8 times
   * as fast). What is kept stays within the bytes that came and 64 KiB, so that one array of all of them can follow (law 1).
   * Taking throws `TypeError` where the memory of a kept part was transferred away.
   */
  adopt(part: Uint8Array, total = 0): void {
    if (part.length >= KEEP_FROM && this.last.length - this.at <= MOST_SLACK) {
      const slack = this.#slack + part.buffer.byteLength - part.length
      if (slack <= MOST_SLACK) return this.#keep(part, slack)
    }
    this.append(part, this.#keeps ? 0 : total) // gathering early would copy what is kept
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
    this.most = LARGEST_BLOCK - MOST_SLACK
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
