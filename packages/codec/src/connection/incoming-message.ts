// A message as it comes in, of any size: its type and a body that begins with its first bytes. Takes parts from the inbox, so a body's
// backpressure is the socket's; the size limit binds only whoever asks for the whole.

import { MessageAssembler } from '../message/assembler.ts'
import { decodeAcceptedText } from '../message/text.ts'
import { describe, SMALL } from '../values/bytes.ts'
import type { Allocate } from '../values/growing-bytes.ts'
import type { ProtocolError } from '../values/protocol-error.ts'
import type { DataPart } from './protocol.ts'

/** Where the parts of incoming messages come from, and who hears of a violation found while putting them together. */
export interface PartSource {
  /** The next part, if it is here; throws what ended the connection. */
  shift(): DataPart | undefined
  /** Throws what ended the connection, if it failed. */
  check(): void
  /** Whether no more will come. */
  readonly ended: boolean
  /** Resolves when a part or the end has come. */
  wait(): Promise<void>
}

/** What every incoming message of a connection shares. */
export interface IncomingContext {
  readonly parts: PartSource
  readonly maxMessageSize: number
  readonly allocate: Allocate
  /** Fails the connection: a message that was asked for as a whole is too big. Gives the error that callers see. */
  violated(error: ProtocolError): unknown
  /** The error for a message that the end of the connection cut. */
  cutShort(): unknown
}

/** One incoming message. Take its `body`, `bytes()` or `text()` before asking for the next: what is unread then is skipped. */
export class IncomingMessage {
  /** Text or binary (RFC 6455 §5.6). */
  readonly type: 'text' | 'binary'
  readonly #context: IncomingContext
  /** The first part until it is taken. */
  #pending: DataPart | undefined
  #complete = false
  #left = false
  #body: ReadableStream<Uint8Array> | undefined
  #whole = false

  /** Made by `Connection.messages()`. */
  constructor(first: DataPart, context: IncomingContext) {
    this.type = first.type
    this.#pending = first
    this.#context = context
  }

  /**
   * The payload as it comes; each chunk is the reader's own. A text's bytes are valid UTF-8, checked as they came, and may be
   * cut inside a character. Cancelling it skips the rest of the message.
   */
  get body(): ReadableStream<Uint8Array> {
    if (this.#whole) throw new TypeError('Cannot read body: the message was taken as a whole already')
    return this.#body ??= new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.leave(),
    }, { highWaterMark: 0 })
  }

  /** The whole payload, an exact array of the caller's own. Above `limits.maxMessageSize` the connection fails with 1009. */
  async bytes(): Promise<Uint8Array> {
    if (this.#whole || this.#body !== undefined) {
      throw new TypeError(`Cannot read ${describe(this)}: its body was taken already`)
    }
    this.#whole = true
    const { maxMessageSize, allocate, violated } = this.#context
    const assembler = new MessageAssembler(maxMessageSize, allocate)
    for (let part = await this.#next(); part !== undefined; part = await this.#next()) {
      try {
        assembler.judge(part.frame)
      } catch (error) {
        throw violated(error as ProtocolError)
      }
      assembler.append(part.frame)
    }
    return assembler.take()
  }

  /** The whole payload as a string; for a binary message, decoded as UTF-8 with replacement characters. */
  async text(): Promise<string> {
    return decodeAcceptedText(await this.bytes())
  }

  /** The rest is not wanted: whoever still reads it gets a `TypeError`. The next taker drops the parts that are left. */
  leave(): void {
    this.#left = true
    this.#pending = undefined
  }

  /** The next part; undefined behind the last. Waits, and throws what ended the connection. */
  async #next(): Promise<DataPart | undefined> {
    while (!this.#complete) {
      if (this.#left) throw new TypeError('Cannot read message: it was left, and the rest of it skipped')
      const part = this.#shift()
      if (part !== undefined) return part
      if (this.#context.parts.ended) throw this.#context.cutShort()
      await this.#context.parts.wait()
    }
    return undefined
  }

  #shift(): DataPart | undefined {
    const { parts } = this.#context
    parts.check() // after a failure nothing more is given, not even what came before it (law 5)
    const part = this.#pending ?? parts.shift()
    this.#pending = undefined
    if (part?.last) this.#complete = true
    return part
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      const part = await this.#next()
      if (part !== undefined && part.frame.payload.length > 0) controller.enqueue(ownBytes(part.frame.payload))
      if (this.#complete) return controller.close()
      if (part !== undefined && part.frame.payload.length > 0) return
    }
  }
}

/**
 * Received bytes as a chunk of its own: no other chunk shares its buffer, so whoever gets it may transfer it. Only the last bytes
 * of a buffer have none behind them that are still to be read; and a small view must not pin a large buffer.
 */
function ownBytes(payload: Uint8Array): Uint8Array {
  if (payload.length <= SMALL) return payload // a copy already, see `Protocol`
  const { buffer, byteOffset, length } = payload
  const last = byteOffset + length === buffer.byteLength
  return last && length * 2 > buffer.byteLength ? payload : payload.slice()
}
