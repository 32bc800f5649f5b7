// The application's side of receiving: `readable`, one chunk a message, and `messages()`, one body a message. Both take from
// the inbox, one at a time; the lock of `readable` is what keeps them apart.

import { MessageAssembler } from '../message/assembler.ts'
import { decodeAcceptedText } from '../message/text.ts'
import { SMALL } from '../values/bytes.ts'
import type { ProtocolError } from '../values/protocol-error.ts'
import type { Inbox } from './inbox.ts'
import { type IncomingContext, IncomingMessage } from './incoming-message.ts'
import type { DataPart } from './protocol.ts'

/** What the inbound side needs to know of its connection. */
export interface InboundOptions extends Omit<IncomingContext, 'parts'> {
  readonly inbox: Inbox
  /** Whether binary messages may be views of received chunks. */
  readonly views: boolean
  /** The application does not want to read on. */
  onCancel(reason: unknown): void
}

/** Makes the streams when they are asked for: an idle connection should not pay for them. */
export class Inbound {
  readonly #options: InboundOptions
  readonly #assembler: MessageAssembler
  #readable: ReadableStream<string | Uint8Array> | undefined
  #controller!: ReadableStreamDefaultController<string | Uint8Array>
  /** Whether a read waits for a message, and whether the inbox will wake us. */
  #wanted = false
  #armed = false
  /** Whether the message under way is ours. */
  #inside = false
  #latest: Uint8Array | undefined
  #end: { readonly error?: unknown } | undefined

  constructor(options: InboundOptions) {
    this.#options = options
    this.#assembler = new MessageAssembler(options.maxMessageSize, options.allocate)
  }

  /** See `Connection.readable`. */
  get readable(): ReadableStream<string | Uint8Array> {
    return this.#readable ??= this.#open()
  }

  /** See `Connection.messages`. */
  async *messages(): AsyncGenerator<IncomingMessage, undefined> {
    if (this.readable.locked) {
      throw new TypeError('Cannot iterate messages: readable is locked by a reader, a pipe or another iteration')
    }
    // Someone let go of `readable` while a read was waiting.
    if (this.#inside || this.#controller.desiredSize! < 0) {
      throw new TypeError('Cannot iterate messages: readable has begun to take a message, which must be read first')
    }
    const lock = this.readable.getReader()
    lock.closed.catch(() => {})
    this.#wanted = false
    const { inbox, ...context } = this.#options
    let message: IncomingMessage | undefined
    try {
      for (;;) {
        message?.leave()
        const part = inbox.shift()
        if (part?.first) yield message = new IncomingMessage(part, { ...context, parts: inbox })
        else if (part !== undefined) continue // the unread rest of the message before
        else if (inbox.ended) return
        else await inbox.wait()
      }
    } finally {
      message?.leave()
      lock.releaseLock()
      if (this.#end !== undefined) this.#finish()
    }
  }

  /**
   * Whether `bytes` are the small message that was delivered last: an array of our own making. Asking it for its buffer, to
   * see that it is neither shared nor resizable, would make V8 move it off its heap: 200 of the 950 ns of an echo. One without
   * length may have been transferred away since; it is looked at like any other.
   */
  isLatest(bytes: unknown): boolean {
    return bytes === this.#latest && this.#latest!.length > 0
  }

  /** The connection is over: what is in the inbox can still be read, unless it failed. */
  end(error?: unknown): void {
    if (this.#end?.error !== undefined) return
    this.#end = error === undefined ? {} : { error }
    this.#options.inbox.end(error)
    if (this.#readable !== undefined) this.#finish()
  }

  #open(): ReadableStream<string | Uint8Array> {
    const readable = new ReadableStream<string | Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      pull: () => {
        this.#wanted = true
        this.#deliver()
      },
      cancel: (reason) => this.#options.onCancel(reason),
    }, { highWaterMark: 0 })
    this.#readable = readable
    if (this.#end !== undefined) this.#finish()
    return readable
  }

  /** Gives the waiting read its message, if it is here; else waits for more. */
  #deliver(): void {
    const { inbox } = this.#options
    while (this.#wanted && this.#end?.error === undefined) {
      const part = inbox.shift()
      if (part === undefined) break
      const message = this.#assemble(part)
      if (message === undefined) continue
      this.#wanted = false
      this.#controller.enqueue(message)
    }
    if (this.#end !== undefined) return this.#finish()
    if (!this.#wanted || this.#armed) return
    this.#armed = true
    inbox.onNext(() => {
      this.#armed = false
      this.#deliver()
    })
  }

  /** The message that ends with this part, if it does. */
  #assemble(part: DataPart): string | Uint8Array | undefined {
    const { frame, first, last, type, text } = part
    if (!first && !this.#inside) return undefined // the unread rest of a message that `messages()` left
    this.#inside = !last
    try {
      this.#assembler.judge(frame)
    } catch (error) {
      // The connection may have ended cleanly long ago; this end of it has not.
      this.end(this.#options.violated(error as ProtocolError))
      return undefined
    }
    if (text !== undefined) return text
    if (first && last) return this.#own(frame.payload)
    this.#assembler.append(frame)
    if (!last) return undefined
    const bytes = this.#assembler.take()
    return type === 'text' ? decodeAcceptedText(bytes) : bytes
  }

  /** The payload as the reader may have it: an array of exactly its buffer's size, unless views are wanted. */
  #own(payload: Uint8Array): Uint8Array {
    if (payload.length <= SMALL) return this.#latest = payload // a copy already, see `Protocol`
    if (this.#options.views) return payload
    const copy = this.#options.allocate(payload.length)
    copy.set(payload)
    return copy
  }

  #finish(): void {
    const end = this.#end!
    if (end.error !== undefined) this.#controller.error(end.error)
    // What came before a clean end is read first; with no queue of its own, the stream may close once the inbox is empty.
    else if (this.#options.inbox.size === 0) this.#close()
    else if (this.#wanted) this.#deliver()
  }

  #close(): void {
    try {
      this.#controller.close()
    } catch {
      // Cancelled, or closed already: there is nobody to tell.
    }
  }
}
