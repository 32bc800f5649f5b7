// The application's side of receiving: `readable`, one chunk a message, and `messages()`, one body a message. Both take from
// the inbox, one at a time; the lock of `readable` is what keeps them apart.

import { judgeSize } from '../message/assembler.ts'
import { decodeAcceptedText } from '../message/text.ts'
import { SMALL } from '../values/bytes.ts'
import { Opcode } from '../values/opcode.ts'
import type { Inbox } from './inbox.ts'
import { Assembly } from './assembly.ts'
import type { Environment } from './environment.ts'
import { type MessageSource, MessageStream } from './fused.ts'
import { type IncomingContext, IncomingMessage } from './incoming-message.ts'
import type { Lease } from './lease.ts'
import type { Link } from './link.ts'
import type { Outbound } from './outbound.ts'
import type { DataPart } from './protocol.ts'

/** How messages are made. */
export interface InboundOptions extends Pick<IncomingContext, 'maxMessageSize' | 'allocate'> {
  readonly environment: Pick<Environment, 'defer'>
  /** Whether binary messages may be views of received chunks. */
  readonly binary: 'copy' | 'view' | undefined
}

/** What the application's side of receiving does to its connection. */
export interface InboundEvents extends Pick<IncomingContext, 'cutShort'> {
  /** Fails the connection; gives the error that its users see. */
  fail(cause: unknown): unknown
  /** The application does not want to read on. */
  onCancel(reason: unknown): void
}

/** Makes the streams when they are asked for: an idle connection should not pay for them. */
export class Inbound implements MessageSource {
  readonly #inbox: Inbox
  readonly #options: InboundOptions
  readonly #events: InboundEvents
  /** Made for the first message in parts. */
  #assembly: Assembly | undefined
  #readable: ReadableStream<string | Uint8Array> | undefined
  #controller!: ReadableStreamDefaultController<string | Uint8Array>
  #link!: Link<MessageSource>
  /** Whether a read waits for a message. */
  #wanted = false
  /** The connection that a pipe hands messages to, and the one whose room we wait for. */
  #target: Outbound | undefined
  #awaited: Outbound | undefined
  /** The one that was handed something since its last flush; and whether more is coming in the same step. */
  #unflushed: Outbound | undefined
  #delivering = false
  /** Whether the message under way is ours. */
  #inside = false
  #latest: Uint8Array | undefined
  #end: { readonly error?: unknown } | undefined

