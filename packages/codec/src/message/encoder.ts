// Messages and control frames in, frames out: the mirror of the decoder. Keeps nothing of a message between calls.

import { MAX_CONTROL_LENGTH } from '../frame/header.ts'
import { useVectorMasking } from '../frame/mask-simd.ts'
import { describe, isBytesLike, isIterable, judgedBytes, toBytes } from '../values/bytes.ts'
import type { Allocate } from '../values/growing-bytes.ts'
import { Opcode } from '../values/opcode.ts'
import type { BytesLike, Control, Frame, Message } from '../values/types.ts'
import { type CloseBody, encodeCloseBody } from './close-body.ts'
import { ItemFrames, ListFrames, type Manner } from './item-frames.ts'
import type { Items, Payload } from './item-writer.ts'
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
  readonly #manner: Manner

  /** Throws `RangeError` for a fragment size that is no whole number of at least 1. */
  constructor(options: MessageEncoderOptions = {}) {
    const { fragmentSize = Infinity } = options
    if (!(fragmentSize >= 1) || (fragmentSize !== Infinity && !Number.isSafeInteger(fragmentSize))) {
      throw new RangeError(`Cannot use fragmentSize: must be a whole number of at least 1, got ${String(fragmentSize)}`)
    }
    this.#manner = { fragmentSize, texts: new TextWriter(options.allocate) }
    useVectorMasking()
  }

  /**
   * The frames of one or several messages or control frames. They are made as they are iterated; if you pass the iterator on to
   * `FrameEncoder.encode`, they are written without being made. Payloads are views of `data`, not copied. Text becomes UTF-8, lone
   * surrogates U+FFFD. Short texts share an ArrayBuffer, as do the fragments of a long one: do not transfer it.
   *
   * Reads an iterable to its end and checks all items at once: throws `TypeError` for data of the wrong type and `RangeError` for what
   * RFC 6455 §5.5 and §7.4 forbid.
   *
   * ```ts run
   * import { FrameEncoder, type Message, MessageEncoder } from '@wirestream/codec'
   *
   * const messages = new MessageEncoder()
   * const frames = new FrameEncoder({ role: 'server' })
   * const list: Message[] = [{ type: 'text', data: 'hi' }, { type: 'binary', data: Uint8Array.of(1) }]
   * const [bytes] = frames.encode(messages.encode(list))
   * console.assert(bytes?.join() === '129,2,104,105,130,1,1')
   * ```
   */
  encode(items: Message | Control | Iterable<Message | Control>): IterableIterator<Frame> {
    if (!isIterable(items)) {
      const opcode = opcodeOf(items)
      return new ItemFrames(opcode, judgedPayload(opcode, items), this.#manner)
    }
    return new ListFrames(judgeAll(items), this.#manner)
  }
}

function judgeAll(items: Iterable<Message | Control>): Items {
  // As long as it will be: where it grows, a list takes 6 to 10 % longer.
  const judged: Items = new Array<Opcode | Payload>(Array.isArray(items) ? 2 * items.length : 0)
  let at = 0
  for (const item of items) {
    const opcode = opcodeOf(item)
    judged[at++] = opcode
    judged[at++] = judgedPayload(opcode, item)
  }
  if (at < judged.length) judged.length = at // it iterates over less than it holds
  return judged
}

function opcodeOf(item: Message | Control): Opcode {
  switch (item?.type) {
    case 'text':
      return Opcode.Text
    case 'binary':
      return Opcode.Binary
    case 'ping':
      return Opcode.Ping
    case 'pong':
      return Opcode.Pong
    case 'close':
      return Opcode.Close
    default:
      throw new TypeError(`Cannot encode message: want a message or a control frame, got ${describe(item)}`)
  }
}

/** The payload of an item of that opcode: its `type` is read once, since a getter may say something else the next time. */
function judgedPayload(opcode: Opcode, item: Message | Control): Payload {
  if (opcode === Opcode.Close) return encodeCloseBody(item as CloseBody)
  const { data } = item as Exclude<typeof item, { type: 'close' }>
  if (opcode === Opcode.Text) return checkText(data)
  return opcode === Opcode.Binary ? judgedBytes(data as BytesLike, 'Cannot encode message') : checkControlData(data)
}

function checkText(text: unknown): string {
  if (typeof text === 'string') return text
  throw new TypeError(`Cannot encode message: text must be a string, got ${describe(text)}`)
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
