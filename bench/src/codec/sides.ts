// The two sides of each case: our rooms, and the receiver and sender of `ws`. Each side checks that all of its work was done.

import { Buffer } from 'node:buffer'
import type { Writable } from 'node:stream'
import { FrameDecoder, FrameEncoder, type Message, MessageDecoder, MessageEncoder, Opcode } from '@wirestream/codec'
import * as ws from 'ws'
import type { Side } from '../harness.ts'
import type { CodecCase } from './cases.ts'

// The types of `ws` leave out what its module gives: its receiver and sender.
const { Receiver, Sender } = ws as unknown as {
  Receiver: new (options: object) => Writable
  Sender: new (socket: object) => { send(data: unknown, options: object, done?: () => void): void }
}

const CHUNK = 65536

/** Our side and that of `ws`. */
export function sidesOf(one: CodecCase): { ours: Side; theirs: Side } {
  if (one.work === 'decode') return { ours: decodeOurs(one), theirs: decodeTheirs(one) }
  const role = one.work.startsWith('encode client') ? 'client' : 'server'
  const together = one.work.endsWith('a call') ? 64 : 1
  return { ours: encodeOurs(one, role, together), theirs: encodeTheirs(one, role) }
}

/** ASCII, so that text and binary carry the same bytes. */
function payloadOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => 32 + ((i * 7) % 95))
}

function messagesIn(size: number): number {
  return Math.max(1, Math.floor((4 * CHUNK) / (size + 10)))
}

/**
 * Masked frames in chunks as a socket brings them. Both sides unmask in place, so the next batch finds plain payloads
 * behind the same keys and masks them again: octets below 0x80 keep that ASCII too, and nothing need be copied.
 */
function maskedChunks({ size, type }: CodecCase): { chunks: Uint8Array[]; messages: number } {
  let key = 0x1234567
  const encoder = new FrameEncoder({
    role: 'client',
    insecureMaskingKeys: () => (key = (key * 69069 + 1) & 0x7f7f7f7f),
  })
  const opcode = type === 'text' ? Opcode.Text : Opcode.Binary
  const messages = messagesIn(size)
  const payload = payloadOf(size)
  const bytes = Buffer.concat(encoder.encode(Array.from({ length: messages }, () => ({ opcode, payload }))))
  const chunks = Array.from(
    { length: Math.ceil(bytes.length / CHUNK) },
    (_, i) => new Uint8Array(bytes.subarray(i * CHUNK, (i + 1) * CHUNK)),
  )
  return { chunks, messages }
}

function decodeOurs(one: CodecCase): Side {
  const { chunks, messages } = maskedChunks(one)
  const frames = new FrameDecoder({ role: 'server' })
  const decoder = new MessageDecoder()
  return {
    batch() {
      let [count, length] = [0, 0]
      for (const chunk of chunks) {
        for (const frame of frames.decode(chunk)) {
          const message = decoder.decode(frame)
          if (message === undefined || message.type === 'close') continue
          count++
          length += message.data.length
        }
      }
      return checked(count, messages, length, one)
    },
  }
}

function decodeTheirs(one: CodecCase): Side {
  const { chunks, messages } = maskedChunks(one)
  const buffers = chunks.map((chunk) => Buffer.from(chunk.buffer))
  const receiver = new Receiver({ isServer: true })
  let [count, length] = [0, 0]
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    count++
    length += isBinary ? data.length : data.toString().length
  })
  return {
    async batch() {
      count = length = 0
      for (const buffer of buffers) {
        if (!receiver.write(buffer)) await new Promise((resolve) => receiver.once('drain', resolve))
      }
      return checked(count, messages, length, one)
    },
  }
}

function encodeOurs(one: CodecCase, role: 'client' | 'server', together: number): Side {
  const messages = new MessageEncoder()
  const frames = new FrameEncoder({ role })
  const message = messageOf(one)
  const rounds = Math.max(1, Math.floor(messagesIn(one.size) / together))
  return {
    batch() {
      let length = 0
      for (let round = 0; round < rounds; round++) {
        const chunks = together === 1
          ? frames.encode(messages.encode(message))
          : frames.encode(many(messages, message, together))
        for (const chunk of chunks) length += chunk.length
      }
      return checked(rounds * together, rounds * together, length - overhead(one.size, role) * rounds * together, one)
    },
  }
}

function* many(messages: MessageEncoder, message: Message, count: number) {
  for (let i = 0; i < count; i++) yield* messages.encode(message)
}

function encodeTheirs(one: CodecCase, role: 'client' | 'server'): Side {
  let length = 0
  const socket = {
    cork() {},
    uncork() {},
    // A socket would turn strings into bytes; so it does here, or the work would only be put off.
    write: (chunk: string | Uint8Array) =>
      void (length += typeof chunk === 'string' ? Buffer.from(chunk).length : chunk.length),
  }
  const sender = new Sender(socket)
  const { data } = messageOf(one)
  const options = { fin: true, binary: one.type === 'binary', compress: false, mask: role === 'client' }
  const count = messagesIn(one.size)
  return {
    batch() {
      length = 0
      for (let i = 0; i < count; i++) sender.send(data, options)
      return checked(count, count, length - overhead(one.size, role) * count, one)
    },
  }
}

function messageOf({ type, size }: CodecCase): Message {
  const data = payloadOf(size)
  return type === 'text' ? { type, data: new TextDecoder().decode(data) } : { type, data: Buffer.from(data) }
}

function overhead(size: number, role: 'client' | 'server'): number {
  return (size < 126 ? 2 : size < 65536 ? 4 : 10) + (role === 'client' ? 4 : 0)
}

/** The count, unless something was lost on the way: then no figure is right. */
function checked(count: number, wanted: number, length: number, { work, size }: CodecCase): number {
  if (count === wanted && length === wanted * size) return count
  throw new Error(
    `Cannot measure ${work}: got ${count} messages of ${length} bytes, wanted ${wanted} of ${size} bytes each`,
  )
}
