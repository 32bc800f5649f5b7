// What both sides of a case work on, and the check that all of the work was done.

import { Buffer } from 'node:buffer'
import { type Control, FrameEncoder, type FrameInit, type Message, MessageEncoder } from '@wirestream/codec'
import { type CodecCase, nameOf } from './cases.ts'

/** Does a fixed piece of work and says how many messages that was. */
export type Batch = () => number | Promise<number>

const CHUNK = 65536

/** Of one batch: about a quarter of a MiB. */
export function messagesIn({ size, cut }: CodecCase): number {
  const bytes = cut === undefined ? 4 * CHUNK : CHUNK / 4
  return Math.max(1, Math.floor(bytes / (size + 10)))
}

/** ASCII, so that text and binary carry the same bytes. */
function payloadOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => 32 + ((i * 7) % 95))
}

/** The message of an encode case. */
export function messageOf({ type, size }: CodecCase): Message {
  const data = payloadOf(size)
  return type === 'text' ? { type, data: new TextDecoder().decode(data) } : { type, data: Buffer.from(data) }
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

/** Counts messages as they come out. */
export class MessageCount {
  readonly #one: CodecCase
  count = 0
  length = 0

  constructor(one: CodecCase) {
    this.#one = one
  }

  add(message: Message | Control): void {
    if (message.type === 'close') return
    this.count++
    this.length += message.data.length
  }

  /** The count, for a batch that has ended. */
  take(): number {
    const { count, length } = this
    this.count = this.length = 0
    return checked(this.#one, count, messagesIn(this.#one), length)
  }
}

/** How many bytes so many messages are as frames. */
export function encodedLength({ size, role }: CodecCase, messages: number): number {
  const header = (size < 126 ? 2 : size < 65536 ? 4 : 10) + (role === 'client' ? 4 : 0)
  return messages * (header + size)
}

/** The count, unless something was lost on the way: then no figure is right. */
export function checked(one: CodecCase, count: number, wanted: number, length: number): number {
  if (count === wanted && length === wanted * one.size) return count
  throw new Error(
    `Cannot measure ${
      nameOf(one)
    }: got ${count} messages of ${length} bytes, wanted ${wanted} of ${one.size} bytes each`,
  )
}
