// Bytes in, frames out. Owns what is left of the current chunk, of a cut header and of a cut small frame; refuses every
// header that RFC 6455 §5 forbids; knows nothing of messages. Work is linear in bytes, however they are cut.

import { NO_BYTES, plainBytes, SMALL } from '../values/bytes.ts'
import { type Allocate, GrowingBytes } from '../values/growing-bytes.ts'
import { checkLimit } from '../values/limits.ts'
import { isControl, Opcode } from '../values/opcode.ts'
import type { ProtocolError } from '../values/frame-fault.ts'
import { checkRole, type Frame, type Role } from '../values/types.ts'
import { fault, type FrameHeader, type HeaderRules, MAX_HEADER_LENGTH, opcodeName, readHeader, RSV } from './header.ts'
import { mask, maskedCopy, maskInto, readKey, rotateKey, wordsOf } from './mask.ts'

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
  /** A longer declared payload fails with `frame-too-big`, in bytes. Default 2^53 − 1, the largest exact length. */
  maxPayloadLength?: number | undefined
  /** Reserved bits that extensions negotiated, as in the first byte: 0x40 is RSV1, 0x20 RSV2, 0x10 RSV3. Default 0. */
  allowedRsv?: number | undefined
  /** Leave input chunks as they are and copy payloads out, for chunks that others read too. Default false. */
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
 * Unmasks by words, unless {@linkcode useVectorMasking} was called, as message rooms, stream doors and connections do: then
 * payloads of 1 KiB and more take a third of the time.
 *
 * ```ts run
 * import { FrameDecoder } from '@wirestream/codec'
 *
 * const decoder = new FrameDecoder({ role: 'client' })
 * const [frame] = decoder.decode(Uint8Array.of(0x81, 0x02, 0x68, 0x69)) // RFC 6455 §5.7 has more of these
 * console.assert(frame?.fin && new TextDecoder().decode(frame.payload) === 'hi')
 * ```
 */
export class FrameDecoder {
  readonly #rules: HeaderRules
  readonly #wholeFrameLimit: number
  readonly #copy: boolean
  /** The chunk being read, and the place of the next byte of it. */
  #chunk = NO_BYTES
  #at = 0
  /** The chunk's memory, and the same as words, once a payload wants them: asking for them takes longer than using them. */
  #memory: ArrayBufferLike | undefined
  #words: Int32Array | undefined
  /** The start of a header that was cut by the end of a chunk. */
  #cutHeader: Uint8Array | undefined
  #cutHeaderLength = 0
  /** The frame under way, if its header was read: that, its key, how many bytes of payload came so far, and whether it has just been opened. */
  #inside = false
  readonly #header: FrameHeader = { firstByte: 0, payloadLength: 0 }
  #key = 0
  #offset = 0
  #opens = false
  readonly #cutPayload: GrowingBytes
  #failure: ProtocolError | undefined

