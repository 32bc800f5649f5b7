// A message as it comes in, of any size: its type and a body that begins with its first bytes. Takes parts from the inbox, so a body's
// backpressure is the socket's; the size limit binds only whoever asks for the whole.

import { MessageAssembler } from '../message/assembler.ts'
import { decodeAcceptedText } from '../message/text.ts'
import { SMALL } from '../values/bytes.ts'
import { sameShape } from '../values/same-shape.ts'
import type { OwnBytes } from '../values/types.ts'
import type { AssemblyOptions } from './assembly.ts'
import type { Inbox } from './inbox.ts'
import type { DataPart } from './protocol.ts'

/** What an incoming message does to its connection. */
export interface MessageEvents {
  /** Fails the connection, as for a message that was asked for as a whole and is too big; gives the error that its users see. */
  fail(cause: unknown): unknown
  /** The error for a message that the end of the connection cut. */
  cutShort(): unknown
}

const BodyStream = sameShape(class extends ReadableStream<OwnBytes> {})

/** One incoming message. Read its `body`, `bytes()` or `text()` before asking for the next one: its unread rest is skipped then. */
export class IncomingMessage {
  /** Text or binary (RFC 6455 §5.6). */
  readonly type: 'text' | 'binary'
  readonly #inbox: Inbox
  readonly #options: AssemblyOptions
  readonly #events: MessageEvents
  /** The first part until it is taken. */
  #pending: DataPart | undefined
  #complete = false
  #left = false
  #body: ReadableStream<OwnBytes> | undefined
  #whole = false

  /** Made by `Connection.messages()`. */
  constructor(first: DataPart, inbox: Inbox, options: AssemblyOptions, events: MessageEvents) {
    this.type = first.type
    this.#pending = first
    this.#inbox = inbox
    this.#options = options
    this.#events = events
  }

  /**
   * The payload as it arrives; the reader owns each chunk. Text is valid UTF-8, checked as it arrived, but a chunk may end inside a
   * character. Cancelling skips the rest of the message once the next one is asked for. Throws `TypeError` once `bytes()` or
   * `text()` was called.
   */
  get body(): ReadableStream<OwnBytes> {
    if (this.#whole) throw takenAlready()
    return this.#body ??= new BodyStream({
      pull: (controller) => this.#pull(controller),
      cancel: () => this.leave(),
    }, { highWaterMark: 0 })
  }

  /**
   * The whole payload, an exact array that the caller owns. Above `limits.maxMessageSize` the connection fails with 1009. Rejects with
   * `TypeError` where the message was taken or left already, and with a `WebSocketError` where the connection ends inside it.
   */
  async bytes(): Promise<OwnBytes> {
    if (this.#whole || this.#body !== undefined) throw takenAlready()
    this.#whole = true
    const { maxMessageSize, allocate } = this.#options
    const assembler = new MessageAssembler(maxMessageSize, allocate)
    for (let part = await this.#next(); part !== undefined; part = await this.#next()) {
      try {
        assembler.judge(part.frame)
      } catch (error) {
        throw this.#events.fail(error)
      }
      assembler.append(part.frame)
    }
    return assembler.take() as OwnBytes
  }

  /** The whole payload as a string; for a binary message, decoded as UTF-8 with replacement characters. */
  async text(): Promise<string> {
    return decodeAcceptedText(await this.bytes())
  }

  /** Skips the rest: reading on fails with a `TypeError`, and whoever reads the next message drops the parts that remain. */
  leave(): void {
    this.#left = true
    this.#pending = undefined
    this.#inbox.wake()
  }

  /** The next part; undefined behind the last. Waits, and throws what ended the connection. */
  async #next(): Promise<DataPart | undefined> {
    while (!this.#complete) {
      if (this.#left) throw new TypeError('Cannot read message: it was left, and the rest of it skipped')
      const part = this.#shift()
      if (part !== undefined) return part
      if (this.#inbox.ended) throw this.#events.cutShort()
      await this.#inbox.wait()
    }
    return undefined
  }

  #shift(): DataPart | undefined {
    this.#inbox.check() // after a failure nothing more is given, not even what came before it (law 5)
    const part = this.#pending ?? this.#inbox.shift()
    this.#pending = undefined
    if (part?.last) this.#complete = true
    return part
  }

  async #pull(controller: ReadableStreamDefaultController<OwnBytes>): Promise<void> {
    for (;;) {
      const part = await this.#next()
      const payload = part && this.#join(part)
      if (payload?.length) controller.enqueue(payload)
      if (this.#complete) return controller.close()
      if (payload?.length) return
    }
  }

  /**
   * A payload as a chunk of the reader's own. What follows it in the same received chunk is moved over the headers in between:
   * one chunk to read instead of several, and none to copy.
   */
  #join({ frame: { payload }, behind }: DataPart): OwnBytes {
    if (payload.length <= SMALL) return payload as OwnBytes // a copy already, see `Protocol`
    const inbox = this.#inbox
    const memory = new Uint8Array(payload.buffer as ArrayBuffer)
    const start = payload.byteOffset
    let end = start + payload.length
    const chunkEnd = end + behind // what is behind that may be somebody else's
    while (!this.#complete && !this.#left && mayFollow(inbox.first, memory, end, chunkEnd)) {
      const next = this.#shift()!.frame.payload
      memory.set(next, end)
      end += next.length
    }
    const joined = memory.subarray(start, end)
    // Whoever gets a buffer may transfer it, so nothing behind may be left to read; and a small view must not pin a large one.
    const last = !this.#left && !mayFollow(inbox.first, memory, 0, chunkEnd - end)
    return last && joined.length * 2 > memory.length ? joined : joined.slice()
  }
}

function takenAlready(): TypeError {
  return new TypeError('Cannot read message: it was taken already')
}

/**
 * Whether a part may have come in that memory, from `end` on. A small payload is a copy and tells not where it was; but where it does
 * not fit before `chunkEnd` it has not been, and where it does it can be.
 */
function mayFollow(part: DataPart | undefined, memory: Uint8Array, end: number, chunkEnd: number): boolean {
  if (part === undefined) return false
  const { payload } = part.frame
  return payload.length <= SMALL
    ? end + payload.length <= chunkEnd
    : payload.buffer === memory.buffer && payload.byteOffset >= end
}
