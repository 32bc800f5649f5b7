// What both sides of a case work on, and the check that all of the work was done, and rightly.

import { Buffer } from 'node:buffer'
import { FrameEncoder, type FrameInit, type Message, MessageEncoder } from '@wirestream/codec'
import { headerOf, masked } from '../load/frames.ts'
import type { CodecCase } from './cases.ts'

/** Does a fixed piece of work and says how many messages that was. The first one compares every byte. */
export type Batch = () => number | Promise<number>

const CHUNK = 65536

/**
 * Of one batch: about a quarter of a MiB; to encode, as many as of 16 KiB at least, so that the look at the clock between batches, which
 * takes as long as some messages that are handed on as they are, does not count.
 */
export function messagesIn({ work, size, cut }: CodecCase): number {
  const bytes = cut === undefined ? 4 * CHUNK : CHUNK / 4
  const each = work === 'encode' ? Math.min(size, 16384) : size
  return Math.max(1, Math.floor(bytes / (each + 10)))
}

/** ASCII, so that text and binary carry the same bytes. */
function payloadOf({ size }: CodecCase): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => 32 + ((i * 7) % 95))
}

/** The message of an encode case. */
export function messageOf(one: CodecCase): Message {
  const data = payloadOf(one)
  return one.type === 'text'
    ? { type: 'text', data: new TextDecoder().decode(data) }
    : { type: 'binary', data: Buffer.from(data) }
}

/**
 * Masked frames in chunks as a socket brings them. Both sides unmask in place, so the next batch finds plain payloads
 * behind the same keys and masks them again: octets below 0x80 keep that ASCII too, and nothing need be copied.
 */
export function maskedChunks(one: CodecCase): Uint8Array[] {
  let key = 0x1234567
  const frames = new FrameEncoder({
    role: 'client',
    insecureMaskingKeys: () => (key = (key * 69069 + 1) & 0x7f7f7f7f),
  })
  const messages = new MessageEncoder(one.cut === '2-byte fragments' ? { fragmentSize: 2 } : {})
  const all: FrameInit[] = []
  for (let i = 0; i < messagesIn(one); i++) all.push(...messages.encode(messageOf(one)))
  const bytes = Buffer.concat(frames.encode(all))
  const length = one.cut === '1-byte drip' ? 1 : CHUNK
  return Array.from(
    { length: Math.ceil(bytes.length / length) },
    (_, i) => new Uint8Array(bytes.subarray(i * length, (i + 1) * length)),
  )
}

/** Counts decoded messages as they come out. The first batch is compared; the later ones have other payloads (see above). */
export class MessageTally {
  readonly #wanted: number
  readonly #size: number
  #expected: Uint8Array | undefined
  count = 0
  #length = 0

  constructor(one: CodecCase) {
    this.#wanted = messagesIn(one)
    this.#size = one.size
    this.#expected = payloadOf(one)
  }

  add(data: string | Uint8Array): void {
    this.count++
    this.#length += data.length
    if (this.#expected !== undefined && Buffer.compare(Buffer.from(data as string), this.#expected) !== 0) {
      throw new Error(`Cannot measure: message ${this.count} has other bytes than were sent`)
    }
    // Whoever gets a text reads it, and V8 joins what was decoded in pieces only then.
    if (data.length > CHUNK && typeof data === 'string' && data.charCodeAt(data.length - 1) > 0x7f) {
      throw new Error(`Cannot measure: message ${this.count} is no ASCII`)
    }
  }

  /** Whether all messages of the batch are there. */
  get full(): boolean {
    return this.count >= this.#wanted
  }

  /** The count, for a batch that has ended. Throws where anything was lost on the way: then no figure is right. */
  take(): number {
    const [count, length] = [this.count, this.#length]
    this.count = this.#length = 0
    this.#expected = undefined
    if (count === this.#wanted && length === count * this.#size) return count
    throw new Error(`Cannot measure: got ${count} messages of ${length} bytes, wanted ${this.#wanted} of ${this.#size}`)
  }
}

/** Counts encoded bytes as they come out; those of the first batch are read back. */
export class EncodedTally {
  readonly #one: CodecCase
  /** Bytes of one frame, and of all. */
  readonly #frame: number
  readonly #wanted: number
  #first: Uint8Array[] | undefined = []
  #length = 0

  constructor(one: CodecCase) {
    this.#one = one
    this.#frame = frameLength(one)
    this.#wanted = messagesIn(one) * this.#frame
  }

  add(chunk: Uint8Array): void {
    this.#length += chunk.length
    this.#first?.push(Buffer.from(chunk))
  }

  /** Whether all bytes of the batch are there. */
  get full(): boolean {
    return this.#length >= this.#wanted
  }

  /** How many messages these were. Throws where bytes are missing or wrong. */
  take(): number {
    const length = this.#length
    this.#length = 0
    if (length !== this.#wanted) throw new Error(`Cannot measure: got ${length} bytes, wanted ${this.#wanted}`)
    if (this.#first !== undefined) compareFrames(this.#one, Buffer.concat(this.#first))
    this.#first = undefined
    return length / this.#frame
  }
}

/** Holds encoded frames, one behind the other, against the message that they carry (RFC 6455 §5.2). */
function compareFrames(one: CodecCase, bytes: Uint8Array): void {
  const mask = one.role === 'client'
  const header = headerOf(one.size, mask)
  if (one.type === 'text') header[0] = 0x81
  const payload = payloadOf(one)
  const length = frameLength(one)
  for (let at = 0; at < bytes.length; at += length) {
    const frame = bytes.subarray(at, at + length)
    const key = frame.subarray(header.length, header.length + (mask ? 4 : 0))
    const body = frame.subarray(header.length + key.length)
    const wanted = mask ? masked(payload, key) : payload
    if (Buffer.compare(frame.subarray(0, header.length), header) !== 0 || Buffer.compare(body, wanted) !== 0) {
      throw new Error(`Cannot measure: the frame at byte ${at} is not the message`)
    }
  }
}

/** How many bytes one message is as a frame. */
function frameLength({ size, role }: CodecCase): number {
  return headerOf(size, false).length + (role === 'client' ? 4 : 0) + size
}

/** As many calls or chunks of so many each; the last one has the rest. */
export function inGroups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
}
