// Frames in, bytes out: the mirror of the decoder. Judges every frame of a call before it writes a byte of any; owns the
// long frame under way between calls.

import { describe, toBytes } from '../values/bytes.ts'
import type { Allocate } from '../values/growing-bytes.ts'
import { isControl, isOpcode } from '../values/opcode.ts'
import { checkRole, type FrameInit, type Role } from '../values/types.ts'
import { headerLength, MAX_CONTROL_LENGTH, opcodeName, packFirstByte } from './header.ts'
import { type MaskingKeySource, secureMaskingKeys } from './mask.ts'
import { FrameWriter, LEND_ABOVE } from './writer.ts'

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
  /** Whether the header goes before it; a later part may start at offset 0 too, behind an empty first one. */
  readonly opens: boolean
}

/**
 * Encodes frames to bytes (RFC 6455 §5). One encoder for one direction of one connection.
 *
 * A frame whose `payloadLength` exceeds its `payload` opens a long frame; the parts that follow continue it with growing
 * `offset` until `payloadLength` is reached, and any other frame before that is a `RangeError`.
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
  readonly #writer: FrameWriter
  /** The long frame under way: its first part, with `offset` where the next part belongs. */
  #long: PlannedFrame | undefined

  /** Throws `TypeError` for a role that is none. */
  constructor(options: FrameEncoderOptions) {
    const role = checkRole(options.role)
    const maskingKeys = options.insecureMaskingKeys ?? secureMaskingKeys()
    this.#masks = role === 'client'
    this.#writer = new FrameWriter({ role, maskingKeys, allocate: options.allocate })
  }

  /**
   * Encodes one frame or several into few chunks. Small frames share one; a payload of more than 16 KiB that needs no mask is
   * handed on uncopied behind its header, so it must not change until its chunk has been sent. Payloads are never written to.
   *
   * Throws `TypeError` or `RangeError` for what RFC 6455 §5 forbids, before any byte of the call was produced.
   */
  encode(frames: FrameInit | Iterable<FrameInit>): Uint8Array[] {
    const planned = isIterable(frames) ? this.#planAll(frames) : [this.#plan(frames, this.#long)]
    for (let i = 0, end = 0; i < planned.length; i++) {
      if (i === end) end = this.#reserveFrom(planned, i)
      this.#write(planned[i]!)
    }
    return this.#writer.take()
  }

  /** Makes one exact block for all that is copied up to the next lent payload; gives the place after that one. */
  #reserveFrom(planned: readonly PlannedFrame[], from: number): number {
    let length = 0
    let i = from
    for (let lent = false; i < planned.length && !lent; i++) {
      const { payload, payloadLength, opens } = planned[i]!
      lent = !this.#masks && payload.length > LEND_ABOVE
      length += (opens ? headerLength(payloadLength, this.#masks) : 0) + (lent ? 0 : payload.length)
    }
    if (length > 0) this.#writer.reserve(length)
    return i
  }

  #planAll(frames: Iterable<FrameInit>): PlannedFrame[] {
    const planned: PlannedFrame[] = []
    let long = this.#long
    for (const frame of frames) {
      const plan = this.#plan(frame, long)
      long = isComplete(plan) ? undefined : plan
      planned.push(plan)
    }
    return planned
  }

  #plan(frame: FrameInit, long: PlannedFrame | undefined): PlannedFrame {
    if (typeof frame !== 'object' || frame === null) {
      throw new TypeError(`Cannot encode frame: want a frame, got ${describe(frame)}`)
    }
    const { fin = true, rsv1 = false, rsv2 = false, rsv3 = false, opcode, offset = 0 } = frame
    if (!isOpcode(opcode)) throw new RangeError(`Cannot encode frame: opcode must be defined, got ${String(opcode)}`)
    if (!(frame.payload instanceof Uint8Array)) {
      throw new TypeError(`Cannot encode frame: payload must be a Uint8Array, got ${describe(frame.payload)}`)
    }
    const payload = toBytes(frame.payload, 'Cannot encode frame')
    const { payloadLength = offset + payload.length } = frame
    const firstByte = packFirstByte(fin, rsv1, rsv2, rsv3, opcode)
    const plan = { firstByte, payload, payloadLength, offset, opens: long === undefined }
    judgeLengths(plan)
    if (isControl(opcode)) judgeControl(plan)
    judgePlace(plan, long)
    return plan
  }

  #write(frame: PlannedFrame): void {
    if (frame.opens) this.#writer.header(frame.firstByte, frame.payloadLength)
    this.#writer.payload(frame.payload, true)
    this.#long = isComplete(frame) ? undefined : frame
  }
}

function isComplete({ offset, payload, payloadLength }: PlannedFrame): boolean {
  return offset + payload.length === payloadLength
}

function judgeLengths({ payload, payloadLength, offset }: PlannedFrame): void {
  judgeLength('payloadLength', payloadLength)
  judgeLength('offset', offset)
  if (offset + payload.length > payloadLength) {
    throw new RangeError(
      `Cannot encode frame: payload must end within payloadLength ${payloadLength}, got ${payload.length} bytes at ${offset}`,
    )
  }
}

function judgeLength(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return
  throw new RangeError(`Cannot encode frame: ${name} must be a whole number below 2^53, got ${String(value)}`)
}

// RFC 6455 §5.5
function judgeControl(frame: PlannedFrame): void {
  const name = opcodeName(frame.firstByte & 0xf)
  if (frame.payloadLength > MAX_CONTROL_LENGTH) {
    throw new RangeError(
      `Cannot encode frame: control payload must be at most ${MAX_CONTROL_LENGTH} bytes, got ${frame.payloadLength}`,
    )
  }
  if (frame.firstByte < 0x80) throw new RangeError(`Cannot encode frame: ${name} frames must have fin set`)
  if ((frame.firstByte & 0x70) !== 0) {
    throw new RangeError(`Cannot encode frame: ${name} frames must have reserved bits off`)
  }
  if (frame.offset !== 0 || !isComplete(frame)) {
    throw new RangeError(`Cannot encode frame: ${name} frames must be whole`)
  }
}

/** A part must continue the long frame under way, and nothing else may come before its end. */
function judgePlace(frame: PlannedFrame, long: PlannedFrame | undefined): void {
  const expected = long === undefined ? 0 : long.offset + long.payload.length
  if (long !== undefined && (frame.firstByte !== long.firstByte || frame.payloadLength !== long.payloadLength)) {
    throw new RangeError(
      `Cannot encode frame: a frame of ${long.payloadLength} bytes is under way at ${expected}, want its next part`,
    )
  }
  if (frame.offset !== expected) {
    throw new RangeError(`Cannot encode frame: offset must be ${expected}, got ${frame.offset}`)
  }
}

function isIterable(frames: FrameInit | Iterable<FrameInit>): frames is Iterable<FrameInit> {
  return typeof (frames as Partial<Iterable<FrameInit>> | undefined)?.[Symbol.iterator] === 'function'
}
