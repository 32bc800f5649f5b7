// A socket's two directions as byte streams, whatever the socket is: an adapter tells what comes and does what is asked. Owns how
// the two end: each by itself, both together, by an abort, a cancel or a fault.

import type { ByteStreams } from '../values/types.ts'
import type { Environment } from './environment.ts'

/**
 * How long the peer's direction is drained when nobody reads it any more and ours has ended: closing a socket with unread bytes
 * resets it, and a reset destroys what the peer has not read of ours.
 */
const LINGER = 2_000

/** What an adapter does to its socket. */
export interface DuplexSocket {
  /** Lets chunks come, each to be told by `push`. Called while none come. */
  resume(): void
  /** Lets no more come. */
  pause(): void
  /** Sends; resolves, or returns, when the system has taken all of it. A failure must be told by `fail`, too. */
  write(chunk: Uint8Array): Promise<void> | void
  /** Ends our direction behind all that was sent. A failure must be told by `fail`, too. */
  shutdown(): Promise<void> | void
  /** Both directions have ended: closes. Called at most once, and never with `destroy`. */
  close(): void
  /** Closes at once. */
  destroy(): void
}

/** The streams of a socket. `push`, `end` and `fail` are for the adapter, which calls them in the order of what happens. */
export class Duplex implements ByteStreams {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  /** Resolves when the socket is closed, for whatever reason. */
  readonly closed: Promise<void>
  readonly #socket: DuplexSocket
  readonly #startTimer: Environment['startTimer']
  #incoming!: ReadableStreamDefaultController<Uint8Array>
  #outgoing!: WritableStreamDefaultController
  #onClosed!: () => void
  #flowing = false
  #cancelled = false
  #readEnded = false
  #writeEnded = false
  #over = false
  #stopTimer: (() => void) | undefined

  /** Takes a socket from which nothing comes yet. `head` is the first chunk; taken over. */
  constructor(socket: DuplexSocket, { startTimer }: Pick<Environment, 'startTimer'>, head?: Uint8Array) {
    this.#socket = socket
    this.#startTimer = startTimer
    this.closed = new Promise((resolve) => this.#onClosed = resolve)
    this.readable = new ReadableStream({
      start: (controller) => {
        this.#incoming = controller
        if (head !== undefined && head.length > 0) controller.enqueue(head)
      },
      pull: () => this.#flow(true),
      cancel: () => this.#discard(),
    }, { highWaterMark: 1 })
    this.writable = new WritableStream({
      start: (controller) => {
        this.#outgoing = controller
        const { signal } = controller as WritableStreamDefaultController & { signal: AbortSignal } // missing in Node 20's types
        // An abort waits for the write under way, which may never end; its signal does not wait.
        signal.addEventListener('abort', () => this.#fail(closedError(), false), { once: true })
      },
      write: (chunk) => chunk.length === 0 ? undefined : socket.write(chunk),
      close: () => this.#shutdown(),
    }, { highWaterMark: 1 })
  }

  /** A chunk came; taken over. */
  push(chunk: Uint8Array): void {
    if (this.#cancelled || this.#readEnded || this.#over) return
    this.#incoming.enqueue(chunk)
    // A read that waited has taken the chunk already; else it waits, and nothing may come behind it.
    if (this.#incoming.desiredSize! <= 0) this.#flow(false)
  }

  /** The peer's direction ended. */
  end(): void {
    if (this.#readEnded || this.#over) return
    this.#readEnded = true
    if (!this.#cancelled) this.#incoming.close()
    if (this.#writeEnded) this.#close()
  }

  /** The socket cannot be used any more: both streams fail. */
  fail(error: unknown): void {
    this.#fail(error, true)
  }

  /** Closes the socket at once: both streams fail. */
  destroy(): void {
    this.#fail(closedError(), true)
  }

  async #shutdown(): Promise<void> {
    const done = this.#socket.shutdown()
    if (done !== undefined) await done
    this.#writeEnded = true
    if (this.#readEnded) this.#close()
    else this.#linger()
  }

  #flow(flowing: boolean): void {
    if (this.#flowing === flowing || this.#over) return
    this.#flowing = flowing
    if (flowing) this.#socket.resume()
    else this.#socket.pause()
  }

  #discard(): void {
    this.#cancelled = true
    this.#flow(true)
    this.#linger()
  }

  /** Both directions are done with, as far as it is for us to say; the peer's end is waited for, but not for long. */
  #linger(): void {
    if (!this.#cancelled || !this.#writeEnded || this.#over) return
    this.#stopTimer = this.#startTimer(() => this.#close(), LINGER)
  }

  /** A writable that is aborted fails by itself; to fail it from outside would make the abort fail, too. */
  #fail(error: unknown, outgoing: boolean): void {
    if (this.#over) return
    this.#over = true
    this.#socket.destroy()
    if (!this.#cancelled && !this.#readEnded) this.#incoming.error(error)
    if (outgoing) this.#outgoing.error(error)
    this.#finish()
  }

  #close(): void {
    if (this.#over) return
    this.#over = true
    this.#socket.close()
    this.#finish()
  }

  #finish(): void {
    this.#stopTimer?.()
    this.#onClosed()
  }
}

function closedError(): Error {
  return new Error('Cannot use socket: it was closed')
}
