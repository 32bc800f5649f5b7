// A connection of Deno's as a pair of byte streams, by hand: its own streams have no half-close and cannot tell when both are done.
// Owns the connection from here on: its reads, its end in both directions, and its errors.

import type { ByteStreams } from '@wirestream/codec'

/** What came with the connection. */
export interface ByteStreamsOptions {
  /** Bytes that were read from the connection already; they are the first chunk. Taken over. */
  head?: Uint8Array | undefined
}

/** How long the peer's direction is drained when nobody reads it any more and ours has ended: closing it with unread bytes resets it. */
const LINGER = 2_000

/** Each call of Deno's costs far more than the bytes it brings, so a busy connection reads much at once; an idle one pins little. */
const SMALLEST_READ = 2048
const LARGEST_READ = 65536

/**
 * The streams of a TCP, TLS or Unix connection. Takes it over; nobody else may read or write it. Chunks read are arrays of their own; a
 * write resolves when the system has taken the chunk, which is not copied and must not change until then.
 *
 * Backpressure works both ways: while nobody reads, one chunk waits and nothing more is read. Closing `writable` sends what was written
 * and a FIN, behind TLS's close_notify, and reading goes on; the peer's FIN closes `readable`, and writing goes on. When both
 * have ended the connection is closed. Aborting `writable` closes it at once. Cancelling `readable` discards what comes,
 * and two seconds after our own end the connection is closed, whatever the peer does. Where it fails, both streams do.
 */
export function byteStreams(conn: Deno.Conn, { head }: ByteStreamsOptions = {}): ByteStreams {
  const { readable, writable } = new ConnStreams(conn, head)
  return { readable, writable }
}

/** The two streams, and what a listener wants beside them. */
export class ConnStreams implements ByteStreams {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  /** Resolves when the connection is closed, for whatever reason. */
  readonly closed: Promise<void>
  readonly #conn: Deno.Conn
  #incoming!: ReadableStreamDefaultController<Uint8Array>
  #outgoing!: WritableStreamDefaultController
  #onClosed!: () => void
  /** The read under way; never rejects. */
  #reading: Promise<Uint8Array | undefined> | undefined
  #buffer: Uint8Array | undefined
  #readSize = SMALLEST_READ
  #cancelled = false
  #readEnded = false
  #writeEnded = false
  #over = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(conn: Deno.Conn, head?: Uint8Array) {
    this.#conn = conn
    this.closed = new Promise((resolve) => this.#onClosed = resolve)
    this.readable = new ReadableStream({
      start: (controller) => {
        this.#incoming = controller
        if (head !== undefined && head.length > 0) controller.enqueue(head)
      },
      pull: () => this.#pull(),
      cancel: () => this.#discard(),
    }, { highWaterMark: 1 })
    this.writable = new WritableStream({
      start: (controller) => {
        this.#outgoing = controller
        // An abort waits for the write under way, which may never end; its signal does not wait.
        controller.signal.addEventListener('abort', () => this.#fail(closed(), false), { once: true })
      },
      write: (chunk) => this.#attempt(() => this.#write(chunk)),
      close: () => this.#attempt(() => this.#closeWrite()),
    }, { highWaterMark: 1 })
  }

  /** Closes the connection at once; both streams fail. */
  destroy(): void {
    this.#fail(closed())
  }

  async #pull(): Promise<void> {
    const chunk = await (this.#reading = this.#read())
    if (this.#cancelled || this.#over) return
    if (chunk !== undefined) return this.#incoming.enqueue(chunk)
    this.#incoming.close()
    this.#endRead()
  }

  /** The next chunk; undefined at the end, and where reading failed. */
  async #read(): Promise<Uint8Array | undefined> {
    const buffer = this.#buffer ??= new Uint8Array(this.#readSize)
    try {
      const length = await this.#conn.read(buffer)
      return length === null ? undefined : this.#take(buffer, length)
    } catch (error) {
      // The end of a TLS connection without a close_notify is an end.
      if (!(error instanceof Deno.errors.UnexpectedEof)) this.#fail(error)
      return undefined
    }
  }

  /** What was read: the buffer where it is well filled, else a copy, so that nobody who keeps little keeps much alive. */
  #take(buffer: Uint8Array, length: number): Uint8Array {
    const full = length === buffer.length
    this.#readSize = full ? Math.min(2 * length, LARGEST_READ) : Math.max(SMALLEST_READ, length)
    if (2 * length < buffer.length) {
      if (4 * length < buffer.length && buffer.length > SMALLEST_READ) this.#buffer = undefined
      return buffer.slice(0, length)
    }
    this.#buffer = undefined
    return full ? buffer : buffer.subarray(0, length)
  }

  #discard(): void {
    this.#cancelled = true
    this.#linger()
    void this.#drain()
  }

  async #drain(): Promise<void> {
    await this.#reading
    while (!this.#over && await this.#read() !== undefined);
    this.#endRead()
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) at += await this.#conn.write(at === 0 ? chunk : chunk.subarray(at))
  }

  async #closeWrite(): Promise<void> {
    await this.#conn.closeWrite()
    this.#writeEnded = true
    if (this.#readEnded) this.#close()
    else this.#linger()
  }

  async #attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  #endRead(): void {
    this.#readEnded = true
    if (this.#writeEnded) this.#close()
  }

  /** Both directions are done with, as far as it is for us to say; the peer's end is waited for, but not for long. */
  #linger(): void {
    if (!this.#cancelled || !this.#writeEnded || this.#over) return
    const timer = this.#timer = setTimeout(() => this.#close(), LINGER)
    Deno.unrefTimer(timer)
  }

  /** A stream that is aborted fails by itself. */
  #fail(error: unknown, outgoing = true): void {
    if (this.#over) return
    this.#close()
    if (!this.#cancelled) this.#incoming.error(error)
    if (outgoing) this.#outgoing.error(error)
  }

  #close(): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#conn.close()
    this.#onClosed()
  }
}

function closed(): Error {
  return new Error('Cannot use connection: it was closed')
}
