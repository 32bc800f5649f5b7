// A socket's two directions, whatever the socket is: an adapter tells what comes and does what is asked. Owns how the two end: each by
// itself, both together, by an abort, a discard or a fault. A connection uses it as a channel; everybody else as byte streams.

import type { Channel, ChannelEvents } from '../connection/channel.ts'
import type { ChannelOffer } from '../connection/claim.ts'
import { socketClosed } from '../connection/ends.ts'
import type { Environment } from '../connection/environment.ts'
import { handled } from '../connection/promises.ts'
import { concat, dense } from '../values/bytes.ts'
import type { ByteStreams } from '../values/types.ts'
import { lockedStreams, streamsOver } from './channel-streams.ts'
import type { DuplexSocket } from './duplex-socket.ts'

/**
 * How long the peer's direction is drained when nobody reads it any more and ours has ended: closing a socket with unread bytes
 * resets it, and a reset destroys what the peer has not read of ours.
 */
const LINGER = 2_000

/** The bytes of a socket. `push`, `end` and `fail` are for the adapter, which calls them in the order of what happens. */
export class Duplex implements ByteStreams, Channel, ChannelOffer {
  /** See `DuplexSocket`. */
  readonly keepsNothing: boolean
  /** See `DuplexSocket`. */
  readonly reclaim: ((chunk: Uint8Array) => void) | undefined
  /** See `DuplexSocket`. */
  readonly reclaimsFrom: number
  readonly #socket: DuplexSocket
  readonly #startTimer: Environment['startTimer']
  #events: ChannelEvents | undefined
  #streams: ByteStreams | undefined
  /** What streams look like while the channel is somebody's. */
  #locked: ByteStreams | undefined
  #claimed = false
  /** Whether our user wants chunks, and whether the socket may give them. */
  #flowing = false
  #coming = false
  /** What came while nobody wanted it. */
  #held: Uint8Array[] = []
  #discarding = false
  /** Whether the peer's direction has ended, and whether that was told. */
  #readEnded = false
  #endTold = false
  #writing: Promise<void> | undefined
  #writeEnded = false
  #over = false
  #failure: { readonly error: unknown } | undefined
  #closed: Promise<void> | undefined
  #onClosed: (() => void) | undefined
  #stopTimer: (() => void) | undefined

  /** Takes a socket from which nothing comes yet. `head` is the first chunk; taken over. */
  constructor(socket: DuplexSocket, { startTimer }: Pick<Environment, 'startTimer'>, head?: Uint8Array) {
    this.keepsNothing = socket.keepsNothing ?? true
    this.reclaim = socket.reclaim
    this.reclaimsFrom = socket.reclaimsFrom ?? 0
    this.#socket = socket
    this.#startTimer = startTimer
    if (head !== undefined && head.length > 0) this.#held.push(dense(head))
  }

  // ── For the adapter ────────────────────────────────────────────────────────────────────────────────────────────────

