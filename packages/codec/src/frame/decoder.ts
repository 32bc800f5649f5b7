// Bytes in, frames out. Owns what is left of the current chunk, of a cut header and of a cut small frame; refuses every
// header that RFC 6455 §5 forbids; knows nothing of messages. Work is linear in bytes, however they are cut.

import { NO_BYTES, plainBytes, SMALL } from '../values/bytes.ts'
import { type Allocate, GrowingBytes } from '../values/growing-bytes.ts'
import { checkLimit } from '../values/limits.ts'
import { isControl, type Opcode } from '../values/opcode.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { checkRole, type Frame, type Role } from '../values/types.ts'
import { type FrameHeader, type HeaderRules, MAX_HEADER_LENGTH, opcodeName, readHeader, RSV } from './header.ts'
import { mask, maskedCopy, readKey, rotateKey } from './mask.ts'

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
  /** Copy payloads of at most 64 bytes, which costs less than views of them and keeps no chunk alive. Default false. */
  copySmall?: boolean | undefined
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
  /** Payloads up to this many bytes are copied, whatever `#copy` says. */
  readonly #copyUpTo: number
  /** The chunk being read, and the bytes of it that are still to be read. */
  #chunk = NO_BYTES
  #at = 0
  /** The start of a header that was cut by the end of a chunk. */
  readonly #cutHeader = new Uint8Array(MAX_HEADER_LENGTH)
  #cutHeaderLength = 0
  /** The frame under way: its header, its key, and how many bytes of payload came so far. */
  #header: FrameHeader | undefined
  #key = 0
  #offset = 0
  readonly #cutPayload: GrowingBytes
  #failure: ProtocolError | undefined

  /** Throws `RangeError` for limits that are no byte counts and `TypeError` for a role that is none. */
  constructor(options: FrameDecoderOptions) {
    const { role, wholeFrameLimit = DEFAULT_WHOLE_FRAME_LIMIT, maxPayloadLength = Number.MAX_SAFE_INTEGER } = options
    this.#rules = {
      role: checkRole(role),
      allowedRsv: checkRsv(options.allowedRsv ?? 0),
      maxPayloadLength: checkLimit('maxPayloadLength', maxPayloadLength),
    }
    this.#wholeFrameLimit = checkLimit('wholeFrameLimit', wholeFrameLimit)
    this.#copy = options.copy ?? false
    this.#copyUpTo = options.copySmall ? SMALL : -1
    this.#cutPayload = new GrowingBytes(options.allocate)
  }

  /**
   * Takes `chunk` over (it is unmasked in place and payloads are views of it, unless `copy`) and gives its frames,
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
    if (this.#failure !== undefined) throw this.#failure
    if (this.#at < this.#chunk.length) {
      throw new TypeError('Cannot decode frames: the iterator of the last chunk must be drained first')
    }
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
      this.#failure = error as ProtocolError
      this.#leaveChunk()
      throw error
    }
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
    if (this.#failure !== undefined) throw this.#failure
    if (this.unread > 0) {
      throw new TypeError('Cannot end decoding: the iterator of the last chunk must be drained first')
    }
    const header = this.#header
    if (header === undefined && this.#cutHeaderLength === 0) return
    const seen = header === undefined
      ? `${this.#cutHeaderLength} bytes of a header`
      : `${this.#offset} of ${header.payloadLength} payload bytes of a ${opcodeName(header.firstByte & 0xf)} frame`
    this.#failure = new ProtocolError('unexpected-end', `Cannot decode frame: the bytes ended after ${seen}`)
    throw this.#failure
  }

  /** Nothing of the chunk is needed any more: an idle decoder must not keep its memory alive. */
  #leaveChunk(): void {
    this.#chunk = NO_BYTES
    this.#at = 0
  }

  #next(): Frame | undefined {
    let header = this.#header
    const opens = header === undefined
    if (header === undefined) {
      header = this.#takeHeader()
      if (header === undefined) return undefined
    }
    const start = this.#at
    const end = Math.min(start + header.payloadLength - this.#offset, this.#chunk.length)
    this.#at = end
    if (header.payloadLength <= this.#wholeFrameLimit || isControl(header.firstByte & 0xf)) {
      return this.#wholeFrame(header, start, end)
    }
    if (start === end && !opens) return undefined
    return this.#part(header, start, end)
  }

  /** A frame that is kept until it is whole; without a copy where one chunk holds all of it. */
  #wholeFrame(header: FrameHeader, start: number, end: number): Frame | undefined {
    if (this.#offset === 0 && end - start === header.payloadLength) {
      return this.#frame(header, this.#unmasked(start, end), 0)
    }
    this.#cutPayload.append(this.#chunk.subarray(start, end), header.payloadLength)
    this.#offset += end - start
    if (this.#offset < header.payloadLength) return undefined
    const payload = this.#cutPayload.take()
    mask(payload, 0, payload.length, this.#key)
    return this.#frame(header, payload, 0)
  }

  /** What has come of a long frame. */
  #part(header: FrameHeader, start: number, end: number): Frame {
    const offset = this.#offset
    const payload = this.#unmasked(start, end)
    this.#offset += end - start
    return this.#frame(header, payload, offset)
  }

  #frame(header: FrameHeader, payload: Uint8Array, offset: number): Frame {
    const first = header.firstByte
    const { payloadLength } = header
    if (offset + payload.length === payloadLength) {
      this.#header = undefined
      this.#offset = 0
    }
    return {
      fin: (first & 0x80) !== 0,
      rsv1: (first & 0x40) !== 0,
      rsv2: (first & 0x20) !== 0,
      rsv3: (first & 0x10) !== 0,
      opcode: (first & 0xf) as Opcode,
      payload,
      payloadLength,
      offset,
    }
  }

  /** The chunk's bytes from `start` to `end` as the application may have them. */
  #unmasked(start: number, end: number): Uint8Array {
    const key = rotateKey(this.#key, this.#offset)
    if (end - start <= this.#copyUpTo) return maskedCopy(this.#chunk, start, end, key)
    if (this.#copy) {
      const payload = this.#chunk.slice(start, end)
      mask(payload, 0, payload.length, key)
      return payload
    }
    mask(this.#chunk, start, end, key)
    return this.#chunk.subarray(start, end)
  }

  #takeHeader(): FrameHeader | undefined {
    if (this.#cutHeaderLength > 0) return this.#completeHeader()
    const header = readHeader(this.#chunk, this.#at, this.#chunk.length, this.#rules)
    if (header === undefined) {
      this.#cutHeader.set(this.#chunk.subarray(this.#at))
      this.#cutHeaderLength = this.#chunk.length - this.#at
      this.#at = this.#chunk.length
      return undefined
    }
    this.#open(header, this.#chunk, this.#at)
    this.#at += header.length
    return header
  }

  /** At most fourteen steps, each over at most fourteen bytes: bounded, however the header drips. */
  #completeHeader(): FrameHeader | undefined {
    while (this.#at < this.#chunk.length) {
      this.#cutHeader[this.#cutHeaderLength++] = this.#chunk[this.#at++]!
      const header = readHeader(this.#cutHeader, 0, this.#cutHeaderLength, this.#rules)
      if (header === undefined) continue
      this.#cutHeaderLength = 0
      this.#open(header, this.#cutHeader, 0)
      return header
    }
    return undefined
  }

  #open(header: FrameHeader, bytes: Uint8Array, at: number): void {
    this.#header = header
    this.#key = header.masked ? readKey(bytes, at + header.length - 4) : 0
  }
}

/** The lazy view of one chunk's frames. */
class Frames implements IterableIterator<Frame> {
  readonly #decoder: FrameDecoder

  constructor(decoder: FrameDecoder) {
    this.#decoder = decoder
  }

  next(): IteratorResult<Frame, undefined> {
    const value = this.#decoder.pull()
    return value === undefined ? { done: true, value } : { done: false, value }
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** Reserved bits as they stand in the first byte, or a `RangeError`: RSV1 by its number would allow nothing at all. */
function checkRsv(value: number): number {
  if (Number.isInteger(value) && (value & ~RSV) === 0) return value
  throw new RangeError(`Cannot use allowedRsv: must be made of 0x40, 0x20 and 0x10, got ${String(value)}`)
}
