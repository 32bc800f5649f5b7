// A frame's header: reading and writing it, and holding it against RFC 6455 §5.2. Knows nothing of payloads.
// Every field is judged as soon as it is there: an unknown opcode fails at byte 1, whatever length would follow.

import { isControl, isOpcode, Opcode } from '../values/opcode.ts'
import { type FrameFaultCode, ProtocolError } from '../values/frame-fault.ts'
import type { Frame } from '../values/types.ts'
import { readKey } from './mask.ts'

/** The longest header: two bytes, a 64-bit length and a masking key. */
export const MAX_HEADER_LENGTH = 14
/** The longest payload of a control frame (RFC 6455 §5.5). */
export const MAX_CONTROL_LENGTH = 125
/** The reserved bits within the first byte. */
export const RSV = 0x70
/** The FIN bit of the first byte (RFC 6455 §5.2). */
export const FIN = 0x80

const MASKED = 0x80

/** What a header says. A reader has one and fills it anew: an object for each frame would cost a sixth of reading it. */
export interface FrameHeader {
  /** FIN, the reserved bits and the opcode. */
  firstByte: number
  payloadLength: number
  /** The masking key; 0 without masking. */
  key: number
}

/** What a decoder holds a header against. */
export interface HeaderRules {
  /** Whether frames must be masked, or must not be. */
  readonly masks: boolean
  /** Reserved bits that an extension negotiated, as in the first byte: 0x40, 0x20, 0x10. */
  readonly allowedRsv: number
  readonly maxPayloadLength: number
}

/**
 * Reads the header at `start` into `header` and gives its length, from the first byte to the payload, the masking key included; 0
 * where bytes are missing. Throws `ProtocolError` at the first wrong byte.
 */
export function readHeader(
  header: FrameHeader,
  bytes: Uint8Array,
  start: number,
  end: number,
  rules: HeaderRules,
): number {
  const available = end - start
  if (available < 1) return 0
  const firstByte = bytes[start]!
  // The first bytes of a text and of a binary message in one frame, which most frames are, need no questions.
  if (firstByte !== 0x81 && firstByte !== 0x82) judgeFirstByte(firstByte, firstByte & 0xf, rules.allowedRsv, fault)
  if (available < 2) return 0
  const secondByte = bytes[start + 1]!
  if (secondByte >= MASKED !== rules.masks) { // RFC 6455 §5.1
    throw rules.masks
      ? fault('a client must mask its frames', 'missing-mask')
      : fault('a server must not mask its frames', 'unexpected-mask')
  }
  let payloadLength = secondByte & 0x7f
  let length = rules.masks ? 6 : 2 // a key takes four
  if (payloadLength > MAX_CONTROL_LENGTH) {
    if (isControl(firstByte)) throw fault(controlTooLong('126 or more'), 'control-too-long')
    const width = payloadLength === 126 ? 2 : 8
    length += width
    if (width === 8 && available > 2 && bytes[start + 2]! >= 0x80) {
      throw fault('the top bit of a 64-bit length must be 0, got 1', 'length-top-bit')
    }
    if (available < 2 + width) return 0
    payloadLength = 0
    for (let i = 0; i < width; i++) payloadLength = payloadLength * 256 + bytes[start + 2 + i]!
    if (lengthWidth(payloadLength) < width) {
      throw fault(`a length must take the fewest bytes, got ${payloadLength} in ${width} bytes`, 'length-not-minimal')
    }
  }
  if (payloadLength > rules.maxPayloadLength) {
    throw fault(
      `payload must be at most ${rules.maxPayloadLength} bytes, got ${payloadLength}`,
      Number.isSafeInteger(payloadLength) ? 'frame-too-big' : 'length-too-large',
    )
  }
  if (available < length) return 0
  header.firstByte = firstByte
  header.payloadLength = payloadLength
  if (rules.masks) header.key = readKey(bytes, start + length - 4)
  return length
}

