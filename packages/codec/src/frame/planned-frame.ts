// A frame as its user gave it, held against RFC 6455 §5 before it is written: the judge of the encoder.

import { describe, judgeBuffer } from '../values/bytes.ts'
import { MadeFrame } from '../values/made-frame.ts'
import { isControl, isOpcode } from '../values/opcode.ts'
import type { FrameInit } from '../values/types.ts'
import { headerLength, MAX_CONTROL_LENGTH, opcodeName, packFirstByte, RSV } from './header.ts'

/**
 * A server lends payloads of at least this many bytes and copies shorter ones beside their headers: there fresh memory begins to cost
 * more than another chunk does (docs/decisions/0018).
 */
export const LEND_FROM = 4096

/** A frame as it will be written. */
export interface PlannedFrame {
  readonly firstByte: number
  readonly payload: Uint8Array
  readonly payloadLength: number
  readonly offset: number
  /** How long its header is; 0 for a later part, which may start at offset 0 too, behind an empty first one. */
  readonly header: number
  readonly lends: boolean
}

/** The frame, judged against RFC 6455 §5 and against the long one under way. */
export function plan(frame: FrameInit, long: PlannedFrame | undefined, masks: boolean): PlannedFrame {
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

export function isComplete({ offset, payload, payloadLength }: PlannedFrame): boolean {
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
