// Frames by hand: an encoder of our own to hold the real one against, and what tests do with frames.

import { type Frame, type FrameDecoder, Opcode, ProtocolError, type Role } from './floors.ts'
import { difference, join } from './bytes.ts'
import type { Random } from './random.ts'

/** What `wire` writes; the rest is a whole unmasked frame with FIN. */
export interface WireFrame {
  opcode: number
  payload?: Uint8Array
  fin?: boolean
  /** RSV1 is 0x40, RSV2 0x20, RSV3 0x10. */
  rsv?: number
  /** The four octets of the masking key; none means no mask. */
  key?: Uint8Array
  /** A declared length other than the payload's. */
  length?: number | bigint
  /** The form of the length where it is not the shortest. */
  form?: 7 | 16 | 64
}

/** RFC 6455 §5.2 written down once more, byte by byte: the oracle of the encoder. */
export function wire(frame: WireFrame): Uint8Array {
  const { opcode, payload = new Uint8Array(0), fin = true, rsv = 0, key } = frame
  const length = BigInt(frame.length ?? payload.length)
  const form = frame.form ?? (length < 126n ? 7 : length < 65536n ? 16 : 64)
  const bytes = [
    (fin ? 128 : 0) + rsv + opcode,
    (key ? 128 : 0) + (form === 7 ? Number(length) : form === 16 ? 126 : 127),
  ]
  const octets = form === 7 ? 0 : form === 16 ? 2 : 8
  for (let i = octets - 1; i >= 0; i--) bytes.push(Number((length >> BigInt(8 * i)) & 255n))
  if (key) bytes.push(...key)
  const body = payload.map((byte, i) => (key ? byte ^ key[i % 4]! : byte))
  return join([Uint8Array.from(bytes), body])
}

/** Four octets as the number that a `MaskingKeySource` gives: octet 0 is the lowest byte. */
export function keyNumber(octets: Uint8Array): number {
  return octets[0]! | (octets[1]! << 8) | (octets[2]! << 16) | (octets[3]! << 24)
}

/** A whole frame object, as the decoder gives it. */
export function frame(opcode: Opcode, payload: Uint8Array = new Uint8Array(0), more: Partial<Frame> = {}): Frame {
  const payloadLength = payload.length
  return { fin: true, rsv1: false, rsv2: false, rsv3: false, opcode, payload, payloadLength, offset: 0, ...more }
}

/** All that a decoder gives for these chunks, and the violation that ended it, if one did. */
export function run(decoder: FrameDecoder, chunks: Iterable<Uint8Array>): { frames: Frame[]; error?: ProtocolError } {
  const frames: Frame[] = []
  try {
    for (const chunk of chunks) for (const frame of decoder.decode(chunk)) frames.push(frame)
  } catch (error) {
    if (error instanceof ProtocolError) return { frames, error }
    throw error
  }
  return { frames }
}

/** All frames; throws at a violation. */
export function decodeAll(decoder: FrameDecoder, chunks: Iterable<Uint8Array>): Frame[] {
  const { frames, error } = run(decoder, chunks)
  if (error) throw error
  return frames
}

/** Whole frames again; throws unless parts follow each other without gap and repeat their frame's header. */
export function joinParts(parts: readonly Frame[]): Frame[] {
  const whole: Frame[] = []
  let open: Frame[] = []
  let at = 0
  for (const part of parts) {
    if (part.offset !== at) throw new Error(`part at ${part.offset}, want ${at}`)
    if (open.length > 0 && header(part) !== header(open[0]!)) {
      throw new Error(`${header(part)} inside ${header(open[0]!)}`)
    }
    if (open.length > 0 && part.payload.length === 0) throw new Error('an empty part that is not the first')
    open.push(part)
    at += part.payload.length
    if (at > part.payloadLength) throw new Error('more payload than declared')
    if (at < part.payloadLength) continue
    whole.push({ ...part, payload: join(open.map(({ payload }) => payload)), offset: 0 })
    open = []
    at = 0
  }
  if (open.length > 0) throw new Error(`${header(open[0]!)} is not complete`)
  return whole
}

/** A frame's header as text, for comparing. */
export function header({ fin, rsv1, rsv2, rsv3, opcode, payloadLength }: Frame): string {
  return `${fin ? 'F' : '-'}${rsv1 ? '1' : '-'}${rsv2 ? '2' : '-'}${rsv3 ? '3' : '-'} ${opcode}:${payloadLength}`
}

/** Throws unless both lists hold the same frames. */
export function expectFrames(actual: readonly Frame[], expected: readonly Frame[]): void {
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    const a = actual[i]
    const b = expected[i]
    if (!a || !b) throw new Error(`got ${actual.length} frames, want ${expected.length}`)
    if (header(a) !== header(b) || a.offset !== b.offset) {
      throw new Error(`frame ${i}: got ${header(a)} at ${a.offset}, want ${header(b)} at ${b.offset}`)
    }
    const at = difference(a.payload, b.payload)
    if (at >= 0) throw new Error(`frame ${i} (${header(a)}): payload differs at ${at}`)
  }
}

/** The other end. */
export function peerOf(role: Role): Role {
  return role === 'client' ? 'server' : 'client'
}

/** Sizes where the form of the length or the way of a frame changes. */
export function interestingSizes(limit: number): number[] {
  const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 124, 125, 126, 127, 65534, 65535, 65536, 65537, limit - 1, limit, limit + 1]
  return [...new Set(sizes)].filter((size) => size >= 0).sort((a, b) => a - b)
}

/** A few frames of any kind; right for the frame floor, without sense for the message floor. */
export function randomFrames(random: Random, sizes: readonly number[]): Frame[] {
  return Array.from({ length: 1 + random.below(5) }, () => {
    if (random.chance(0.3)) {
      return frame(
        random.pick([Opcode.Close, Opcode.Ping, Opcode.Pong]),
        random.bytes(random.pick([0, 1, 2, 124, 125])),
      )
    }
    const size = random.chance(0.5) ? random.pick(sizes) : random.below(300)
    return frame(random.pick([Opcode.Continuation, Opcode.Text, Opcode.Binary]), random.bytes(size), {
      fin: random.chance(0.5),
      rsv1: random.chance(0.2),
      rsv2: random.chance(0.2),
      rsv3: random.chance(0.2),
    })
  })
}
