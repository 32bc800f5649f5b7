// A socket of Bun's as a pair of byte streams. Bun gives events to one set of handlers for all sockets of a listener; this owns that
// set and what it knows of each socket: its flow, its end in both directions, and its errors.

import type { ByteStreams } from '@wirestream/codec'
import { bunEnvironment } from './environment.ts'

/** What came with the socket. */
export interface ByteStreamsOptions {
  /** Bytes that were read from the socket already; they are the first chunk. Taken over. */
  head?: Uint8Array | undefined
}

/** How long the peer's direction is drained when nobody reads it any more and ours has ended: closing it with unread bytes resets it. */
const LINGER = 2_000

/** What is known of each socket that has our handlers. */
const known = new WeakMap<Bun.Socket, SocketStreams>()

/**
 * The handlers that a socket needs for `byteStreams`, for `Bun.listen` and `Bun.connect`, beside `allowHalfOpen: true`: Bun gives no
 * socket handlers of its own later. `onOpen` hears of each socket that opens, `onHandshake` of the end of each TLS handshake, with
 * an error where it failed.
 */
export function socketHandlers(
  onOpen?: (socket: Bun.Socket) => void,
  onHandshake?: (error: Error | undefined) => void,
): Bun.SocketHandler {
  return {
    binaryType: 'uint8array',
    open(socket) {
      known.set(socket, new SocketStreams(socket))
      onOpen?.(socket)
    },
    handshake(_, success, error) {
      onHandshake?.(success ? undefined : error ?? new Error('Cannot start TLS: the handshake failed'))
    },
    data: (socket, chunk) => known.get(socket)?.push(chunk),
    drain: (socket) => known.get(socket)?.drain(),
    end: (socket) => known.get(socket)?.end(),
    close: (socket, error) => known.get(socket)?.close(error),
    error: (socket, error) => known.get(socket)?.fail(error),
  }
}

/**
 * The streams of a socket that was opened with `socketHandlers`; throws `TypeError` for any other, and for one that gave its streams
 * already. Chunks read are arrays of their own; a write resolves when the system has taken the chunk, which is not copied and must not
 * change until then.
 *
 * Backpressure works both ways: while nobody reads, one chunk waits and the socket is paused; what the system does not take waits for
 * `drain`. Closing `writable` sends what was written and a FIN, behind TLS's close_notify, and reading goes on; the peer's FIN closes
 * `readable`, and writing goes on. When both have ended the socket is closed. Aborting `writable` closes it at once. Cancelling
 * `readable` discards what comes, and two seconds after our own end the socket is closed, whatever the peer does. Where it fails,
 * both streams do.
 */
export function byteStreams(socket: Bun.Socket, { head }: ByteStreamsOptions = {}): ByteStreams {
  return streamsOf(socket).open(head)
}

/** What is known of a socket. Throws `TypeError` for one without our handlers. */
export function streamsOf(socket: Bun.Socket): SocketStreams {
  const streams = known.get(socket)
  if (streams !== undefined) return streams
  throw new TypeError('Cannot use socket: want one that was opened with the handlers of socketHandlers()')
}

/** A socket and its streams, which are made when they are asked for. */
export class SocketStreams {
  /** Resolves when the socket is closed, for whatever reason. */
  readonly closed: Promise<void>
  readonly #socket: Bun.Socket
  #incoming: ReadableStreamDefaultController<Uint8Array> | undefined
  #outgoing: WritableStreamDefaultController | undefined
  #onClosed!: () => void
  /** What came before anybody asked for the streams. */
  #early: Uint8Array[] = []
  /** The write that waits for room. */
  #waiting: { rest: Uint8Array; resolve: () => void; reject: (error: unknown) => void } | undefined
  #failure: unknown
  #paused = false
  #cancelled = false
  #readEnded = false
  #writeEnded = false
  #over = false
  #stopTimer: (() => void) | undefined

  constructor(socket: Bun.Socket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => this.#onClosed = resolve)
  }

