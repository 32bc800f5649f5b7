// Bytes in, frames out. Owns what is left of the current chunk, of a cut header and of a cut small frame; refuses every
// header that RFC 6455 §5 forbids; knows nothing of messages. Work is linear in bytes, however they are cut.

import { judgeBuffer, NO_BYTES, plainBytes, requireBytes, SMALL } from '../values/bytes.ts'
import { type Allocate, GrowingBytes } from '../values/growing-bytes.ts'
import { checkLimit } from '../values/limits.ts'
import { isControl } from '../values/opcode.ts'
import type { ProtocolError } from '../values/frame-fault.ts'
import { checkRole, type Frame, type Role } from '../values/types.ts'
import { fault, type FrameHeader, frameOf, type HeaderRules, MAX_HEADER_LENGTH, readHeader, RSV } from './header.ts'
import { copyMasked, mask, maskInto, rotateKey, wordsOf } from './mask.ts'

/** Makes something of masked bytes, `bytes[start, end)`; the key's octet 0 goes with the first of them. */
export type ReadMasked<T> = (bytes: Uint8Array, start: number, end: number, key: number) => T | undefined

/** A frame up to this many payload bytes arrives whole unless told otherwise. */
export const DEFAULT_WHOLE_FRAME_LIMIT = 65536

/** How a {@linkcode FrameDecoder} decodes. */
export interface FrameDecoderOptions {
  /** Which end we are: a server wants masked frames, a client unmasked ones (RFC 6455 §5.1). */
  role: Role
  /** Frames with a payload up to this many bytes are kept until whole; longer ones come in parts. Default 65536; 0 holds nothing back. */
  wholeFrameLimit?: number | undefined
  /** The longest payload a frame may declare, in bytes; more fails with `frame-too-big`. Default 2^53 − 1, the largest exact length. */
  maxPayloadLength?: number | undefined
  /** Reserved bits that extensions negotiated, as in the first byte: 0x40 is RSV1, 0x20 RSV2, 0x10 RSV3. Default 0. */
  allowedRsv?: number | undefined
  /** Whether to copy payloads and leave input chunks unchanged, for chunks that others read too. Default false. */
  copy?: boolean | undefined
  /** Where memory for frames cut across chunks comes from; an adapter may have a faster way than zeroed arrays. */
  allocate?: Allocate | undefined
}

/**
 * Decodes frames from bytes, cut anywhere (RFC 6455 §5). One decoder for one direction of one connection.
 *
 * Frames up to `wholeFrameLimit` come whole; longer ones in parts as their bytes arrive (`offset`, `payloadLength`), and
 * the first part comes with the header, even if it is empty. Control frames are always whole.
 *
 * After a `ProtocolError` the decoder stays failed: every later call throws the same error.
 *
 * Unmasks by words. After {@linkcode useVectorMasking}, which message codecs, streams and connections call, payloads of 1 KiB and
 * more take a third of the time.
 *
 * ```ts run
 * import { FrameDecoder } from '@wirestream/codec'
 *
 * const decoder = new FrameDecoder({ role: 'client' })
 * const [frame] = decoder.decode(Uint8Array.of(0x81, 0x02, 0x68, 0x69)) // RFC 6455 §5.7 has more of these
 * console.assert(frame?.fin && new TextDecoder().decode(frame.payload) === 'hi')
 * ```
 */
export class FrameDecoder implements IterableIterator<Frame> {
  readonly #rules: HeaderRules
  readonly #wholeFrameLimit: number
  readonly #copy: boolean | undefined
  /** The chunk being read, the place of the next byte of it, and its length as it came: its memory may be transferred meanwhile. */
  #chunk = NO_BYTES
  #at = 0
  #end = 0
  /** The chunk's memory, and the same as words, once a payload wants them: asking for them takes longer than using them. */
  #memory: ArrayBufferLike | undefined
  #words: Int32Array | undefined
  /** The start of a header that was cut by the end of a chunk. */
  #cutHeader: Uint8Array | undefined
  #cutHeaderLength = 0
  /** The frame under way, if its header was read: that, how many bytes of payload came so far, and whether it has just been opened. */
  #inside = false
  readonly #header: FrameHeader = { firstByte: 0, payloadLength: 0, key: 0 }
  #offset = 0
  #opens = false
  readonly #cutPayload: GrowingBytes
  #failure: ProtocolError | undefined

