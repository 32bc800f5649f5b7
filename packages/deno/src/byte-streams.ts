// A connection of Deno's as a pair of byte streams, by hand: its own streams have no half-close and cannot tell when both are done.
// Owns its calls: how much is read at once, what a write leaves over, and what its errors mean.

import { type ByteStreams, Duplex, type DuplexSocket } from '@wirestream/codec'
import { denoEnvironment } from './environment.ts'

/** What came with the connection. */
export interface ByteStreamsOptions {
  /** Bytes that were read from the connection already; they are the first chunk. Taken over. */
  head?: Uint8Array | undefined
}

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
  #buffer: Uint8Array | undefined
  #readSize = SMALLEST_READ
  #flowing = false
  #reading = false

  constructor(conn: Deno.Conn, head: Uint8Array | undefined) {
    this.#conn = conn
    this.duplex = new Duplex(this, denoEnvironment, head)
  }

  resume(): void {
    this.#flowing = true
    if (!this.#reading) void this.#read()
  }

  pause(): void {
    this.#flowing = false
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length;) at += await this.#conn.write(at === 0 ? chunk : chunk.subarray(at))
      }
    } catch (error) {
      this.duplex.fail(error)
      throw error
    }
  }

  async shutdown(): Promise<void> {
    try {
      await this.#conn.closeWrite()
    } catch (error) {
      this.duplex.fail(error)
      throw error
    }
  }

  close(): void {
    this.#flowing = false
    this.#conn.close()
  }

  destroy(): void {
    this.close()
  }

  async #read(): Promise<void> {
    this.#reading = true
    try {
      while (this.#flowing) {
        const buffer = this.#buffer ??= new Uint8Array(this.#readSize)
        const length = await this.#conn.read(buffer)
        if (length === null) return this.duplex.end()
        this.duplex.push(this.#take(buffer, length))
      }
    } catch (error) {
      // The end of a TLS connection without a close_notify is an end.
      if (error instanceof Deno.errors.UnexpectedEof) this.duplex.end()
      else this.duplex.fail(error)
    } finally {
      this.#reading = false
    }
  }

  /** What was read: the buffer where it is well filled, else a copy, so that nobody who keeps little keeps much alive. */
  #take(buffer: Uint8Array, length: number): Uint8Array {
    const full = length === buffer.length
    this.#readSize = full ? Math.min(2 * length, LARGEST_READ) : Math.max(SMALLEST_READ, length)
    const copied = 2 * length < buffer.length
    if (!copied || this.#readSize < buffer.length / 2) this.#buffer = undefined
    return copied ? buffer.slice(0, length) : full ? buffer : buffer.subarray(0, length)
  }
}
