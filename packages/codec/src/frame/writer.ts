// Collects outgoing frames in few chunks. Owns the bytes of the blocks it fills until `take`; judges nothing: callers have
// checked what they write. Headers and small payloads share a block; a large payload that needs no mask is lent, uncopied.

import { type Allocate, allocateZeroed } from '../values/growing-bytes.ts'
import type { Role } from '../values/types.ts'
import { giveBack, LARGEST_BLOCK, takeBlock } from './block-pool.ts'
import { headerLength, MAX_HEADER_LENGTH, writeHeader } from './header.ts'
import { copyPayload, mask, type MaskedPayload, type MaskingKeySource, maskInto, rotateKey, writeKey } from './mask.ts'
import { useVectorMasking } from './mask-simd.ts'

/** Servers copy payloads up to this many bytes beside their headers and lend longer ones: a copy costs less than a write. */
export const LEND_ABOVE = 16384

const SMALLEST_BLOCK = 256

const encoder = new TextEncoder()

/** How a {@linkcode FrameWriter} writes. */
export interface FrameWriterOptions {
  readonly role: Role
  readonly maskingKeys: MaskingKeySource
  readonly allocate?: Allocate | undefined
}

/** Writes headers and payloads one after another. The caller keeps the order: a header, then that many payload bytes. */
export class FrameWriter {
  readonly #masks: boolean
  readonly #maskingKeys: MaskingKeySource
  readonly #allocate: Allocate
  #chunks: Uint8Array[] = []
  #size = 0
  /** The block being filled, up to `#at`. */
  #block: Uint8Array | undefined
  #at = 0
  /** Of the block, once something is to be written by words. */
  #view: DataView | undefined
  /** The key of the frame being written, and how much of its payload has been. */
  #key = 0
  #offset = 0
  #reuses = false
  /** How large a new block is: follows the traffic. */
  #usualSize = SMALLEST_BLOCK

  constructor({ role, maskingKeys, allocate = allocateZeroed }: FrameWriterOptions) {
    useVectorMasking()
    this.#masks = role === 'client' // RFC 6455 §5.1
    this.#maskingKeys = maskingKeys
    this.#allocate = allocate
  }

  /** Bytes that wait for `take`. */
  get size(): number {
    return this.#size
  }

