// The way in: reads the transport, has the protocol look at the bytes and hands on what they hold, until the read-ahead is full;
// then it stops, down to the transport. Owns the transport's reader.

import type { CloseBody } from '../message/close-body.ts'
import { plainBytes } from '../values/bytes.ts'
import type { Inbox } from './inbox.ts'
import type { Protocol } from './protocol.ts'

/** What the bytes tell a connection, beside data. */
export interface IntakeEvents {
  /** Bytes came, or reading goes on after we had stopped it: silence begins anew. */
  onAlive(): void
  onPong(payload: Uint8Array): void
  onClose(close: CloseBody): void
  /** The peer broke a rule; nothing more will come. */
  onViolation(error: unknown): void
  /** Everything that could be looked at was; answers may wait to go out. */
  onPumped(): void
  /** The transport has ended, or broke with an error. */
  onEnd(error: unknown): void
}

/** Moves bytes from the transport to the protocol, and data on to the inbox. */
export class Intake {
  readonly #protocol: Protocol
  readonly #inbox: Inbox
  readonly #events: IntakeEvents
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #pumping = false
  /** Lets reading go on; set while it is paused. */
  #resumeReading: (() => void) | undefined

  constructor(readable: ReadableStream<Uint8Array>, protocol: Protocol, inbox: Inbox, events: IntakeEvents) {
    this.#protocol = protocol
    this.#inbox = inbox
    this.#events = events
    this.#reader = readable.getReader()
  }

  /** Whether we have stopped reading. */
  get paused(): boolean {
    return this.#resumeReading !== undefined
  }

  /** Reads the transport to its end, whatever happens: only so is the end seen. `head` was read before. */
  async start(head: Uint8Array | undefined): Promise<void> {
    try {
      await undefined // whoever is told of these bytes must have the connection in hand
      if (head !== undefined && head.length > 0) await this.#receive(head)
      for (;;) {
        const { done, value } = await this.#reader.read()
        if (done) break
        const paused = this.#receive(value)
        if (paused !== undefined) await paused
      }
      this.#events.onEnd(undefined)
    } catch (error) {
      this.#events.onEnd(error ?? new Error('the transport gave no reason'))
    }
  }

  /** Moves what the bytes hold to whom it concerns, until the read-ahead is full. */
  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      this.#distribute()
    } catch (error) {
      this.#events.onViolation(error)
    } finally {
      this.#pumping = false
    }
    this.#events.onPumped()
    if (!this.#mustPause) this.#resume()
  }

  /** Nothing more is wanted of the transport. */
  stop(): void {
    this.#reader.cancel().catch(() => {})
    this.#resume()
  }

  /** Takes a chunk; a promise where reading must wait until the application has taken something. */
  #receive(chunk: Uint8Array): Promise<void> | undefined {
    this.#events.onAlive()
    // What is read ahead must not pin a buffer many times its size (security.md, row 22). A Buffer's own slice copies nothing.
    const sparse = chunk.length * 2 < chunk.buffer.byteLength
    this.#protocol.receive(sparse ? plainBytes(chunk).slice() : chunk)
    this.pump()
    if (!this.#mustPause) return undefined
    return new Promise((resolve) => this.#resumeReading = resolve)
  }

  #distribute(): void {
    // After our own Close what comes is discarded, so that the peer's Close is seen.
    while (!this.#inbox.full || !this.#protocol.sendable) {
      const received = this.#protocol.next()
      if (received === undefined) break
      if ('frame' in received) this.#inbox.push(received)
      else if ('pong' in received) this.#events.onPong(received.pong)
      else this.#events.onClose(received.close)
    }
  }

  get #mustPause(): boolean {
    return this.#protocol.hasMore || (this.#inbox.full && this.#protocol.sendable)
  }

  #resume(): void {
    const resume = this.#resumeReading
    if (resume === undefined) return
    this.#resumeReading = undefined
    this.#events.onAlive()
    resume()
  }
}
