// A frame as its user gave it, held against RFC 6455 §5 before it is written: the judge of the encoder.

import { describe, judgeBuffer, requireBytes } from '../values/bytes.ts'
import { isControl } from '../values/opcode.ts'
import type { FrameInit } from '../values/types.ts'
import { controlTooLong, FIN, headerLength, judgeFirstByte, MAX_CONTROL_LENGTH, RSV } from './header.ts'

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
  /** Where its payload starts and ends within the frame. */
  readonly offset: number
  readonly end: number
  /** How long its header is; 0 for a later part, which may start at offset 0 too, behind an empty first one. */
  readonly header: number
  readonly lends: boolean
  /** How many bytes of a block it takes. */
  readonly size: number
}

/** The frame, judged against RFC 6455 §5 and against the long one under way. */
export function plan(frame: FrameInit, long: PlannedFrame | undefined, masks: boolean): PlannedFrame {
  if (typeof frame !== 'object' || frame === null) {
    throw new TypeError(`${CANNOT}: want a frame, got ${describe(frame)}`)
  }
  const { fin = true, rsv1, rsv2, rsv3, opcode, offset = 0, payload } = frame
  requireBytes(payload, `${CANNOT}: payload`)
  judgeBuffer(payload.buffer, CANNOT)
  const firstByte = (fin ? FIN : 0) | (rsv1 ? 0x40 : 0) | (rsv2 ? 0x20 : 0) | (rsv3 ? 0x10 : 0) | opcode
  judgeFirstByte(firstByte, opcode, RSV, refusal)
  const { length } = payload
  const end = offset + length
  const { payloadLength = end } = frame
  const header = long ? 0 : headerLength(payloadLength, masks)
  const lends = !masks && length >= LEND_FROM
  const planned = { firstByte, payload, payloadLength, offset, end, header, lends, size: header + (lends ? 0 : length) }
  judgePlace(planned, long)
  return planned
}

/** A part must continue the long frame under way, and nothing else may come before its end. */
function judgePlace({ firstByte, payloadLength, offset, end }: PlannedFrame, long: PlannedFrame | undefined): void {
  const expected = long?.end ?? 0
  if (long && (firstByte !== long.firstByte || payloadLength !== long.payloadLength)) {
    throw refusal(`want the next part of a frame of ${long.payloadLength} bytes, at offset ${expected}`)
  }
  if (offset !== expected) throw refusal(`offset must be ${expected}, got ${offset}`)
  if (!Number.isSafeInteger(payloadLength) || payloadLength < end) {
    throw refusal(`payloadLength must be a whole number of bytes from ${end} to 2^53 - 1, got ${payloadLength}`)
  }
  if (!isControl(firstByte)) return
  if (payloadLength > MAX_CONTROL_LENGTH) throw refusal(controlTooLong(payloadLength))
  if (end < payloadLength) throw refusal(`control frames must be whole, got ${end} of ${payloadLength} bytes`)
}

const CANNOT = 'Cannot encode frame'

function refusal(text: string): RangeError {
  return new RangeError(`${CANNOT}: ${text}`)
}