  /** A chunk came; taken over. */
  push(chunk: Uint8Array): void {
    if (this.#discarding || this.#readEnded || this.#over) return
    if (this.#flowing && this.#held.length === 0) this.#events!.chunk(chunk)
    else this.#held.push(chunk)
  }

  /** The peer's direction ended. */
  end(): void {
    if (this.#readEnded || this.#over) return
    this.#readEnded = true
    if (this.#writeEnded) this.#close()
    if (this.#flowing) this.#tellEnd()
  }

  /** The socket cannot be used any more. */
  fail(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#failure = { error }
    this.#held = []
    this.#socket.destroy()
    this.#finish()
    this.#events?.failed(error)
    this.#events = undefined
  }

  /** Closes the socket at once, as a fault would. */
  destroy(): void {
    if (!this.#over) this.fail(socketClosed())
  }

  /** Whether the socket is closed, or on its way there: then nothing that is told matters any more. */
  get over(): boolean {
    return this.#over
  }

  /** Resolves when the socket is closed, for whatever reason. */
  get closed(): Promise<void> {
    return this.#closed ??= this.#over ? Promise.resolve() : new Promise((resolve) => this.#onClosed = resolve)
  }

  // ── As byte streams ────────────────────────────────────────────────────────────────────────────────────────────────

  /** What the peer sends. */
  get readable(): ReadableStream<Uint8Array> {
    return this.#asStreams().readable
  }

  /** What we send. */
  get writable(): WritableStream<Uint8Array> {
    return this.#asStreams().writable
  }

  #asStreams(): ByteStreams {
    return this.#claimed ? this.#locked ??= lockedStreams() : this.#streams ??= streamsOver(this)
  }

  // ── As a channel ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes it as a channel, unless somebody has it already. */
  claim(): boolean {
    if (this.#claimed || this.#streams !== undefined) return false
    return this.#claimed = true
  }

  /** Itself for a connection, if it is free. */
  asChannel(): Channel | undefined {
    return this.claim() ? this : undefined
  }

  release(): void {
    this.#events = undefined
    this.#claimed = false
  }

  listen(events: ChannelEvents): void {
    this.#events = events
    if (this.#failure !== undefined) events.failed(this.#failure.error)
  }

  resume(): void {
    if (this.#flowing) return
    this.#flowing = true
    while (this.#flowing && this.#held.length > 0) this.#events!.chunk(this.#held.shift()!)
    if (!this.#flowing) return
    if (this.#readEnded) this.#tellEnd()
    else if (!this.#coming && !this.#over) {
      this.#coming = true
      this.#socket.resume()
    }
  }

  pause(): void {
    if (!this.#flowing) return
    this.#flowing = false
    if (!this.#coming || this.#over || this.#readEnded) return
    this.#coming = false
    this.#socket.pause()
  }

  write(chunks: readonly Uint8Array[]): Promise<void> | undefined {
    if (this.#over) return handled(Promise.reject(this.#reason))
    const joined = chunks.length > 1 ? joinUpTo(this.#socket.joins ?? 0, chunks) : chunks
    const done = this.#writing === undefined
      ? this.#socket.write(joined)
      : this.#writing.then(() => this.#socket.write(joined))
    if (done === undefined) return undefined
    const forget = (): void => {
      if (this.#writing === done) this.#writing = undefined
    }
    this.#writing = done
    done.then(forget, forget)
    return done
  }

  async shutdown(): Promise<void> {
    await this.#writing
    if (this.#over) throw this.#reason
    const done = this.#socket.shutdown()
    if (done !== undefined) await done
    this.#writeEnded = true
    if (this.#readEnded) this.#close()
    else this.#linger()
  }

  discard(): void {
    this.#discarding = true
    this.#held = []
    this.resume()
    this.#linger()
  }

  abort(_reason?: unknown): void {
    this.#events = undefined
    this.destroy()
  }

  // ── The end ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Why it can be used no more. */
  get #reason(): unknown {
    return this.#failure?.error ?? socketClosed()
  }

  #tellEnd(): void {
    if (this.#endTold || this.#held.length > 0 || this.#events === undefined) return
    this.#endTold = true
    this.#events.end()
    this.#letGo()
  }

  /** Both directions are done with, as far as it is for us to say; the peer's end is waited for, but not for long. */
  #linger(): void {
    if (!this.#discarding || !this.#writeEnded || this.#over) return
    this.#stopTimer ??= this.#startTimer(() => this.#close(), LINGER)
  }

  #close(): void {
    if (this.#over) return
    this.#over = true
    this.#socket.close()
    this.#finish()
    this.#letGo()
  }

  /** Nothing will be told any more: who keeps the socket, as Node does for a while, should not keep its user. */
  #letGo(): void {
    if (this.#over && this.#endTold) this.#events = undefined
  }

  #finish(): void {
    this.#stopTimer?.()
    this.#onClosed?.()
  }
}

/** The same bytes in fewer chunks, none of which was made longer than `most` bytes. */
function joinUpTo(most: number, chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  if (most === 0) return chunks
  const runs: Uint8Array[][] = []
  let length = Infinity
  for (const chunk of chunks) {
    length += chunk.length
    if (length <= most) runs.at(-1)!.push(chunk)
    else {
      runs.push([chunk])
      length = chunk.length
    }
  }
  return runs.map((run) => run.length === 1 ? run[0]! : concat(run))
}