  constructor(inbox: Inbox, options: InboundOptions, events: InboundEvents) {
    this.#inbox = inbox
    this.#options = options
    this.#events = events
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
    const inbox = this.#inbox
    const { maxMessageSize, allocate } = this.#options
    const context: IncomingContext = {
      parts: inbox,
      maxMessageSize,
      allocate,
      violated: (error) => this.#events.fail(error),
      cutShort: () => this.#events.cutShort(),
    }
    let message: IncomingMessage | undefined
    try {
      for (;;) {
        message?.leave()
        const part = inbox.shift()
        if (part?.first) yield message = new IncomingMessage(part, context)
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
    this.#inbox.end(error)
    if (this.#readable !== undefined) this.#finish()
  }

  #open(): ReadableStream<string | Uint8Array> {
    this.#link = { to: this }
    const readable = this.#readable = new MessageStream(this, this.#link)
    this.#inbox.taker = this
    if (this.#end !== undefined) this.#finish()
    return readable
  }

  start(controller: ReadableStreamDefaultController<string | Uint8Array>): void {
    this.#controller = controller
  }

  pull(): void {
    this.#wanted = true
    this.#awaited = undefined // it was another read that waited
    this.#deliver()
  }

  cancel(reason: unknown): void {
    this.#events.onCancel(reason)
  }

  /** Lets what was handed to a pipe's target leave in one write, once all that is here was. */
  flush(): void {
    const target = this.#unflushed
    if (target === undefined || this.#delivering) return
    this.#unflushed = undefined
    target.flush()
  }

  /** See `Inbox.taker`. */
  offer(part: DataPart): boolean {
    return this.#accepts() && this.#take(part)
  }

  /** Gives the waiting read its message, or the pipe's target all of them, as far as they are here. */
  #deliver(): void {
    const inbox = this.#inbox
    this.#delivering = true
    while (this.#accepts()) {
      const part = inbox.shift()
      if (part === undefined) break
      this.#take(part)
    }
    this.#delivering = false
    this.flush()
    if (this.#end !== undefined && inbox.size === 0) this.#finish()
  }

  /** Whether a part may be taken now. Where a pipe's target has no room, taking goes on when it has. */
  #accepts(): boolean {
    if (!this.#wanted || this.#end?.error !== undefined) return false
    const target = this.#target
    if (target === undefined || this.#inside || target.hasRoom || !target.isOpen) return true
    if (this.#awaited !== target) this.#awaitRoom(target)
    return false
  }

  #awaitRoom(target: Outbound): void {
    this.#awaited = target
    const goOn = (): void => {
      if (this.#awaited !== target) return
      this.#awaited = undefined
      this.#deliver()
    }
    // A pipe that was stopped, or whose target is lost, lets go of what it asked for. A platform whose pipe hears of that only when it
    // gets a message gets one, once the others' had time.
    const goOnLater = (): void => this.#options.environment.defer(goOn)
    target.ready().then(() => this.#target === target ? goOn() : goOnLater(), goOnLater)
  }

  /** A pipe begins to hand messages to that connection, or does so no longer. */
  divert(target: Outbound | undefined): void {
    this.#target = target
    if (this.#unflushed !== target) this.flush()
    if (this.#awaited === undefined || this.#readable!.locked) return
    // It is over. The platform's would not have asked for a message yet; who reads next asks anew.
    this.#awaited = undefined
    this.#wanted = false
  }

  /** Takes a part: hands the message that ends with it to the pipe's target or the waiting read. */
  #take(part: DataPart): true {
    const target = this.#target
    if (target?.isOpen) this.#pass(part, target)
    else {
      const message = this.#assemble(part)
      if (message !== undefined) {
        this.#wanted = false
        this.#controller.enqueue(message)
      }
    }
    return true
  }

  /** A message that is here already and that no read of the stream waits for. */
  takeNow(): string | Uint8Array | undefined {
    if (this.#wanted || this.#end?.error !== undefined || this.#controller.desiredSize !== 0) return undefined
    const inbox = this.#inbox
    let message: string | Uint8Array | undefined
    while (message === undefined && this.#end?.error === undefined) {
      const part = inbox.shift()
      if (part === undefined) break
      message = this.#assemble(part)
    }
    if (this.#end !== undefined && inbox.size === 0) this.#finish()
    return message
  }

  #pass(part: DataPart, target: Outbound): void {
    if (!this.#judge(part)) return
    this.#unflushed = target
    const { frame, first, last, type, lease } = part
    const opcode = type === 'text' ? Opcode.Text : Opcode.Binary
    // Streams may transfer what they are given, and parts share their memory with others.
    const lend = target.sharesMemory
    if (first && last) return target.pass({ opcode, parts: [frame.payload], lend, lease })
    const assembly = this.#assembling()
    if (last && lend) {
      const parts = [...assembly.takeParts(), frame.payload]
      return target.pass({ opcode, parts, lend, lease: assembly.takeLease(lease) })
    }
    assembly.add(part)
    if (last) target.pass({ opcode, parts: [assembly.take()], lend: true, lease: undefined })
  }

  /** Whether the part belongs to a message that is wanted, and may be as long as it says. */
  #judge({ frame, first, last }: DataPart): boolean {
    if (!first && !this.#inside) return false // the unread rest of a message that `messages()` left
    this.#inside = !last
    try {
      judgeSize(frame, this.#assembly?.length ?? 0, this.#options.maxMessageSize)
      return true
    } catch (error) {
      // The connection may have ended cleanly long ago; this end of it has not.
      this.end(this.#events.fail(error))
      return false
    }
  }

  /** The message that ends with this part, if it does. */
  #assemble(part: DataPart): string | Uint8Array | undefined {
    if (!this.#judge(part)) return undefined
    const { frame, first, last, type, text, lease } = part
    if (text !== undefined) {
      lease?.release()
      return text
    }
    if (first && last) return this.#own(frame.payload, lease)
    const assembly = this.#assembling()
    assembly.add(part)
    if (!last) return undefined
    const bytes = assembly.take()
    return type === 'text' ? decodeAcceptedText(bytes) : bytes
  }

  #assembling(): Assembly {
    return this.#assembly ??= new Assembly(this.#options.maxMessageSize, this.#options.allocate)
  }

  /** The payload as the reader may have it: an array of exactly its buffer's size, unless views are wanted. */
  #own(payload: Uint8Array, lease: Lease | undefined): Uint8Array {
    if (payload.length <= SMALL) return this.#latest = payload // a copy already, see `Protocol`
    if (this.#options.binary === 'view') return payload
    const copy = this.#options.allocate(payload.length)
    copy.set(payload)
    lease?.release()
    return copy
  }

  #finish(): void {
    const end = this.#end!
    if (end.error !== undefined) this.#fail(end.error)
    // What came before a clean end is read first; with no queue of its own, the stream may close once the inbox is empty.
    else if (this.#inbox.size === 0) this.#close()
    else if (this.#wanted) this.#deliver()
  }

  #fail(error: unknown): void {
    this.#link.to = undefined
    this.#controller.error(error)
  }

  #close(): void {
    this.#link.to = undefined
    try {
      this.#controller.close()
    } catch {
      // Cancelled, or closed already: there is nobody to tell.
    }
  }
}