/** How long the header of such a frame is, in bytes. */
export function headerLength(payloadLength: number, masked: boolean): number {
  return 2 + lengthWidth(payloadLength) + (masked ? 4 : 0)
}

/** Writes a header without its masking key, in the shortest form (RFC 6455 §5.2); returns the place after it. */
export function writeHeader(
  bytes: Uint8Array,
  at: number,
  firstByte: number,
  payloadLength: number,
  masked: boolean,
): number {
  const bit = masked ? MASKED : 0
  bytes[at++] = firstByte
  if (payloadLength < 126) bytes[at++] = bit | payloadLength
  else if (payloadLength < 65536) {
    bytes[at++] = bit | 126
    bytes[at++] = payloadLength >>> 8
    bytes[at++] = payloadLength
  } else {
    bytes[at++] = bit | 127
    writeWord(bytes, at, payloadLength / 2 ** 32)
    writeWord(bytes, at + 4, payloadLength)
    at += 8
  }
  return at
}

// Shifts take of a number what is below 2^32 of its whole part; dividing for each byte took 25 ns more.
function writeWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** The frame, or part of one, that such a first byte begins. */
export function frameOf(firstByte: number, payload: Uint8Array, payloadLength: number, offset: number): Frame {
  return {
    fin: (firstByte & FIN) !== 0,
    rsv1: (firstByte & 0x40) !== 0,
    rsv2: (firstByte & 0x20) !== 0,
    rsv3: (firstByte & 0x10) !== 0,
    opcode: (firstByte & 0xf) as Opcode,
    payload,
    payloadLength,
    offset,
  }
}

/** Whether it is the first part of a frame before any of its bytes: the next one says the same, and the place of both is 0. */
export function isHeaderAlone({ payload, payloadLength }: Frame): boolean {
  return payload.length === 0 && payloadLength > 0
}

/** The error for a frame that breaks a rule: what was wanted, and what came. */
export function fault(text: string, code: FrameFaultCode): ProtocolError {
  return new ProtocolError(code, `Cannot decode frame: ${text}`)
}

/** An opcode's name in the RFC, for error messages. */
export function opcodeName(opcode: number): string {
  const names = Object.keys(Opcode) as (keyof typeof Opcode)[]
  return names.find((name) => Opcode[name] === opcode) ?? String(opcode)
}

/**
 * Holds a first byte against RFC 6455 §5.2 and §5.5, for decoder and encoder alike. `opcode` is the one in it, or what an encoder's
 * caller gave for one; `refuse` makes the error.
 */
export function judgeFirstByte(
  firstByte: number,
  opcode: number,
  allowedRsv: number,
  refuse: (text: string, rule: FrameFaultCode) => Error,
): void {
  if (!isOpcode(opcode)) throw refuse(`opcode must be defined, got ${opcode}`, 'unknown-opcode')
  // Extensions may only claim bits of data frames here: RFC 7692 §6 and common sense keep them off control frames.
  const wrong = firstByte & RSV & ~(isControl(opcode) ? 0 : allowedRsv)
  if (wrong !== 0) {
    // RSV1 is the seventh of eight bits.
    throw refuse(`RSV${Math.clz32(wrong) - 24} must be 0 where not negotiated, got 1`, 'reserved-bits')
  }
  if (isControl(opcode) && firstByte < FIN) {
    throw refuse(`control frames must have FIN set, got opcode ${opcode} without`, 'control-fragmented')
  }
}

/** What an error about a long control frame says (RFC 6455 §5.5). */
export function controlTooLong(seen: number | string): string {
  return `control payload must be at most ${MAX_CONTROL_LENGTH} bytes, got ${seen}`
}

/** How many bytes a length takes beside the second one of the header: the fewest that hold it. */
function lengthWidth(payloadLength: number): 0 | 2 | 8 {
  return payloadLength < 126 ? 0 : payloadLength < 65536 ? 2 : 8
}
