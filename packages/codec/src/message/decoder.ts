// Frames in, messages and control frames out. Owns the message under way; the rules are in sequence.ts.

import { FrameDecoder } from '../frame/decoder.ts'
import { FIN } from '../frame/header.ts'
import { useVectorMasking } from '../frame/mask-simd.ts'
import { describe, isIterable } from '../values/bytes.ts'
import type { Allocate } from '../values/growing-bytes.ts'
import { checkLimit, DEFAULT_MAX_MESSAGE_SIZE } from '../values/limits.ts'
import { isControl, Opcode } from '../values/opcode.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import type { Control, Frame, Message } from '../values/types.ts'
import { judgeSize, MessageAssembler } from './assembler.ts'
import { decodeCloseBody } from './close-body.ts'
import { type LongFrame, MessageSequence } from './sequence.ts'
import { TextAssembler } from './text-assembler.ts'
import { decodeMasked, decodeText } from './text.ts'

/** How a {@linkcode MessageDecoder} decodes. */
export interface MessageDecoderOptions {
  /** The largest message, in payload bytes summed over its fragments. Default 16 MiB. */
  maxMessageSize?: number | undefined
  /** Where memory for messages comes from; an adapter may have a faster way than zeroed arrays. */
  allocate?: Allocate | undefined
}

/**
 * Assembles frames into messages (RFC 6455 §5.4, §5.6) and parses control frames. Takes whole frames and parts of frames.
 *
 * A binary message of one whole frame has that frame's `payload` as its data, uncopied; any other gets a fresh array. Payloads of
 * 4 KiB and more are kept uncopied until their message is complete, so they must be neither changed nor transferred.
 * After a `ProtocolError` the decoder stays failed: every later call throws the same error. So it does where memory for a message
 * cannot be had, or that of a kept part is gone. What is no frame is refused with a `TypeError` and changes nothing.
 *
 * ```ts run
 * import { FrameDecoder, MessageDecoder } from '@wirestream/codec'
 *
 * const frames = new FrameDecoder({ role: 'client' })
 * const messages = new MessageDecoder()
 * const chunk = Uint8Array.of(0x81, 0x02, 0x68, 0x69, 0x89, 0x00)
 * const types: string[] = []
 * for (const item of messages.decode(frames.decode(chunk))) types.push(item.type)
 * console.assert(types.join() === 'text,ping')
 * ```
 */
export class MessageDecoder {
  readonly #maxMessageSize: number
  readonly #sequence: MessageSequence
  readonly #text: TextAssembler
  readonly #binary: MessageAssembler
  #failure: ProtocolError | undefined

  /** Throws `RangeError` for a limit that is no byte count. */
  constructor(options: MessageDecoderOptions = {}) {
    const { maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE } = options
    useVectorMasking()
    this.#maxMessageSize = checkLimit('maxMessageSize', maxMessageSize)
    this.#binary = new MessageAssembler(this.#maxMessageSize, options.allocate)
    this.#text = new TextAssembler(options.allocate)
    this.#sequence = new MessageSequence(this.#text)
  }

  /**
   * The message or control frame that `frame` completes; undefined where it completes none. Throws `ProtocolError`, and `RangeError` for
   * a part that does not continue the frame before, which changes nothing.
   */
  decode(frame: Frame): Message | Control | undefined
  /**
   * The messages and control frames that `frames` complete, made as they are iterated. Iterating throws `ProtocolError` at the first
   * violation, after what came before it.
   *
   * Pass what {@linkcode FrameDecoder.decode} gives as it is: messages of one frame are then decoded straight from the chunk, without
   * making a frame, which takes half the time for small texts (docs/decisions/0023).
   */
  decode(frames: Iterable<Frame>): IterableIterator<Message | Control>
  decode(input: Frame | Iterable<Frame>): Message | Control | undefined | IterableIterator<Message | Control> {
    if (this.#failure !== undefined) throw this.#failure
    if (isFrame(input)) {
      checkPart(input, this.#sequence.long)
      return this.#decode(input)
    }
    if (input instanceof FrameDecoder) return new Messages(this, input)
    if (isIterable(input)) return messagesOf(this, input)
    throw notFrame(input)
  }

  /**
   * `decode` for callers that pull: the next message or control frame of the chunk that was pushed to `frames`; undefined once more
   * bytes are needed. Throws `ProtocolError`.
   */
  pull(frames: FrameDecoder): Message | Control | undefined {
    if (this.#failure !== undefined) throw this.#failure
    for (;;) {
      const opcode = this.#sequence.type === undefined ? peekMessage(frames, this.#maxMessageSize) : 0
      if (opcode !== 0) return this.#takeMessage(frames, opcode)
      const frame = frames.pull()
      if (frame === undefined) return undefined
      const item = this.#decode(frame)
      if (item !== undefined) return item
    }
  }

  /** Says that no more frames will come. Throws `ProtocolError` with `unexpected-end` inside a message. */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#sequence.type === undefined) return
    this.#failure = new ProtocolError('unexpected-end', 'Cannot decode message: the frames ended inside a message')
    throw this.#failure
  }

  #takeMessage(frames: FrameDecoder, opcode: 1 | 2): Message {
    try {
      if (opcode === Opcode.Binary) return { type: 'binary', data: frames.takePeeked() }
      const text = frames.takePeeked(decodeMasked)
      return { type: 'text', data: typeof text === 'string' ? text : decodeText(text, 'message') }
    } catch (error) {
      throw this.#fail(error)
    }
  }

  #decode(frame: Frame): Message | Control | undefined {
    try {
      return isControl(frame.opcode) ? decodeControl(frame) : this.#data(frame)
    } catch (error) {
      throw this.#fail(error)
    }
  }

