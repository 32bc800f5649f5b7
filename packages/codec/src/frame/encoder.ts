// Frames in, bytes out: the mirror of the decoder. Judges every frame of a call before it writes a byte of any; owns the
// long frame under way between calls.

import { describe, judgeBuffer, plainBytes } from '../values/bytes.ts'
import { type Allocate, allocateZeroed } from '../values/growing-bytes.ts'
import { MadeFrame } from '../values/made-frame.ts'
import { isControl, isOpcode } from '../values/opcode.ts'
import { checkRole, type FrameInit, type Role } from '../values/types.ts'
import { headerLength, MAX_CONTROL_LENGTH, opcodeName, packFirstByte, RSV, writeHeader } from './header.ts'
import { type MaskingKeySource, maskInto, rotateKey, secureMaskingKeys, WORDS_FROM, wordsOf, writeKey } from './mask.ts'

/**
 * A server lends payloads of at least this many bytes and copies shorter ones beside their headers: there fresh memory begins to cost
 * more than another chunk does (docs/decisions/0018).
 */
export const LEND_FROM = 4096

/** How a {@linkcode FrameEncoder} encodes. */
export interface FrameEncoderOptions {
  /** Which end we are: a client masks, a server does not (RFC 6455 §5.1). */
  role: Role
  /** For tests and vectors only: predictable keys let an attacker write bytes of his choice (RFC 6455 §10.3). */
  insecureMaskingKeys?: MaskingKeySource | undefined
  /** Where output memory comes from; an adapter may have a faster way than zeroed arrays. */
  allocate?: Allocate | undefined
}

/** A frame as it will be written. */
interface PlannedFrame {
  readonly firstByte: number
  readonly payload: Uint8Array
  readonly payloadLength: number
  readonly offset: number
  /** How long its header is; 0 for a later part, which may start at offset 0 too, behind an empty first one. */
  readonly header: number
  readonly lends: boolean
}