  /** Makes the streams, once; the first chunks are `head` and what has come so far. */
  open(head?: Uint8Array): ByteStreams {
    if (this.#incoming !== undefined) throw new TypeError('Cannot use socket: it gave its streams already')
    const readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#incoming = controller
        if (head !== undefined && head.length > 0) controller.enqueue(head)
        for (const chunk of this.#early.splice(0)) controller.enqueue(chunk)
      },
      pull: () => this.#pause(false),
      cancel: () => this.#discard(),
    }, { highWaterMark: 1 })
    const writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#outgoing = controller
        // An abort waits for the write under way, which may never end; its signal does not wait.
        controller.signal.addEventListener('abort', () => this.#fail(closed(), false), { once: true })
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#closeWrite(),
    }, { highWaterMark: 1 })
    if (this.#failure !== undefined) this.#failStreams(this.#failure, true)
    else if (this.#readEnded) this.#incoming!.close()
    return { readable, writable }
  }

  /** Closes the socket at once; both streams fail. */
  destroy(): void {
    this.#fail(closed())
  }

  /** A chunk came. */
  push(chunk: Uint8Array): void {
    if (this.#cancelled || this.#over) return
    if (this.#incoming === undefined) this.#early.push(chunk)
    else this.#incoming.enqueue(chunk)
    // A read that waited has taken the chunk already; else it waits, and nothing may come behind it.
    if (this.#incoming === undefined || this.#incoming.desiredSize! <= 0) this.#pause(true)
  }

  /** There is room for more. */
  drain(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    const taken = this.#socket.write(waiting.rest)
    if (taken < 0) return this.destroy()
    waiting.rest = waiting.rest.subarray(taken)
    if (waiting.rest.length > 0) return
    this.#waiting = undefined
    waiting.resolve()
  }

  /** The peer sent a FIN. */
  end(): void {
    if (this.#readEnded || this.#over) return
    this.#readEnded = true
    if (!this.#cancelled) this.#incoming?.close()
    if (this.#writeEnded) this.#close()
  }

  /** The socket is closed. */
  close(error?: Error): void {
    if (error === undefined) this.end()
    if (this.#writeEnded && error === undefined) this.#close()
    else this.#fail(error ?? closed())
  }

  /** The socket cannot be used any more. */
  fail(error: unknown): void {
    this.#fail(error)
  }

  /** A stream that is aborted fails by itself. */
  #fail(error: unknown, outgoing = true): void {
    if (this.#over) return
    this.#over = true
    this.#failure = error
    this.#waiting?.reject(error)
    this.#failStreams(error, outgoing)
    this.#socket.terminate()
    this.#finish()
  }

  #failStreams(error: unknown, outgoing: boolean): void {
    if (!this.#cancelled && !this.#readEnded) this.#incoming?.error(error)
    if (outgoing) this.#outgoing?.error(error)
  }

  #write(chunk: Uint8Array): Promise<void> | void {
    const taken = this.#socket.write(chunk)
    if (taken === chunk.length) return
    if (taken < 0) {
      this.destroy()
      throw this.#failure
    }
    return new Promise((resolve, reject) => this.#waiting = { rest: chunk.subarray(taken), resolve, reject })
  }

  #closeWrite(): void {
    this.#writeEnded = true
    if (this.#readEnded) return this.#close()
    this.#socket.shutdown()
    this.#linger()
  }

  #pause(paused: boolean): void {
    if (this.#paused === paused || this.#over) return
    this.#paused = paused
    if (paused) this.#socket.pause()
    else this.#socket.resume()
  }

  #discard(): void {
    this.#cancelled = true
    this.#pause(false)
    this.#linger()
  }

  /** Both directions are done with, as far as it is for us to say; the peer's end is waited for, but not for long. */
  #linger(): void {
    if (!this.#cancelled || !this.#writeEnded || this.#over) return
    this.#stopTimer = bunEnvironment.startTimer(() => this.#close(), LINGER)
  }

  #close(): void {
    if (this.#over) return
    this.#over = true
    this.#socket.end()
    this.#finish()
  }

  #finish(): void {
    this.#stopTimer?.()
    this.#onClosed()
  }
}

function closed(): Error {
  return new Error('Cannot use socket: it was closed')
}
