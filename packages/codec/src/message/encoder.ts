// Messages and control frames in, frames out: the mirror of the decoder. Keeps nothing of a message between calls.

import { MAX_CONTROL_LENGTH } from '../frame/header.ts'
import { useVectorMasking } from '../frame/mask-simd.ts'
import { describe, isBytesLike, toBytes } from '../values/bytes.ts'
import type { Allocate } from '../values/growing-bytes.ts'
import { MadeFrame } from '../values/made-frame.ts'
import { Opcode } from '../values/opcode.ts'
import type { Control, Frame, Message } from '../values/types.ts'
import { encodeCloseBody } from './close-body.ts'
import { TextFrames } from './text-frames.ts'
import { TextWriter } from './text-writer.ts'

/** How a {@linkcode MessageEncoder} encodes. */
export interface MessageEncoderOptions {
  /** The largest payload of one frame, in bytes, at least 1; a longer message is fragmented. Default: one frame a message. */
  fragmentSize?: number | undefined
  /** Where memory for texts of more than 2 KiB comes from; an adapter may have a faster way than zeroed arrays. */
  allocate?: Allocate | undefined
}

/** Turns messages into frames (RFC 6455 §5.4, §5.6) and control data into control frames (§5.5). */
export class MessageEncoder {
  readonly #fragmentSize: number
  readonly #texts: TextWriter

  /** Throws `RangeError` for a fragment size that is no whole number of at least 1. */
  constructor(options: MessageEncoderOptions = {}) {
    const { fragmentSize = Infinity } = options
    if (!(fragmentSize >= 1) || (fragmentSize !== Infinity && !Number.isSafeInteger(fragmentSize))) {
      throw new RangeError(`Cannot use fragmentSize: must be a whole number of at least 1, got ${String(fragmentSize)}`)
    }
    this.#fragmentSize = fragmentSize
    this.#texts = new TextWriter(options.allocate)
    useVectorMasking()
  }

  /**
   * The frames of one message, made as they are iterated, or one control frame. Payloads are views of `data`, not copied;
   * a text is encoded as UTF-8, a lone surrogate as U+FFFD. Short texts share an ArrayBuffer, so it must not be transferred.
   * Throws at once: `TypeError` for data of the wrong type, `RangeError` for what RFC 6455 §5.5 and §7.4 forbid.
   */
  encode(item: Message | Control): IterableIterator<Frame> {
    switch (item?.type) {
      case 'text':
        return this.#encodeText(item.data)
      case 'binary':
        return this.#fragments(Opcode.Binary, toBytes(item.data, 'Cannot encode message'))
      case 'ping':
        return one(Opcode.Ping, checkControlData(item.data))
      case 'pong':
        return one(Opcode.Pong, checkControlData(item.data))
      case 'close':
        return one(Opcode.Close, encodeCloseBody(item))
      default:
        throw new TypeError(`Cannot encode message: want a message or a control frame, got ${describe(item)}`)
    }
  }

  #encodeText(text: unknown): IterableIterator<Frame> {
    if (typeof text !== 'string') {
      throw new TypeError(`Cannot encode message: text must be a string, got ${describe(text)}`)
    }
    // No UTF-16 unit takes more than three bytes.
    return text.length * 3 <= this.#fragmentSize
      ? new TextFrames(text, this.#texts)
      : this.#fragments(Opcode.Text, this.#texts.write(text))
  }

  #fragments(opcode: Opcode, payload: Uint8Array): IterableIterator<Frame> {
    const size = this.#fragmentSize
    return payload.length <= size ? one(opcode, payload) : fragments(opcode, payload, size)
  }
}

function one(opcode: Opcode, payload: Uint8Array): IterableIterator<Frame> {
  return [new MadeFrame(opcode, payload, true)].values()
}

function* fragments(opcode: Opcode, payload: Uint8Array, size: number): Generator<Frame, undefined> {
  for (let at = 0; at < payload.length; at += size) {
    const last = payload.length - at <= size
    const part = payload.subarray(at, last ? undefined : at + size)
    yield new MadeFrame(at === 0 ? opcode : Opcode.Continuation, part, last)
  }
}

/** The payload of a ping or pong. Throws `TypeError` for anything but bytes, `RangeError` above 125 of them. */
export function checkControlData(data: unknown): Uint8Array {
  // A number here once sent foreign memory elsewhere (security.md, row 1).
  if (!isBytesLike(data)) throw new TypeError(`Cannot encode control frame: data must be bytes, got ${describe(data)}`)
  const payload = toBytes(data, 'Cannot encode control frame')
  if (payload.length > MAX_CONTROL_LENGTH) {
    throw new RangeError(
      `Cannot encode control frame: data must be at most ${MAX_CONTROL_LENGTH} bytes, got ${payload.length}`,
    )
  }
  return payload
}

/** A whole frame without reserved bits. */
export function frameOf(opcode: Opcode, payload: Uint8Array, fin: boolean): Frame {
  return { fin, rsv1: false, rsv2: false, rsv3: false, opcode, payload, payloadLength: payload.length, offset: 0 }
}
