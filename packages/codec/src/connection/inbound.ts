// The application's side of receiving: `readable`, one chunk a message, and `messages()`, one body a message. Both take from
// the inbox, one at a time; the lock of `readable` is what keeps them apart.

import { Assembly, type AssemblyOptions } from './assembly.ts'
import { Diversion } from './diversion.ts'
import type { Environment } from './environment.ts'
import { type MessageSource, messageStream, type MessageTaker } from './fused.ts'
import type { Inbox, InboxTaker } from './inbox.ts'
import { IncomingMessage, type MessageEvents } from './incoming-message.ts'
import type { Link } from './link.ts'
import type { Outbound } from './outbound.ts'
import type { DataPart, Protocol } from './protocol.ts'

/** How messages are made and handed out. */
export interface InboundOptions extends AssemblyOptions {
  readonly environment: Pick<Environment, 'defer'>
}

/** What the application's side of receiving does to its connection. */
export interface InboundEvents extends MessageEvents {
  /** The application does not want to read on. */
  onCancel(reason: unknown): void
}

/** Makes the streams when they are asked for: an idle connection should not pay for them. */
export class Inbound implements InboxTaker, MessageSource {
  /** What makes messages of the parts that were taken. */
  readonly assembly: Assembly
  readonly #inbox: Inbox
  readonly #options: InboundOptions
  readonly #events: InboundEvents
  #readable: ReadableStream<string | Uint8Array> | undefined
  #controller!: ReadableStreamDefaultController<string | Uint8Array>
  #link!: Link<MessageSource>
  /** Whether a read waits for a message, and who does so past the stream. */
  #wanted = false
  #taker: MessageTaker | undefined
  /** Where a pipe hands messages to; and whether more is coming in the same step. */
  readonly #diversion: Diversion
  #delivering = false

  constructor(inbox: Inbox, options: InboundOptions, events: InboundEvents) {
    const assembly = this.assembly = new Assembly(options)
    this.#diversion = new Diversion(assembly, options.maxMessageSize, options.environment, this)
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
    if (this.assembly.inside || this.#controller.desiredSize! < 0) {
      throw new TypeError('Cannot iterate messages: readable has begun to take a message, which must be read first')
    }
    const lock = this.readable.getReader()
    lock.closed.catch(() => {})
    this.#wanted = false
    const inbox = this.#inbox
    let message: IncomingMessage | undefined
    try {
      for (;;) {
        message?.leave()
        const part = inbox.shift()
        if (part?.first) yield message = new IncomingMessage(part, inbox, this.#options, this.#events)
        else if (part !== undefined) continue // the unread rest of the message before
        else if (inbox.ended) return
        else await inbox.wait()
      }
    } finally {
      message?.leave()
      lock.releaseLock()
      this.#settle()
    }
  }

  /** The connection is over: what is in the inbox can still be read, unless it failed. */
  end(error?: unknown): void {
    this.#inbox.end(error)
    if (this.#readable === undefined) return
    if (this.#wanted && error === undefined) this.deliver()
    else this.#settle()
  }

  #open(): ReadableStream<string | Uint8Array> {
    this.#link = { to: this }
    const readable = this.#readable = messageStream(this, this.#link)
    this.#inbox.taker = this
    this.#settle()
    return readable
  }

  start(controller: ReadableStreamDefaultController<string | Uint8Array>): void {
    this.#controller = controller
  }

  pull(): void {
    this.#wanted = true
    this.#diversion.forgetRoom() // it was another read that waited
    this.deliver()
  }

  cancel(reason: unknown): void {
    this.#link.to = undefined // what comes is nobody's
    this.#events.onCancel(reason)
  }

  /** Lets what was handed to a pipe's target leave in one write, once all that is here was. */
  flush(): void {
    if (!this.#delivering) this.#diversion.flush()
  }

  /** See `InboxTaker`. */
  offer(part: DataPart): boolean {
    return this.#accepts() && this.#take(part)
  }

  /** See `InboxTaker`. */
  offerNext(protocol: Protocol): boolean {
    return this.#accepts() && this.#diversion.passNext(protocol)
  }

  /** Gives the waiting read its message, or the pipe's target all of them, as far as they are here. */
  deliver(): void {
    const inbox = this.#inbox
    this.#delivering = true
    while (this.#accepts()) {
      const part = inbox.shift()
      if (part === undefined) break
      this.#take(part)
    }
    this.#delivering = false
    this.flush()
    this.#settle()
  }

  /** Whether something may be taken now. Where a pipe's target has no room, taking goes on when it has. */
  #accepts(): boolean {
    return this.#wanted && this.#inbox.error === undefined && this.#diversion.hasRoom()
  }

  /** A pipe begins to hand messages to that connection, or does so no longer. */
  divert(target: Outbound | null | undefined): void {
    if (!this.#diversion.to(target) || this.#readable!.locked) return
    // It is over. The platform's would not have asked for a message yet; who reads next asks anew.
    this.#diversion.forgetRoom()
    this.#wanted = false
  }

  /** Takes a part: hands the message that ends with it to the pipe's target or the waiting read. */
  #take(part: DataPart): true {
    if (!this.#judge(part)) return true
    if (this.#diversion.isOpen) this.#diversion.pass(part)
    else {
      const message = this.assembly.add(part)
      if (message !== undefined) this.#give(message)
    }
    return true
  }

  #give(message: string | Uint8Array): void {
    this.#wanted = false
    if (this.#taker === undefined) this.#controller.enqueue(message)
    else this.#leaveTo(message)
  }

  /** Gives who waits past the stream his message, or none. */
  #leaveTo(message: string | Uint8Array | undefined): void {
    const taker = this.#taker
    this.#taker = undefined
    taker?.take(message)
  }

  /** A message that is here already and that no read of the stream waits for. */
  takeNow(): string | Uint8Array | undefined {
    if (this.#wanted || this.#inbox.error !== undefined || this.#controller.desiredSize !== 0) return undefined
    const inbox = this.#inbox
    let message: string | Uint8Array | undefined
    while (message === undefined && inbox.error === undefined) {
      const part = inbox.shift()
      if (part === undefined) break
      message = this.#assemble(part)
    }
    this.#settle()
    return message
  }

  awaitNext(taker: MessageTaker): boolean {
    const { ended, size } = this.#inbox
    if (this.#wanted || ended || size > 0 || this.#controller.desiredSize !== 0) return false
    this.#taker = taker
    this.#wanted = true
    return true
  }

  /** The message that ends with this part, if it does. */
  #assemble(part: DataPart): string | Uint8Array | undefined {
    return this.#judge(part) ? this.assembly.add(part) : undefined
  }

  /** Whether the part is to be added; a message that is too long fails the connection. */
  #judge(part: DataPart): boolean {
    try {
      return this.assembly.judge(part)
    } catch (error) {
      // The connection may have ended cleanly long ago; this end of it has not.
      this.end(this.#events.fail(error))
      return false
    }
  }

  /** Ends the stream once the connection has ended and what came before was taken: its queue holds nothing. */
  #settle(): void {
    const { ended, size, error } = this.#inbox
    if (!ended || size > 0) return
    this.#link.to = undefined
    if (error !== undefined) this.#controller.error(error)
    else this.#close()
    this.#leaveTo(undefined)
  }

  #close(): void {
    try {
      this.#controller.close()
    } catch {
      // Cancelled, or closed already: there is nobody to tell.
    }
  }
}