  /** Begins a frame of `payloadLength` bytes. */
  header(firstByte: number, payloadLength: number): void {
    const length = headerLength(payloadLength, this.#masks)
    // A payload that will be lent closes the block behind its header: that needs no more than the header.
    const lends = !this.#masks && payloadLength > LEND_ABOVE
    const block = this.#room(length, lends ? length : undefined)
    let at = writeHeader(block, this.#at, firstByte, payloadLength, this.#masks)
    if (this.#masks) {
      this.#key = this.#maskingKeys() // a fresh one for each frame: RFC 6455 §5.3
      writeKey(block, at, this.#key)
      at += 4
    }
    this.#offset = 0
    this.#advance(length)
  }

  /** Goes on with the frame's payload. Never writes to `payload`; with `lend` a large one may be handed on as it is. */
  payload(payload: Uint8Array, lend = false): void {
    if (lend && !this.#masks && payload.length > LEND_ABOVE) return this.#lend(payload)
    const block = this.#room(payload.length)
    if (this.#masks) maskInto(block, this.#at, payload, rotateKey(this.#key, this.#offset))
    else block.set(payload, this.#at)
    this.#offset += payload.length
    this.#advance(payload.length)
  }

  /** One whole frame with what was received with another one; it is unmasked on the way. */
  masked(firstByte: number, payload: MaskedPayload): void {
    const length = payload.end - payload.start
    const block = this.#room(MAX_HEADER_LENGTH + length)
    this.header(firstByte, length)
    const view = payload.view && (this.#view ??= new DataView(block.buffer, block.byteOffset, block.length))
    copyPayload(block, view, this.#at, payload, this.#masks ? payload.key ^ this.#key : payload.key)
    this.#advance(length)
  }

  /** One whole frame whose payload is `text` in UTF-8, encoded in place; gives its length. Takes room for three times the text. */
  text(firstByte: number, text: string): number {
    const longest = text.length * 3
    const block = this.#room(MAX_HEADER_LENGTH + longest)
    // The header's length depends on the payload's, which is known only after encoding: guess, and move when wrong.
    const guess = headerLength(text.length, this.#masks)
    const start = this.#at + guess
    const { written } = encoder.encodeInto(text, block.subarray(start, start + longest))
    const actual = headerLength(written, this.#masks)
    if (actual !== guess) block.copyWithin(this.#at + actual, start, start + written)
    this.header(firstByte, written)
    this.#maskNext(block, written)
    this.#advance(written)
    return written
  }

  /** Bytes that are encoded already: frames of a server, prepared once for many, which nobody writes to. */
  raw(bytes: Uint8Array): void {
    // A transport that has done with them when they are sent may as well have the one array that all the others have.
    if (bytes.length > LEND_ABOVE || (this.#reuses && this.#size === 0)) return this.#lend(bytes)
    this.#room(bytes.length).set(bytes, this.#at)
    this.#advance(bytes.length)
  }

  /** All that was written, in order; each chunk has an ArrayBuffer that no other one shares, unless blocks are reused. */
  take(): Uint8Array[] {
    this.#closeBlock()
    const chunks = this.#chunks
    // Taking nothing says nothing of the traffic.
    if (this.#size > 0 && this.#size * 4 < this.#usualSize) {
      this.#usualSize = Math.max(SMALLEST_BLOCK, this.#usualSize >>> 1)
    }
    this.#chunks = []
    this.#size = 0
    return chunks
  }

  /** From now on whoever takes chunks gives each back with `release` once nobody looks at its memory any more. */
  reuseBlocks(): void {
    this.#reuses = true
  }

  /** A chunk that was taken is done with: if it is a block of ours, it will be written again. */
  release(chunk: Uint8Array): void {
    if (this.#reuses) giveBack(chunk)
  }

  #maskNext(block: Uint8Array, length: number): void {
    if (this.#masks) mask(block, this.#at, this.#at + length, rotateKey(this.#key, this.#offset))
    this.#offset += length
  }

  #advance(length: number): void {
    this.#at += length
    this.#size += length
  }

  #lend(payload: Uint8Array): void {
    this.#closeBlock()
    this.#chunks.push(payload)
    this.#size += payload.length
    this.#offset += payload.length
  }

  /**
   * The block, with room for `length` more bytes. A full one grows by copying, up to a size where another chunk costs less:
   * one chunk a turn is one write, and writes are what is slow (docs/performance.md).
   */
  #room(length: number, size: number = this.#usualSize): Uint8Array {
    const block = this.#block
    if (block !== undefined && block.length - this.#at >= length) return block
    if (block === undefined || this.#at + length > LARGEST_BLOCK) {
      this.#closeBlock()
      return (this.#block = this.#newBlock(Math.max(length, size)))
    }
    this.#usualSize = Math.min(LARGEST_BLOCK, Math.max(2 * block.length, this.#at + length))
    const grown = this.#newBlock(this.#usualSize)
    grown.set(block.subarray(0, this.#at))
    return (this.#block = grown)
  }

  #newBlock(length: number): Uint8Array {
    this.#view = undefined
    return this.#reuses ? takeBlock(length, this.#allocate) : this.#allocate(length)
  }

  #closeBlock(): void {
    const block = this.#block
    if (block !== undefined && this.#at > 0) {
      this.#chunks.push(block.length === this.#at ? block : block.subarray(0, this.#at)) // a view costs as much as a frame
    }
    this.#block = this.#view = undefined // an idle connection keeps no memory for what it may send
    this.#at = 0
  }
}
