// The rules that hold between data frames: fragmentation (RFC 6455 §5.4) and UTF-8 (§8.1), judged part by part as bytes
// arrive. Keeps a few numbers, never a payload, so any number of fragments costs nothing.

import { opcodeName } from '../frame/header.ts'
import { Opcode } from '../values/opcode.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import type { Frame } from '../values/types.ts'
import { decodeText, invalidUtf8 } from './text.ts'
import { Utf8Validator } from './utf8.ts'

/** Where a data frame, or a part of one, stands in its message. */
export interface Place {
  /** What its message is. */
  readonly type: 'text' | 'binary'
  /** Whether its message began with it. */
  readonly first: boolean
  /** Whether its message ends with it. */
  readonly last: boolean
}

/** Judges the UTF-8 of one text after another, part by part. */
export interface TextJudge {
  /** The place of the first byte that no UTF-8 text can have there, or −1. */
  push(bytes: Uint8Array): number
  /** Whether the text may end here. */
  readonly complete: boolean
}

/** What the parts of a frame share, and where the next one begins. */
export type LongFrame = Pick<Frame, 'opcode' | 'payloadLength' | 'offset'>

/** Judges the data frames of one connection, in order. */
export class MessageSequence {
  /** The frame that the next part continues; undefined where that begins one. Not to be set. */
  long: LongFrame | undefined
  /** What the message under way is; undefined between messages. */
  #type: 'text' | 'binary' | undefined
  #length = 0
  readonly #utf8: TextJudge

  constructor(utf8: TextJudge = new Utf8Validator()) {
    this.#utf8 = utf8
  }

  /** What the message under way is; undefined between messages. */
  get type(): 'text' | 'binary' | undefined {
    return this.#type
  }

  /** Bytes of the message under way so far; 0 between messages. */
  get length(): number {
    return this.#type === undefined ? 0 : this.#length
  }

  /** Whether this frame, which carries data, is a whole message, rightly placed: it needs no `accept`. */
  isMessage({ fin, opcode, payload, payloadLength }: Frame): boolean {
    return this.#type === undefined && fin && opcode !== Opcode.Continuation && payload.length === payloadLength
  }

  /** Takes a data frame or a part of one; throws `ProtocolError` where it may not stand. */
  accept(frame: Frame): Place {
    const first = this.#begin(frame)
    const type = this.#type!
    const { fin, opcode, payload, payloadLength } = frame
    const offset = frame.offset + payload.length
    const last = fin && offset === payloadLength
    if (type === 'text') this.#judgeText(frame, last)
    this.long = offset < payloadLength ? { opcode, payloadLength, offset } : undefined
    this.#length += payload.length
    if (last) this.#type = undefined
    return { type, first, last }
  }

  /**
   * A shortcut for a text message of one whole frame: the platform's decoder judges it, faster than we do, and its
   * string comes back. Undefined where the frame is anything else; then `accept` it.
   */
  acceptText(frame: Frame): string | undefined {
    return frame.opcode === Opcode.Text && this.isMessage(frame) ? decodeText(frame.payload, 'message') : undefined
  }

  /** Whether the message begins with this part. */
  #begin({ opcode }: Frame): boolean {
    if (this.long !== undefined) return false
    if (opcode === Opcode.Continuation) {
      if (this.#type !== undefined) return false
      throw new ProtocolError(
        'unexpected-continuation',
        'Cannot decode message: a Continuation frame needs a message to continue',
      )
    }
    if (this.#type !== undefined) {
      throw new ProtocolError(
        'expected-continuation',
        `Cannot decode message: want a Continuation frame inside a fragmented message, got ${opcodeName(opcode)}`,
      )
    }
    this.#type = opcode === Opcode.Text ? 'text' : 'binary'
    this.#length = 0
    return true
  }

  #judgeText({ payload }: Frame, last: boolean): void {
    const wrong = this.#utf8.push(payload)
    if (wrong >= 0) throw invalidUtf8('message', payload[wrong], this.#length + wrong)
    if (last && !this.#utf8.complete) throw invalidUtf8('message', undefined, this.#length + payload.length)
  }
}
