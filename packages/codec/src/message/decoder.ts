// Frames in, messages and control frames out. Owns the message under way; the rules are in sequence.ts.

import { useVectorMasking } from '../frame/mask-simd.ts'
import { describe } from '../values/bytes.ts'
import type { Allocate } from '../values/growing-bytes.ts'
import { checkLimit, DEFAULT_MAX_MESSAGE_SIZE } from '../values/limits.ts'
import { isControl, Opcode } from '../values/opcode.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import type { Control, Frame, Message } from '../values/types.ts'
import { judgeSize, MessageAssembler } from './assembler.ts'
import { decodeCloseBody } from './close-body.ts'
import { MessageSequence } from './sequence.ts'
import { TextAssembler } from './text-assembler.ts'
import { decodeText } from './text.ts'

/** How a {@linkcode MessageDecoder} decodes. */
export interface MessageDecoderOptions {
  /** The largest message, in payload bytes summed over its fragments. Default 16 MiB. */
  maxMessageSize?: number | undefined
  /** Where memory for messages comes from; an adapter may have a faster way than zeroed arrays. */
  allocate?: Allocate | undefined
}

/**
 * Puts frames together to messages (RFC 6455 §5.4, §5.6) and takes control frames apart. Takes whole frames and parts.
 *
 * The data of a message of one whole frame is the frame's own `payload`, not copied; any other message is a fresh array. Until a
 * message is complete, payloads of 4 KiB and more are kept as they are, so they must not change nor be transferred.
 * After a `ProtocolError` the decoder stays failed: every later call throws the same error.
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

  /** The message or control frame that `frame` completes; undefined where it completes none. Throws `ProtocolError`. */
  decode(frame: Frame): Message | Control | undefined {
    if (this.#failure !== undefined) throw this.#failure
    if (!(frame?.payload instanceof Uint8Array)) {
      throw new TypeError(`Cannot decode message: want a frame, got ${describe(frame)}`)
    }
    checkPart(frame)
    try {
      return isControl(frame.opcode) ? decodeControl(frame) : this.#data(frame)
    } catch (error) {
      if (error instanceof ProtocolError) this.#failure = error
      throw error
    }
  }

  /** Says that no more frames will come. Throws `ProtocolError` with `unexpected-end` inside a message. */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#sequence.type === undefined) return
    this.#failure = new ProtocolError('unexpected-end', 'Cannot decode message: the frames ended inside a message')
    throw this.#failure
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
export function decodeControl(frame: Frame): Control {
  if (frame.payload.length !== frame.payloadLength) {
    throw new TypeError('Cannot decode message: control frames come whole')
  }
  if (frame.opcode === Opcode.Close) return { type: 'close', ...decodeCloseBody(frame.payload) }
  return { type: frame.opcode === Opcode.Ping ? 'ping' : 'pong', data: frame.payload }
}

// Without this, a frame that lacks `payloadLength` would wait for ever for its end.
function checkPart({ offset, payload, payloadLength }: Frame): void {
  if (offset + payload.length <= payloadLength) return
  throw new TypeError(
    `Cannot decode message: payload must end within payloadLength ${payloadLength}, got ${payload.length} bytes at ${offset}`,
  )
}
