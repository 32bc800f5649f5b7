// Messages that are here already, as frames: a string, bytes, what was prepared, or what another connection received. Decides what is
// copied and what is lent; knows nothing of order.

import { LEND_ABOVE } from '../frame/writer.ts'
import { describe, isBytesLike, toBytes, utf8Length } from '../values/bytes.ts'
import { Opcode } from '../values/opcode.ts'
import type { Assembly } from './assembly.ts'
import type { FrameSender } from './frame-sender.ts'
import type { Releasable } from './lease.ts'
import type { Outbox } from './outbox.ts'
import { checkPayload, PreparedMessage, type Sendable, type SendOptions } from './outgoing-message.ts'
import type { MaskedMessage } from './protocol.ts'

/** A message that is here already. */
export type WholeMessage = Exclude<Sendable, ReadableStream>

/** A message that goes from one connection to another as it came. */
export interface PassedMessage {
  readonly opcode: Opcode
  readonly parts: readonly Uint8Array[]
  /** Whether the parts are the sender's until they are out; else they are copied at once. */
  readonly lend: boolean
  /** Released when the parts are not needed any more. */
  readonly lease: Releasable | undefined
}

// Longer texts are encoded into an array of their own: encodeInto wants room for three bytes a unit.
const IN_PLACE_TEXT = 4096

/** What a message that waits weighs beside its bytes, so that empty ones are counted too. */
const MESSAGE_COST = 16

/** Encodes messages at once. */
export class WholeSender {
  readonly #frames: FrameSender
  readonly #outbox: Outbox
  readonly #inPlace: boolean
  readonly #assembly: Pick<Assembly, 'isLatest'>

  /** `inPlace`: whether frames may be written without anybody seeing them. `assembly` knows arrays that need no look. */
  constructor(frames: FrameSender, outbox: Outbox, inPlace: boolean, assembly: Pick<Assembly, 'isLatest'>) {
    this.#frames = frames
    this.#outbox = outbox
    this.#inPlace = inPlace
    this.#assembly = assembly
  }

  /** Sends one message. Resolves when there is room for more; for a lent payload, when it was taken. */
  send(message: WholeMessage, { type, length }: SendOptions): Promise<void> {
    if (typeof message === 'string') this.#sendText(message, type, length)
    else if (message instanceof PreparedMessage) this.#sendPrepared(message, type, length)
    else {
      const bytes = this.#assembly.isLatest(message) ? message as Uint8Array : toBytes(message, 'Cannot send message')
      const payload = checkPayload(bytes, type)
      checkLength(length, payload.length)
      const lend = this.#lends(payload.length)
      this.#frames.frame(type === 'text' ? Opcode.Text : Opcode.Binary, payload, true, lend)
      if (lend) return this.#outbox.taken()
    }
    this.#outbox.schedule()
    return this.#outbox.ready()
  }

  /** The longest message that `pass` takes where it was received, in bytes; −1 where every frame is seen. */
  get longestCopy(): number {
    return this.#inPlace ? LEND_ABOVE : -1
  }

  /** Sends a message that another connection received; whoever has passed the last calls the outbox's `flush`. */
  pass(message: PassedMessage | MaskedMessage): void {
    if ('bytes' in message) this.#frames.masked(message.opcode, message)
    else this.#passParts(message)
    this.#outbox.limit()
  }

  #passParts({ opcode, parts, lend, lease }: PassedMessage): void {
    if (parts.length === 1) this.#frames.frame(opcode, parts[0]!, true, lend)
    else {
      let length = 0
      for (const part of parts) length += part.length
      this.#frames.open(opcode, length, true)
      for (const part of parts) this.#frames.part(part, lend)
    }
    if (lease === undefined) return
    if (lend && parts.some(({ length }) => this.#lends(length))) this.#outbox.releaseWhenTaken(lease)
    else lease.release()
  }

  /** The message as it may wait: bytes that would not be lent may change as soon as the caller goes on, so they are copied. */
  keep(message: WholeMessage): WholeMessage {
    if (!isBytesLike(message) || this.#lends(message.byteLength)) return message
    return toBytes(message, 'Cannot send message').slice()
  }

  #sendText(text: string, type: SendOptions['type'], length: number | undefined): void {
    if (length !== undefined) checkLength(length, utf8Length(text))
    if (this.#inPlace && text.length <= IN_PLACE_TEXT && type !== 'binary') return this.#frames.text(text)
    // Our own array: lending it harms nobody.
    this.#frames.frame(type === 'binary' ? Opcode.Binary : Opcode.Text, new TextEncoder().encode(text), true, true)
  }

  #sendPrepared(message: PreparedMessage, type: SendOptions['type'], length: number | undefined): void {
    const { opcode, frame } = message
    if (type !== undefined && type !== (opcode === Opcode.Text ? 'text' : 'binary')) {
      throw new TypeError(`Cannot send message: want the type that it was prepared with, got ${type}`)
    }
    if (length !== undefined) checkLength(length, message.payload.length)
    if (this.#frames.role === 'server' && this.#inPlace) this.#frames.encoded(frame)
    else this.#frames.frame(opcode, message.payload, true, true)
  }

  /** Whether a payload of that length goes out as it is, so that it must not change until it has been taken. */
  #lends(length: number): boolean {
    return this.#frames.role === 'server' && length > LEND_ABOVE
  }
}

/** What a message weighs while it waits; for long strings and streams, the least it may. Throws `TypeError` for no message. */
export function sizeOfMessage(message: Sendable): number {
  return MESSAGE_COST + payloadSize(message)
}

function payloadSize(message: Sendable): number {
  if (typeof message === 'string') return message.length <= IN_PLACE_TEXT ? utf8Length(message) : message.length
  if (message instanceof PreparedMessage) return message.frame.length
  if (isBytesLike(message)) return message.byteLength
  if (message instanceof ReadableStream) return 0
  throw new TypeError(`Cannot send message: want a string, bytes or a stream of them, got ${describe(message)}`)
}

function checkLength(declared: number | undefined, length: number): void {
  if (declared === undefined || declared === length) return
  throw new RangeError(`Cannot send message: want the declared length of ${declared} bytes, got ${length}`)
}