  #fail(error: unknown): unknown {
    this.#failure = error as ProtocolError // bytes of the message under way may be lost, whatever it was
    return error
  }

  #data(frame: Frame): Message | undefined {
    judgeSize(frame, this.#sequence.length, this.#maxMessageSize)
    if (this.#sequence.isMessage(frame)) {
      const { opcode, payload } = frame
      return opcode === Opcode.Text
        ? { type: 'text', data: decodeText(payload, 'message') }
        : { type: 'binary', data: payload }
    }
    const { type, last } = this.#sequence.accept(frame)
    if (type === 'binary') this.#binary.append(frame)
    if (!last) return undefined
    return type === 'text' ? { type, data: this.#text.take() } : { type, data: this.#binary.take() }
  }
}

/** Takes a whole control frame apart (RFC 6455 §5.5). Throws `ProtocolError` for a Close body that breaks §7.4 or §8.1. */
function decodeControl(frame: Frame): Control {
  if (frame.opcode === Opcode.Close) return { type: 'close', ...decodeCloseBody(frame.payload) }
  return { type: frame.opcode === Opcode.Ping ? 'ping' : 'pong', data: frame.payload }
}

/** The opcode of what comes next, where that is a whole data message in one frame, all of it in the chunk, of at most `longest` bytes; else 0. */
function peekMessage(frames: FrameDecoder, longest: number): 0 | 1 | 2 {
  const header = frames.peekHeader()
  if (header === undefined) return 0
  const { firstByte, payloadLength } = header
  const opcode = (firstByte & 0x8f) ^ FIN // without FIN it is none that there is
  return opcode > Opcode.Binary || payloadLength > longest || payloadLength > frames.unread ? 0 : opcode as 0 | 1 | 2
}

// Without this, a frame that lacks `payloadLength` would wait for ever for its end, and parts that do not follow each other would make a
// message that nobody sent.
function checkPart({ opcode, offset, payload, payloadLength }: Frame, long: LongFrame | undefined): void {
  const { length } = payload
  if (length === payloadLength && offset === 0 && long === undefined) return // most are whole
  if (!(offset + length <= payloadLength)) {
    throw new TypeError(
      `Cannot decode message: payload must end within payloadLength ${payloadLength}, got ${length} bytes at ${offset}`,
    )
  }
  if (isControl(opcode)) {
    if (length === payloadLength) return
    throw new TypeError('Cannot decode message: control frames come whole')
  }
  const wanted = long ?? { opcode, payloadLength, offset: 0 }
  if (offset === wanted.offset && payloadLength === wanted.payloadLength && opcode === wanted.opcode) return
  throw new RangeError(
    `Cannot decode message: want the next part of a frame of ${wanted.payloadLength} bytes, at offset ${wanted.offset}`,
  )
}

/** The lazy view of the messages and control frames of one chunk. */
class Messages implements IterableIterator<Message | Control> {
  readonly #decoder: MessageDecoder
  readonly #frames: FrameDecoder

  constructor(decoder: MessageDecoder, frames: FrameDecoder) {
    this.#decoder = decoder
    this.#frames = frames
  }

  next(): IteratorResult<Message | Control, undefined> {
    const value = this.#decoder.pull(this.#frames)
    return value === undefined ? { done: true, value } : { done: false, value }
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** The same of frames from anywhere. */
function* messagesOf(decoder: MessageDecoder, frames: Iterable<Frame>): Generator<Message | Control, undefined> {
  for (const frame of frames) {
    if (!isFrame(frame)) throw notFrame(frame) // a list in a list would be decoded to an iterator
    const item = decoder.decode(frame)
    if (item !== undefined) yield item
  }
}

function notFrame(input: unknown): TypeError {
  return new TypeError(`Cannot decode message: want a frame or an iterable of frames, got ${describe(input)}`)
}

function isFrame(input: Frame | Iterable<Frame>): input is Frame {
  return (input as Partial<Frame> | undefined)?.payload instanceof Uint8Array
}
