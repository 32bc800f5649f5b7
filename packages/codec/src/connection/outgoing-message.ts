// What callers may send, turned into what is sent: an opcode and bytes, or a source of them.

import { concat, describe, isBytesLike, NO_BYTES, toBytes } from '../values/bytes.ts'
import { FIN, headerLength, writeHeader } from '../frame/header.ts'
import { invalidUtf8 } from '../message/text.ts'
import { Utf8Validator } from '../message/utf8.ts'
import { Opcode } from '../values/opcode.ts'
import type { BytesLike } from '../values/types.ts'

/** What {@linkcode Connection.send} takes. */
export type Sendable = string | BytesLike | PreparedMessage | ReadableStream<string | Uint8Array>

/** How a message is sent. */
export interface SendOptions {
  /** What the message is. Default: text for strings and for streams that begin with one, else binary. */
  type?: 'text' | 'binary' | undefined
  /** The message's length in bytes: a stream is then sent as one frame, not in fragments. A different length is a `RangeError`. */
  length?: number | undefined
  /** Whether an extension may compress the message. Default: the extension decides. No effect yet: none is told. */
  compress?: boolean | undefined
}

/** A message encoded once, to be sent to many connections (`prepareMessage`). */
export class PreparedMessage {
  readonly #opcode: Opcode
  readonly #frame: Uint8Array
  readonly #header: number

  /** Use {@linkcode prepareMessage}. */
  constructor(opcode: Opcode, payload: Uint8Array) {
    this.#header = headerLength(payload.length, false)
    this.#frame = new Uint8Array(this.#header + payload.length)
    writeHeader(this.#frame, 0, FIN | opcode, payload.length, false)
    this.#frame.set(payload, this.#header)
    this.#opcode = opcode
  }

  /** Text or binary. */
  get opcode(): Opcode {
    return this.#opcode
  }

  /** The frame as a server sends it: without a mask. Not to be written to. */
  get frame(): Uint8Array {
    return this.#frame
  }

  /** The payload; a client masks it anew for each connection. Not to be written to. */
  get payload(): Uint8Array {
    return this.#frame.subarray(this.#header)
  }
}

/**
 * Encodes a message once for many connections; copied, so that the caller may go on using its bytes. Throws `TypeError`
 * for anything but a string or bytes.
 */
export function prepareMessage(message: string | BytesLike): PreparedMessage {
  if (typeof message === 'string') return new PreparedMessage(Opcode.Text, new TextEncoder().encode(message))
  if (!isBytesLike(message)) {
    throw new TypeError(`Cannot prepare message: want a string or bytes, got ${describe(message)}`)
  }
  return new PreparedMessage(Opcode.Binary, toBytes(message, 'Cannot prepare message'))
}

/** Throws `TypeError` for a type that no message has. */
export function checkType(type: SendOptions['type']): void {
  if (type === undefined || type === 'text' || type === 'binary') return
  throw new TypeError(`Cannot send message: type must be text or binary, got ${String(type)}`)
}

/** Bytes as the payload of a message of that type. Throws `TypeError` for a text that is not UTF-8: we do not send faults. */
export function checkPayload(payload: Uint8Array, type: 'text' | 'binary' | undefined): Uint8Array {
  if (type === 'text') {
    const text = new SourceEncoder(type)
    text.encode(payload)
    text.end()
  }
  return payload
}

function notUtf8(at: number, byte: number | undefined): TypeError {
  return new TypeError(invalidUtf8('bytes as text', byte, at).message.replace('decode', 'send'))
}

/** The chunks of a streamed message as bytes, each checked. Keeps what a chunk boundary cuts. */
export class SourceEncoder {
  readonly #type: 'text' | 'binary'
  readonly #utf8 = new Utf8Validator()
  /** A high surrogate at the end of a string chunk; its other half may begin the next. */
  #high = ''
  #length = 0

  constructor(type: 'text' | 'binary') {
    this.#type = type
  }

  /** The bytes of one chunk. Throws `TypeError` for what is neither string nor bytes, and for text that is not UTF-8. */
  encode(chunk: unknown): Uint8Array {
    const bytes = typeof chunk === 'string' ? this.#encodeText(chunk) : this.#encodeBytes(chunk)
    if (this.#type === 'text') {
      const wrong = this.#utf8.push(bytes)
      if (wrong >= 0) throw notUtf8(this.#length + wrong, bytes[wrong])
    }
    this.#length += bytes.length
    return bytes
  }

  /** What is left at the end. Throws `TypeError` for a text that ends inside a character. */
  end(): Uint8Array {
    const rest = this.encode(NO_BYTES)
    this.mayEnd()
    return rest
  }

  /** Throws `TypeError` where a text would end inside a character. */
  mayEnd(): void {
    if (this.#type === 'text' && !this.#utf8.complete) throw notUtf8(this.#length, undefined)
  }

  #encodeText(chunk: string): Uint8Array {
    const text = this.#high + chunk
    const last = text.charCodeAt(text.length - 1)
    const cut = last >= 0xd800 && last < 0xdc00
    this.#high = cut ? text.slice(-1) : ''
    return new TextEncoder().encode(cut ? text.slice(0, -1) : text)
  }

  #encodeBytes(chunk: unknown): Uint8Array {
    if (!isBytesLike(chunk)) {
      throw new TypeError(`Cannot send stream: want strings or bytes as chunks, got ${describe(chunk)}`)
    }
    const bytes = toBytes(chunk, 'Cannot send stream')
    if (this.#high === '') return bytes
    const before = new TextEncoder().encode(this.#high) // its other half never came
    this.#high = ''
    return concat([before, bytes])
  }
}
