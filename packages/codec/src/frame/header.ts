// A frame's header: reading and writing it, and holding it against RFC 6455 §5.2. Knows nothing of payloads.
// Every field is judged as soon as it is there: an unknown opcode fails at byte 1, whatever length would follow.

import { isControl, isOpcode, Opcode } from '../values/opcode.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import type { Role } from '../values/types.ts'

/** The longest header: two bytes, a 64-bit length and a masking key. */
export const MAX_HEADER_LENGTH = 14
/** The longest payload of a control frame (RFC 6455 §5.5). */
export const MAX_CONTROL_LENGTH = 125
/** The reserved bits within the first byte. */
export const RSV = 0x70

const FIN = 0x80
const MASKED = 0x80
const TWO_32 = 2 ** 32

/** What a header says. `firstByte` holds FIN, the reserved bits and the opcode. */
export interface FrameHeader {
  readonly firstByte: number
  readonly masked: boolean
  readonly payloadLength: number
  /** Bytes from the first byte to the payload, the masking key included. */
  readonly length: number
}

/** What a decoder holds a header against. */
export interface HeaderRules {
  readonly role: Role
  /** Reserved bits that an extension negotiated, as in the first byte: 0x40, 0x20, 0x10. */
  readonly allowedRsv: number
  readonly maxPayloadLength: number
}

/** The header at `start`, or undefined where bytes are missing; throws `ProtocolError` at the first wrong byte. */
export function readHeader(bytes: Uint8Array, start: number, end: number, rules: HeaderRules): FrameHeader | undefined {
  const available = end - start
  if (available < 1) return undefined
  const firstByte = bytes[start]!
  judgeFirstByte(firstByte, rules)
  if (available < 2) return undefined
  const secondByte = bytes[start + 1]!
  judgeMask(secondByte, rules)
  const masked = secondByte >= MASKED
  let payloadLength = secondByte & 0x7f
  let length = masked ? 6 : 2
  if (payloadLength > MAX_CONTROL_LENGTH && isControl(firstByte & 0xf)) throw controlTooLong(bytes, start, end)
  if (payloadLength === 126) {
    length += 2
    if (available < 4) return undefined
    payloadLength = bytes[start + 2]! * 256 + bytes[start + 3]!
    if (payloadLength < 126) throw notMinimal(payloadLength, 16)
  } else if (payloadLength === 127) {
    length += 8
    if (available > 2 && bytes[start + 2]! >= 0x80) throw topBit()
    if (available < 10) return undefined
    payloadLength = readLength64(bytes, start + 2)
  }
  if (payloadLength > rules.maxPayloadLength) throw tooBig(payloadLength, rules.maxPayloadLength)
  return available < length ? undefined : { firstByte, masked, payloadLength, length }
}

/** How long the header of such a frame is, in bytes. */
export function headerLength(payloadLength: number, masked: boolean): number {
  return (payloadLength < 126 ? 2 : payloadLength < 65536 ? 4 : 10) + (masked ? 4 : 0)
}

/** Writes a header without its masking key, in the shortest form (RFC 6455 §5.2); returns the place after it. */
export function writeHeader(
  bytes: Uint8Array,
  at: number,
  firstByte: number,
  payloadLength: number,
  masked: boolean,
): number {
  const mask = masked ? MASKED : 0
  bytes[at++] = firstByte
  if (payloadLength < 126) {
    bytes[at++] = mask | payloadLength
  } else if (payloadLength < 65536) {
    bytes[at++] = mask | 126
    bytes[at++] = payloadLength >>> 8
    bytes[at++] = payloadLength
  } else {
    bytes[at++] = mask | 127
    at = writeUint32(bytes, at, Math.floor(payloadLength / TWO_32))
    at = writeUint32(bytes, at, payloadLength % TWO_32)
  }
  return at
}