/**
 * Encodes frames to bytes (RFC 6455 §5). One encoder for one direction of one connection.
 *
 * A frame whose `payloadLength` exceeds its `payload` opens a long frame; the parts that follow continue it with growing
 * `offset` until `payloadLength` is reached, and any other frame before that is a `RangeError`.
 *
 * Several frames a call are several times as cheap as one: each call has memory of its own, which byte streams may transfer.
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
  readonly #masks: boolean
  readonly #maskingKeys: MaskingKeySource
  readonly #allocate: Allocate
  /** The long frame under way, as its last part was. */
  #long: PlannedFrame | undefined
  /** The key of the frame that was opened last. */
  #key = 0

  /** Throws `TypeError` for a role that is none. */
  constructor({ role, insecureMaskingKeys, allocate = allocateZeroed }: FrameEncoderOptions) {
    this.#masks = checkRole(role) === 'client'
    this.#maskingKeys = insecureMaskingKeys ?? secureMaskingKeys()
    this.#allocate = allocate
  }

  /**
   * Encodes one frame or several into few chunks. Small frames share one; a payload of more than 16 KiB that needs no mask is
   * handed on uncopied behind its header, so it must not change until its chunk has been sent. Payloads are never written to.
   *
   * Throws `TypeError` or `RangeError` for what RFC 6455 §5 forbids, before any byte of the call was produced.
   */
  encode(frames: FrameInit | Iterable<FrameInit>): Uint8Array[] {
    const planned: PlannedFrame[] = []
    let long = this.#long
    for (const frame of isIterable(frames) ? frames : [frames]) {
      const one = plan(frame, long, this.#masks)
      long = isComplete(one) ? undefined : one
      planned.push(one)
    }
    const chunks: Uint8Array[] = []
    for (let i = 0; i < planned.length;) i = this.#writeSome(planned, i, chunks)
    this.#long = long
    return chunks
  }

  /** Writes what is copied up to the next lent payload into one exact block, and that one behind it; gives the place after. */
  #writeSome(planned: readonly PlannedFrame[], from: number, chunks: Uint8Array[]): number {
    let length = 0
    let to = from
    let lends = false
    while (to < planned.length && !lends) {
      const frame = planned[to++]!
      lends = frame.lends
      length += frame.header + (lends ? 0 : frame.payload.length)
    }
    if (length > 0) {
      const block = this.#allocate(length)
      const words = this.#masks && length >= WORDS_FROM ? wordsOf(block.buffer) : undefined
      for (let i = from, at = 0; i < to; i++) at = this.#write(block, words, at, planned[i]!)
      chunks.push(block)
    }
    // Nobody gets a Buffer, whose slice() is no copy.
    if (lends) chunks.push(plainBytes(planned[to - 1]!.payload))
    return to
  }

  #write(block: Uint8Array, words: Int32Array | undefined, at: number, frame: PlannedFrame): number {
    const { firstByte, payload, payloadLength, offset, header, lends } = frame
    if (header > 0) {
      at = writeHeader(block, at, firstByte, payloadLength, this.#masks)
      if (this.#masks) {
        this.#key = this.#maskingKeys() // a fresh one for each frame: RFC 6455 §5.3
        writeKey(block, at, this.#key)
        at += 4
      }
    }
    if (lends) return at
    maskInto(block, at, payload, this.#masks ? rotateKey(this.#key, offset) : 0, words)
    return at + payload.length
  }
}

/** The frame, judged against RFC 6455 §5 and against the long one under way. */
function plan(frame: FrameInit, long: PlannedFrame | undefined, masks: boolean): PlannedFrame {
  if (typeof frame !== 'object' || frame === null) {
    throw new TypeError(`${CANNOT}want a frame, got ${describe(frame)}`)
  }
  const { fin = true, rsv1 = false, rsv2 = false, rsv3 = false, opcode, offset = 0, payload } = frame
  if (!isOpcode(opcode)) throw refusal(`opcode must be defined, got ${String(opcode)}`)
  if (!(payload instanceof Uint8Array)) {
    throw new TypeError(`${CANNOT}payload must be a Uint8Array, got ${describe(payload)}`)
  }
  // A length of 0 may be that of a buffer that was transferred.
  if (payload.length === 0 || !MadeFrame.vouches(frame, payload)) judgeBuffer(payload.buffer, 'Cannot encode frame')
  const { payloadLength = offset + payload.length } = frame
  const planned = {
    firstByte: packFirstByte(fin, rsv1, rsv2, rsv3, opcode),
    payload,
    payloadLength,
    offset,
    header: long === undefined ? headerLength(payloadLength, masks) : 0,
    lends: !masks && payload.length >= LEND_FROM,
  }
  judgeLengths(planned)
  if (isControl(opcode)) judgeControl(planned)
  judgePlace(planned, long)
  return planned
}

function isComplete({ offset, payload, payloadLength }: PlannedFrame): boolean {
  return offset + payload.length === payloadLength
}

function judgeLengths({ payload, payloadLength, offset }: PlannedFrame): void {
  judgeLength('payloadLength', payloadLength)
  judgeLength('offset', offset)
  if (offset + payload.length > payloadLength) {
    throw refusal(
      `payload must end within payloadLength ${payloadLength}, got ${payload.length} bytes at ${offset}`,
    )
  }
}

function judgeLength(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return
  throw refusal(`${name} must be a whole number below 2^53, got ${String(value)}`)
}

// RFC 6455 §5.5
function judgeControl(frame: PlannedFrame): void {
  const { firstByte, payloadLength } = frame
  const frames = `${opcodeName(firstByte & 0xf)} frames must`
  if (payloadLength > MAX_CONTROL_LENGTH) {
    throw refusal(`control payload must be at most ${MAX_CONTROL_LENGTH} bytes, got ${payloadLength}`)
  }
  if (firstByte < 0x80) throw refusal(`${frames} have fin set`)
  if ((firstByte & RSV) !== 0) throw refusal(`${frames} have reserved bits off`)
  if (frame.offset !== 0 || !isComplete(frame)) throw refusal(`${frames} be whole`)
}

/** A part must continue the long frame under way, and nothing else may come before its end. */
function judgePlace(frame: PlannedFrame, long: PlannedFrame | undefined): void {
  const expected = long === undefined ? 0 : long.offset + long.payload.length
  if (long !== undefined && (frame.firstByte !== long.firstByte || frame.payloadLength !== long.payloadLength)) {
    throw refusal(`a frame of ${long.payloadLength} bytes is under way at ${expected}, want its next part`)
  }
  if (frame.offset !== expected) throw refusal(`offset must be ${expected}, got ${frame.offset}`)
}

const CANNOT = 'Cannot encode frame: '

function refusal(text: string): RangeError {
  return new RangeError(CANNOT + text)
}

function isIterable(frames: FrameInit | Iterable<FrameInit>): frames is Iterable<FrameInit> {
  return typeof (frames as Partial<Iterable<FrameInit>> | undefined)?.[Symbol.iterator] === 'function'
}
