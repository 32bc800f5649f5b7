// A connection of Deno's as a pair of byte streams, by hand: its own streams have no half-close and cannot tell when both are done.
// Owns its calls: how much is read at once, what a write leaves over, and what its errors mean.

import type { ByteStreams } from '@wirestream/codec'
import { Duplex, type DuplexSocket, useViewsOnly } from '@wirestream/codec/adapter'
import { denoEnvironment } from './environment.ts'

/** What came with the connection. */
export interface ByteStreamsOptions {
  /** Bytes that were read from the connection already; they are the first chunk. Taken over. */
  head?: Uint8Array | undefined
}

/** Each call of Deno's costs far more than the bytes it brings, so a busy connection reads much at once; an idle one pins little. */
const SMALLEST_READ = 2048
const LARGEST_READ = 2 ** 17
/** So many reads that fill less than a quarter make the next ones smaller. */
const PATIENCE = 16

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
  return duplexOf(conn, head)
}

/** The same, with what a listener wants beside the streams. */
export function duplexOf(conn: Deno.Conn, head?: Uint8Array): Duplex {
  return new ConnSocket(conn, head).duplex
}

class ConnSocket implements DuplexSocket {
  readonly duplex: Duplex
  /** A call costs as much as copying this many bytes. */
  readonly joins = 131_072
  readonly #conn: Deno.Conn
  readonly #head: Uint8Array | undefined
  #buffer: Uint8Array | undefined
  #readSize = SMALLEST_READ
  /** How many reads one after another filled little of it. */
  #sparse = 0
  /** The chunk that is told just now, unless its memory came back already. */
  #told: Uint8Array | undefined
  #flowing = false
  #reading = false

  constructor(conn: Deno.Conn, head: Uint8Array | undefined) {
    useViewsOnly()
    this.#conn = conn
    this.#head = head
    this.duplex = new Duplex(this, denoEnvironment, head)
  }

  resume(): void {
    this.#flowing = true
    if (!this.#reading) void this.#read()
  }

  pause(): void {
    this.#flowing = false
  }

  /** What comes back at once is read into again; what comes back later, by whoever needs as much next. */
  readonly reclaim = (chunk: Uint8Array): void => {
    if (chunk === this.#told) this.#told = undefined
    else if (chunk !== this.#head) giveBuffer(chunk.buffer)
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    if (chunks.length > 1) return this.#writeAll(chunks)
    const chunk = chunks[0]!
    return this.#conn.write(chunk).then(
      (taken) => taken === chunk.length ? undefined : this.#writeAll([chunk.subarray(taken)]),
      this.#failed,
    )
  }

  shutdown(): Promise<void> {
    return this.#conn.closeWrite().catch(this.#failed)
  }

  close(): void {
    this.#flowing = false
    this.#conn.close()
  }

  destroy(): void {
    this.close()
  }

  async #writeAll(chunks: readonly Uint8Array[]): Promise<void> {
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length;) at += await this.#conn.write(at === 0 ? chunk : chunk.subarray(at))
      }
    } catch (error) {
      this.#failed(error)
    }
  }

  readonly #failed = (error: unknown): never => {
    this.duplex.fail(error)
    throw error
  }

  async #read(): Promise<void> {
    this.#reading = true
    try {
      while (this.#flowing) {
        const buffer = this.#buffer ??= takeBuffer(this.#readSize)
        const length = await this.#conn.read(buffer)
        if (length === null) return this.duplex.end()
        this.#tell(buffer, length)
      }
    } catch (error) {
      // The end of a TLS connection without a close_notify is an end.
      if (error instanceof Deno.errors.UnexpectedEof) this.duplex.end()
      else this.duplex.fail(error)
    } finally {
      this.#reading = false
    }
  }

  /** Tells what was read: in the buffer where it is well filled or small, else a copy, so that nobody who keeps little keeps much alive. */
  #tell(buffer: Uint8Array, length: number): void {
    const size = buffer.length
    this.#follow(size, length)
    if (2 * length < size && size > SMALLEST_READ) this.duplex.push(buffer.slice(0, length))
    else {
      this.duplex.push(this.#told = length === size ? buffer : buffer.subarray(0, length))
      // Somebody looks at it still.
      if (this.#told !== undefined) this.#told = this.#buffer = undefined
    }
    if (this.#buffer === undefined || this.#readSize === size) return
    this.#buffer = undefined
    giveBuffer(buffer.buffer)
  }

  /** How much to read next: a full buffer costs a call more each time, a large one memory. */
  #follow(size: number, length: number): void {
    if (length === size) this.#readSize = Math.min(4 * size, LARGEST_READ)
    if (4 * length >= size) this.#sparse = 0
    else if (size > SMALLEST_READ && ++this.#sparse === PATIENCE) {
      this.#sparse = 0
      this.#readSize = size / 4
    }
  }
}

/**
 * Buffers of the largest size that nobody looks at any more, for all connections; one MiB waits at most. Without them the collector lets
 * such memory pile up: an echo of 16 KiB takes half the time with them. They hold what some connection received before.
 */
let idle: Uint8Array[] | undefined
const MOST_IDLE = 8

function takeBuffer(size: number): Uint8Array {
  return (size === LARGEST_READ ? idle?.pop() : undefined) ?? new Uint8Array(size)
}

function giveBuffer(buffer: ArrayBufferLike): void {
  if (buffer.byteLength !== LARGEST_READ) return
  idle ??= []
  if (idle.length < MOST_IDLE) idle.push(new Uint8Array(buffer))
}
