// The way in: reads the transport, has the protocol look at the bytes and hands on what they hold, until the read-ahead is full;
// then it stops, down to the transport.

import type { CloseBody } from '../message/close-body.ts'
import { dense } from '../values/bytes.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import type { Inbox } from './inbox.ts'
import { Lease } from './lease.ts'
import type { Protocol } from './protocol.ts'

/** What the bytes tell a connection, beside data. */
export interface IntakeEvents {
  /** Bytes came, or reading goes on after we had stopped it: silence begins anew. */
  onAlive(): void
  onPong(payload: Uint8Array): void
  onClose(close: CloseBody): void
  /** The peer broke a rule; nothing more will come. */
  failLater(cause: unknown): void
  /** Everything that could be looked at was; answers may wait to go out. */
  onPumped(): void
  /** The transport has ended, or broke with an error. */
  onEnd(error: unknown): void
}

/** Moves bytes from the transport to the protocol, and data on to the inbox. */
export class Intake implements ChannelEvents {
  readonly #protocol: Protocol
  readonly #inbox: Inbox
  readonly #events: IntakeEvents
  readonly #channel: Channel
  #pumping = false
  #paused = false
  /** The lease of the current chunk, until all of it was looked at. */
  #lease: Lease | undefined

  constructor(channel: Channel, protocol: Protocol, inbox: Inbox, events: IntakeEvents) {
    this.#channel = channel
    this.#protocol = protocol
    this.#inbox = inbox
    this.#events = events
  }

  /** Whether we have stopped reading, or are at work on what was read. */
  get paused(): boolean {
    return this.#paused || this.#channel.busy === true
  }

  /** Reads the transport to its end, whatever happens: only so is the end seen. `head` was read before. */
  async start(head: Uint8Array): Promise<void> {
    await undefined // whoever is told of these bytes must have the connection in hand
    this.#channel.listen(this)
    if (head.length > 0) this.chunk(dense(head))
    if (!this.#paused) this.#channel.resume()
  }

  end(): void {
    this.#events.onEnd(undefined)
  }

  failed(error: unknown): void {
    this.#events.onEnd(error)
  }

  /** Moves what the bytes hold to whom it concerns, until the read-ahead is full. */
  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      this.#distribute()
    } catch (error) {
      this.#events.failLater(error)
    } finally {
      this.#pumping = false
    }
    if (!this.#protocol.hasMore) {
      this.#lease?.release()
      this.#lease = undefined
    }
    this.#events.onPumped()
    if (!this.#mustPause) this.#resume()
  }

  /** Nothing more is wanted of the transport. */
  stop(): void {
    this.#channel.discard()
  }

  /** Takes a chunk; reading stops where the application must take something first. */
  chunk(chunk: Uint8Array): void {
    this.#events.onAlive()
    const { reclaim, reclaimsFrom } = this.#channel
    this.#lease = reclaim === undefined || chunk.length < reclaimsFrom ? undefined : new Lease(chunk, reclaim)
    this.#protocol.receive(chunk, this.#lease)
    this.pump()
    if (!this.#mustPause || this.#paused) return
    this.#paused = true
    this.#channel.pause()
  }

  #distribute(): void {
    // After our own Close what comes is discarded, so that the peer's Close is seen.
    while (!this.#inbox.full || !this.#protocol.sendable) {
      if (this.#inbox.pass(this.#protocol)) continue
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
    if (!this.#paused) return
    this.#paused = false
    this.#events.onAlive()
    this.#channel.resume()
  }
}