  /** Throws `RangeError` for limits that are no byte counts and `TypeError` for a role that is none. */
  constructor(options: FrameDecoderOptions) {
    const { wholeFrameLimit = DEFAULT_WHOLE_FRAME_LIMIT, maxPayloadLength = Number.MAX_SAFE_INTEGER } = options
    this.#rules = {
      masked: checkRole(options.role) === 'server', // RFC 6455 §5.1
      allowedRsv: checkRsv(options.allowedRsv ?? 0),
      maxPayloadLength: checkLimit('maxPayloadLength', maxPayloadLength),
    }
    this.#wholeFrameLimit = checkLimit('wholeFrameLimit', wholeFrameLimit)
    this.#copy = options.copy ?? false
    this.#cutPayload = new GrowingBytes(options.allocate)
  }

  /**
   * Takes `chunk` over (it is unmasked in place and payloads above 64 bytes are views of it, unless `copy`) and gives its frames,
   * lazily: drain the iterator before the next call, or that call is a `TypeError`. Iterating throws `ProtocolError` at
   * the first violation, after the frames that came before it.
   */
  decode(chunk: Uint8Array): IterableIterator<Frame> {
    this.push(chunk)
    return new Frames(this)
  }

  /** `decode` for callers that pull: gives `chunk` to {@linkcode pull}. Throws as `decode` does. */
  push(chunk: Uint8Array): void {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('Cannot decode frames: chunk must be a Uint8Array')
    this.#judgeCall()
    // A Buffer would hand out Buffers, and its slice() is no copy.
    this.#chunk = plainBytes(chunk)
    this.#at = 0
  }

  /** The next frame or part of the pushed chunk; undefined once more bytes are needed. */
  pull(): Frame | undefined {
    if (this.#failure !== undefined) throw this.#failure
    try {
      const frame = this.#next()
      if (frame === undefined) this.#leaveChunk()
      return frame
    } catch (error) {
      throw this.#fail(error)
    }
  }

  /**
   * The opcode of what comes next, where that is a whole data message in one frame, all of it here, of at most `longest` bytes: then
   * {@linkcode takePeeked} gives it without a frame around it. Else 0, and `pull` goes on. Throws `ProtocolError`.
   */
  peekMessage(longest: number): 0 | 1 | 2 {
    try {
      if (this.#inside || !this.#takeHeader()) return 0
    } catch (error) {
      throw this.#fail(error)
    }
    const { firstByte, payloadLength } = this.#header
    const opcode = (firstByte & 0x8f) ^ 0x80 // without FIN it is none that there is
    return opcode > Opcode.Binary || payloadLength > longest || payloadLength > this.unread ? 0 : opcode as 0 | 1 | 2
  }

  /**
   * Takes the message that was peeked at: what `read` makes of its bytes in the chunk, which are masked still and not to be written to; or
   * where that is undefined, its payload, as a frame would have it.
   */
  takePeeked<T = never>(read?: ReadMasked<T>): T | Uint8Array {
    const start = this.#at
    const end = this.#at = start + this.#header.payloadLength
    this.#inside = false
    return read?.(this.#chunk, start, end, this.#key) ?? this.#unmasked(start, end, 0)
  }

  /** Bytes of the pushed chunk that were not looked at yet. */
  get unread(): number {
    return this.#chunk.length - this.#at
  }

  /**
   * Says that no more bytes will come. Throws `ProtocolError` with `unexpected-end` inside a header or a frame, and
   * `TypeError` while the last iterator is not drained.
   */
  end(): void {
    this.#judgeCall()
    if (!this.#inside && this.#cutHeaderLength === 0) return
    const { firstByte, payloadLength } = this.#header
    const seen = this.#inside
      ? `${this.#offset} of ${payloadLength} payload bytes of a ${opcodeName(firstByte & 0xf)} frame`
      : `${this.#cutHeaderLength} bytes of a header`
    throw this.#failure = fault('unexpected-end', `the bytes ended after ${seen}`)
  }

  #judgeCall(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.unread > 0) throw new TypeError('Cannot decode on: the last iterator must be drained first')
  }

  /** Nothing of the chunk is needed any more: an idle decoder must not keep its memory alive. */
  #leaveChunk(): void {
    this.#chunk = NO_BYTES
    this.#at = 0
    this.#memory = this.#words = undefined
  }

  #fail(error: unknown): unknown {
    this.#failure = error as ProtocolError
    this.#leaveChunk()
    return error
  }

  #next(): Frame | undefined {
    if (!this.#inside && !this.#takeHeader()) return undefined
    const { firstByte, payloadLength } = this.#header
    const offset = this.#offset
    const start = this.#at
    const end = Math.min(start + payloadLength - offset, this.#chunk.length)
    // Beyond the end where the memory of a chunk that was looked at to its last byte has been taken back already.
    if (start >= end && !this.#opens) return undefined
    this.#at = end
    this.#opens = false
    const length = end - start
    const came = offset + length
    const complete = came === payloadLength
    this.#inside = !complete
    this.#offset = complete ? 0 : came
    if (length === payloadLength || (payloadLength > this.#wholeFrameLimit && !isControl(firstByte & 0xf))) {
      return frameOf(firstByte, this.#unmasked(start, end, offset), payloadLength, offset)
    }
    if (!complete) return void this.#cutPayload.append(this.#unmasked(start, end, offset), payloadLength)
    // The last bytes have to be copied anyway, so they are unmasked where they belong.
    const payload = this.#cutPayload.take(length)
    maskInto(payload, offset, this.#chunk.subarray(start, end), rotateKey(this.#key, offset))
    return frameOf(firstByte, payload, payloadLength, 0)
  }

  /** The chunk's bytes from `start` to `end`, which stand at `offset` of the payload, as the application may have them. */
  #unmasked(start: number, end: number, offset: number): Uint8Array {
    const key = offset === 0 ? this.#key : rotateKey(this.#key, offset)
    const length = end - start
    // Such a copy costs no more than a view, and keeps no chunk alive.
    if (length <= SMALL) return maskedCopy(this.#chunk, start, end, key)
    if (this.#copy) {
      const payload = this.#chunk.slice(start, end)
      mask(payload, 0, length, key)
      return payload
    }
    this.#memory ??= this.#chunk.buffer
    const payload = new Uint8Array(this.#memory, this.#chunk.byteOffset + start, length) // cheaper than subarray()
    mask(payload, 0, length, key, this.#words ??= wordsOf(this.#memory))
    return payload
  }

  /** Reads the next header; says whether it is there. */
  #takeHeader(): boolean {
    const chunk = this.#chunk
    if (this.#cutHeaderLength === 0) {
      const length = readHeader(this.#header, chunk, this.#at, chunk.length, this.#rules)
      if (length > 0) return this.#open(chunk, this.#at += length)
    }
    // A cut one: at most fourteen steps, each over at most fourteen bytes, however it drips.
    while (this.#at < chunk.length) {
      const bytes = this.#cutHeader ??= new Uint8Array(MAX_HEADER_LENGTH)
      bytes[this.#cutHeaderLength++] = chunk[this.#at++]!
      const length = readHeader(this.#header, bytes, 0, this.#cutHeaderLength, this.#rules)
      if (length === 0) continue
      this.#cutHeaderLength = 0
      return this.#open(bytes, length)
    }
    return false
  }

  /** A header was read, up to `end`. */
  #open(bytes: Uint8Array, end: number): true {
    if (this.#rules.masked) this.#key = readKey(bytes, end - 4)
    return this.#inside = this.#opens = true
  }
}

function frameOf(firstByte: number, payload: Uint8Array, payloadLength: number, offset: number): Frame {
  return {
    fin: (firstByte & 0x80) !== 0,
    rsv1: (firstByte & 0x40) !== 0,
    rsv2: (firstByte & 0x20) !== 0,
    rsv3: (firstByte & 0x10) !== 0,
    opcode: (firstByte & 0xf) as Opcode,
    payload,
    payloadLength,
    offset,
  }
}

/** The lazy view of one chunk's frames. */
export class Frames implements IterableIterator<Frame> {
  /** Whose frames they are. */
  readonly decoder: FrameDecoder

  constructor(decoder: FrameDecoder) {
    this.decoder = decoder
  }

  next(): IteratorResult<Frame, undefined> {
    const value = this.decoder.pull()
    return value === undefined ? { done: true, value } : { done: false, value }
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** Reserved bits as they stand in the first byte, or a `RangeError`: RSV1 by its number would allow nothing at all. */
function checkRsv(value: number): number {
  if (Number.isInteger(value) && (value & ~RSV) === 0) return value
  throw new RangeError(`Cannot use allowedRsv: must be bits of 0x70, got ${value}`)
}