/** FIN, the reserved bits and the opcode in one byte. */
export function packFirstByte(
  fin: boolean,
  rsv1: boolean,
  rsv2: boolean,
  rsv3: boolean,
  opcode: number,
): number {
  return (fin ? FIN : 0) | (rsv1 ? 0x40 : 0) | (rsv2 ? 0x20 : 0) | (rsv3 ? 0x10 : 0) | opcode
}

function judgeFirstByte(firstByte: number, { allowedRsv }: HeaderRules): void {
  const opcode = firstByte & 0xf
  if (!isOpcode(opcode)) {
    throw new ProtocolError('unknown-opcode', `Cannot decode frame: opcode 0x${opcode.toString(16)} is reserved`)
  }
  const reserved = firstByte & RSV
  // Extensions may only claim bits of data frames here: RFC 7692 §6 and common sense keep them off control frames.
  if ((reserved & ~(isControl(opcode) ? 0 : allowedRsv)) !== 0) {
    throw new ProtocolError(
      'reserved-bits',
      `Cannot decode frame: reserved bits must be 0 unless negotiated, got ${rsvNames(reserved)}`,
    )
  }
  if (isControl(opcode) && firstByte < FIN) {
    throw new ProtocolError('control-fragmented', `Cannot decode frame: ${opcodeName(opcode)} frames must have FIN set`)
  }
}

function judgeMask(secondByte: number, { role }: HeaderRules): void {
  const masked = secondByte >= MASKED
  if (role === 'server' && !masked) {
    throw new ProtocolError('missing-mask', 'Cannot decode frame: a client must mask its frames, got one without mask')
  }
  if (role === 'client' && masked) {
    throw new ProtocolError('unexpected-mask', 'Cannot decode frame: a server must not mask its frames, got a mask')
  }
}

// The second byte is enough to fail; the message says more where more bytes are here already.
function controlTooLong(bytes: Uint8Array, start: number, end: number): ProtocolError {
  const twoBytes = (bytes[start + 1]! & 0x7f) === 126 && end - start >= 4
  const seen = twoBytes ? bytes[start + 2]! * 256 + bytes[start + 3]! : '126 or more'
  return new ProtocolError(
    'control-too-long',
    `Cannot decode frame: control payload must be at most ${MAX_CONTROL_LENGTH} bytes, got ${seen}`,
  )
}

function readLength64(bytes: Uint8Array, at: number): number {
  const high = readUint32(bytes, at)
  const length = high * TWO_32 + readUint32(bytes, at + 4)
  if (length < 65536) throw notMinimal(length, 64)
  if (high >= 2 ** 21) {
    throw new ProtocolError(
      'length-too-large',
      `Cannot decode frame: payload length must be below 2^53, got about 2^${Math.floor(Math.log2(length))}`,
    )
  }
  return length
}

function notMinimal(length: number, bits: number): ProtocolError {
  return new ProtocolError(
    'length-not-minimal',
    `Cannot decode frame: a length must take the fewest bytes, got ${length} in ${bits} bits`,
  )
}

function topBit(): ProtocolError {
  return new ProtocolError('length-top-bit', 'Cannot decode frame: the top bit of a 64-bit length must be 0, got 1')
}

function tooBig(length: number, limit: number): ProtocolError {
  return new ProtocolError(
    'frame-too-big',
    `Cannot decode frame: payload must be at most ${limit} bytes, got ${length}`,
  )
}

function rsvNames(reserved: number): string {
  const names = []
  if (reserved & 0x40) names.push('RSV1')
  if (reserved & 0x20) names.push('RSV2')
  if (reserved & 0x10) names.push('RSV3')
  return names.join(', ')
}

/** An opcode's name in the RFC, for error messages. */
export function opcodeName(opcode: number): string {
  return Object.entries(Opcode).find(([, value]) => value === opcode)?.[0] ?? `0x${opcode.toString(16)}`
}

function readUint32(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 2 ** 24 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
}

function writeUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
  return at + 4
}