  /** Throws `RangeError` for a limit that is not a byte count or `allowedRsv` outside 0x70, and `TypeError` for an unknown role. */
  constructor({
    role,
    wholeFrameLimit = DEFAULT_WHOLE_FRAME_LIMIT,
    maxPayloadLength = Infinity,
    allowedRsv = 0,
    copy,
    allocate,
  }: FrameDecoderOptions) {
    this.#rules = {
      masks: checkRole(role) === 'server', // RFC 6455 §5.1
      allowedRsv: checkRsv(allowedRsv),
      maxPayloadLength: checkLimit('maxPayloadLength', maxPayloadLength),
    }
    this.#wholeFrameLimit = checkLimit('wholeFrameLimit', wholeFrameLimit)
    this.#copy = copy
    this.#cutPayload = new GrowingBytes(allocate)
  }

  /**
   * Takes `chunk` over (unless `copy`, it is unmasked in place and payloads above 64 bytes are views of it) and gives its frames
   * lazily: drain the iterator before the next call, which otherwise throws `TypeError`, as it does for a chunk whose memory was
   * transferred. Iterating throws `ProtocolError` at the first violation, after the frames before it, and `TypeError` where memory that
   * is still to be read was transferred meanwhile, perhaps with a payload.
   */
  decode(chunk: Uint8Array): IterableIterator<Frame> {
    this.push(chunk)
    return this
  }

  /** `decode` for callers that pull: gives `chunk` to {@linkcode pull}. Throws as `decode` does. */
  push(chunk: Uint8Array): void {
    requireBytes(chunk, 'Cannot decode frame: chunk')
    this.#judgeCall()
    this.#leaveChunk() // whoever takes what there is without asking for more has not left the last one
    // A Buffer would hand out Buffers, and its slice() is no copy.
    this.#chunk = plainBytes(chunk)
    this.#end = chunk.length
  }

  /** The next frame or part of the pushed chunk; undefined once more bytes are needed. */
  pull(): Frame | undefined {
    if (this.#failure !== undefined) throw this.#failure
    try {
      return this.#next() ?? this.#leaveChunk()
    } catch (error) {
      return this.#fail(error)
    }
  }

  /** {@linkcode pull} as an iterator's step: `decode` gives the decoder itself, since only one iterator exists at a time. */
  next(): IteratorResult<Frame, undefined> {
    const value = this.pull()
    return { done: value === undefined, value } as IteratorResult<Frame, undefined>
  }

  [Symbol.iterator](): this {
    return this
  }

  /**
   * The header of the next frame, in a record that is reused. Undefined while the header is incomplete, and once part of the frame was
   * given. `pull` may follow in any case. Throws `ProtocolError`.
   */
  peekHeader(): Readonly<FrameHeader> | undefined {
    try {
      return !this.#inside && this.#isInside() ? this.#header : undefined
    } catch (error) {
      return this.#fail(error)
    }
  }

  /**
   * Takes the payload behind a peeked header without making a frame; all of it must be in the chunk. Gives what `read` makes of the
   * bytes, which are still masked and must not be written to; where that is undefined, the payload as a frame would have it.
   */
  takePeeked<T = never>(read?: ReadMasked<T>): T | Uint8Array {
    const start = this.#at
    const end = this.#at = start + this.#header.payloadLength
    this.#inside = false
    return read?.(this.#chunk, start, end, this.#header.key) ?? this.#unmasked(start, end, 0)
  }

  /** Bytes of the pushed chunk that were not looked at yet. */
  get unread(): number {
    return this.#end - this.#at
  }

  /**
   * Says that no more bytes will come. Throws `ProtocolError` with `unexpected-end` inside a header or a frame, and
   * `TypeError` while the last iterator is not drained.
   */
  end(): void {
    this.#judgeCall()
    if (!this.#inside && this.#cutHeaderLength === 0) return
    const seen = this.#inside
      ? `${this.#offset} of ${this.#header.payloadLength} payload bytes`
      : `${this.#cutHeaderLength} bytes of a header`
    throw this.#failure = fault(`the bytes ended after ${seen}`, 'unexpected-end')
  }

  #judgeCall(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.unread > 0) throw new TypeError('Cannot decode frame: the last iterator must be drained first')
  }

  /** Nothing of the chunk is needed any more: an idle decoder must not keep its memory alive. */
  #leaveChunk(): undefined {
    this.#chunk = NO_BYTES
    this.#at = this.#end = 0
    this.#memory = this.#words = undefined
  }

  #fail(error: unknown): never {
    this.#leaveChunk()
    throw this.#failure = error as ProtocolError
  }

  #next(): Frame | undefined {
    if (!this.#isInside()) return undefined
    const { firstByte, payloadLength } = this.#header
    const offset = this.#offset
    const start = this.#at
    const end = Math.min(start + payloadLength - offset, this.#end)
    if (start === end && !this.#opens) return undefined
    this.#at = end
    this.#opens = false
    const length = end - start
    this.#offset = offset + length
    this.#inside = this.#offset < payloadLength
    if (length === payloadLength || (payloadLength > this.#wholeFrameLimit && !isControl(firstByte))) {
      return frameOf(firstByte, this.#unmasked(start, end, offset), payloadLength, offset)
    }
    if (this.#inside) return this.#cutPayload.append(this.#unmasked(start, end, offset), payloadLength)
    // The last bytes have to be copied anyway, so they are unmasked where they belong.
    const payload = this.#cutPayload.take(length)
    maskInto(payload, offset, this.#chunk.subarray(start, end), rotateKey(this.#header.key, offset))
    return frameOf(firstByte, payload, payloadLength, 0)
  }

  /** The chunk's bytes from `start` to `end`, which stand at `offset` of the payload, as the application may have them. */
  #unmasked(start: number, end: number, offset: number): Uint8Array {
    const key = rotateKey(this.#header.key, offset)
    const length = end - start
    // Such a copy costs no more than a view, and keeps no chunk alive.
    if (length <= SMALL) return copyMasked(new Uint8Array(length), 0, this.#chunk, start, end, key)
    const payload = this.#copy
      ? this.#chunk.slice(start, end)
      : new Uint8Array(this.#memory ??= this.#chunk.buffer, this.#chunk.byteOffset + start, length) // cheaper than subarray()
    mask(payload, 0, length, key, this.#memory && (this.#words ??= wordsOf(this.#memory)))
    return payload
  }

  /** Whether a frame is under way; reads the next header where none is. */
  #isInside(): boolean {
    const chunk = this.#chunk
    // Memory that was transferred looks empty: that is refused, unless all of it was looked at.
    if (this.unread > chunk.length) judgeBuffer(chunk.buffer, 'Cannot decode frame')
    if (this.#inside) return true
    let length = 0
    if (this.#cutHeaderLength === 0) {
      length = readHeader(this.#header, chunk, this.#at, this.#end, this.#rules)
      this.#at += length
    }
    // A cut one: at most fourteen steps, each over at most fourteen bytes, however it drips.
    while (length === 0 && this.unread > 0) {
      const bytes = this.#cutHeader ??= new Uint8Array(MAX_HEADER_LENGTH)
      bytes[this.#cutHeaderLength++] = chunk[this.#at++]!
      length = readHeader(this.#header, bytes, 0, this.#cutHeaderLength, this.#rules)
    }
    if (length === 0) return false
    this.#cutHeaderLength = this.#offset = 0
    return this.#inside = this.#opens = true
  }
}

/** Reserved bits as they stand in the first byte, or a `RangeError`: RSV1 by its number would allow nothing at all. */
function checkRsv(value: number): number {
  if ((value & RSV) === value) return value
  throw new RangeError(`Cannot use allowedRsv: must be bits of 0x70, got ${value}`)
}
