// Frames in, bytes out: the mirror of the decoder. Judges every frame of a call before it writes a byte of any; owns the
// long frame under way between calls.

import { isIterable } from '../values/bytes.ts'
import { type Allocate, allocateZeroed } from '../values/growing-bytes.ts'
import { OwnFrames, type Pen } from '../values/own-frame.ts'
import { checkRole, type FrameInit, type Role } from '../values/types.ts'
import { writeHeader } from './header.ts'
import { type MaskingKeySource, maskInto, rotateKey, secureMaskingKey, WORDS_FROM, wordsOf, writeKey } from './mask.ts'
import { plan, type PlannedFrame } from './planned-frame.ts'

/** How a {@linkcode FrameEncoder} encodes. */
export interface FrameEncoderOptions {
  /** Which end we are: a client masks, a server does not (RFC 6455 §5.1). */
  role: Role
  /** For tests and vectors only: predictable keys let an attacker write bytes of his choice (RFC 6455 §10.3). */
  insecureMaskingKeys?: MaskingKeySource | undefined
  /** Where output memory comes from; an adapter may have a faster way than zeroed arrays. */
  allocate?: Allocate | undefined
}

/**
 * Encodes frames to bytes (RFC 6455 §5). One encoder for one direction of one connection.
 *
 * A frame whose `payloadLength` exceeds its `payload` opens a long frame; the parts that follow continue it with growing
 * `offset` until `payloadLength` is reached, and any other frame before that is a `RangeError`.
 *
 * Encoding several frames per call is several times cheaper than one by one: each call allocates its own memory, which byte streams may
 * transfer. If you write to sockets yourself, you can reuse that memory: see `ChunkPool` of `@wirestream/codec/adapter`.
 *
 * ```ts run
 * import { FrameEncoder, Opcode } from '@wirestream/codec'
 *
 * const encoder = new FrameEncoder({ role: 'server' })
 * const [bytes] = encoder.encode({ opcode: Opcode.Text, payload: new TextEncoder().encode('hi') })
 * console.assert(bytes?.join() === '129,2,104,105')
 * ```
 */
export class FrameEncoder {
  readonly #pen: Pen
  /** The long frame under way, as its last part was. */
  #long: PlannedFrame | undefined

  /** Throws `TypeError` for a role that is none. */
  constructor(
    { role, insecureMaskingKeys: maskingKeys = secureMaskingKey, allocate = allocateZeroed }: FrameEncoderOptions,
  ) {
    this.#pen = { masks: checkRole(role) === 'client', maskingKeys, allocate, key: 0 }
  }

  /**
   * Encodes one frame or several into few chunks. Small frames share one; a payload of 4 KiB or more that needs no mask follows its
   * header as a chunk of its own, uncopied, so it must not change until it has been sent. Payloads are never written to. Chunks do
   * not share an ArrayBuffer, except such uncopied payloads: they are the caller's (perhaps `Buffer`s) or parts of one long text.
   *
   * Pass what `MessageEncoder.encode` gives, for one message or a list, as it is: no frames are made then, and ASCII text is written
   * straight into the chunk.
   *
   * Throws `TypeError` or `RangeError` for what RFC 6455 §5 forbids, before any byte of the call is produced.
   */
  encode(frames: FrameInit | Iterable<FrameInit>): Uint8Array[] {
    const own = !this.#long && frames instanceof OwnFrames && frames.takeChunks(this.#pen)
    if (own) return own
    // All of it before any is judged: a generator may transfer what it gave, or encode something itself.
    const list = isIterable(frames) ? [...frames] : [frames]
    let long = this.#long
    const planned: PlannedFrame[] = []
    for (const frame of list) {
      planned.push(long = plan(frame, long, this.#pen.masks))
      if (long.end === long.payloadLength) long = undefined
    }
    const chunks: Uint8Array[] = []
    for (let i = 0; i < planned.length;) i = this.#writeSome(planned, i, chunks)
    this.#long = long
    return chunks
  }

  /** Writes what is copied up to the next lent payload into one exact block, and that one behind it; gives the place after. */
  #writeSome(planned: readonly PlannedFrame[], from: number, chunks: Uint8Array[]): number {
    let to = from
    let length = 0
    let last: PlannedFrame
    do {
      last = planned[to++]!
      length += last.size
    } while (to < planned.length && !last.lends)
    if (length > 0) {
      const pen = this.#pen
      const block = pen.allocate(length)
      const words = pen.masks && length >= WORDS_FROM ? wordsOf(block.buffer) : undefined
      for (let i = from, at = 0; i < to; i++) {
        const { firstByte, payload, payloadLength, offset, header, lends } = planned[i]!
        if (header > 0) at = beginFrame(pen, block, at, firstByte, payloadLength)
        if (!lends) maskInto(block, at, payload, rotateKey(pen.key, offset), words)
        at += payload.length
      }
      chunks.push(block)
    }
    if (last.lends) chunks.push(last.payload)
    return to
  }
}

/** Writes a header, and a key where the pen masks: a fresh one for each frame (RFC 6455 §5.3). Gives the place after. */
export function beginFrame(pen: Pen, block: Uint8Array, at: number, firstByte: number, payloadLength: number): number {
  at = writeHeader(block, at, firstByte, payloadLength, pen.masks)
  if (!pen.masks) return at
  pen.key = pen.maskingKeys()
  writeKey(block, at, pen.key)
  return at + 4
}
