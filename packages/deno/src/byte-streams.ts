// A connection of Deno's as a pair of byte streams, by its calls: its own streams have no half-close and cannot tell when both are done.

import type { ByteStreams } from '@wirestream/codec'
import { type Duplex, duplexOverCalls, useViewsOnly } from '@wirestream/codec/adapter'
import { denoEnvironment } from './environment.ts'

/** What came with the connection. */
export interface ByteStreamsOptions {
  /** Bytes that were read from the connection already; they are the first chunk. Taken over. */
  head?: Uint8Array | undefined
}

/**
 * The streams of a TCP, TLS or Unix connection. Takes it over; nobody else may read or write it. Chunks read are arrays of their own; a
 * write resolves when the system has taken the chunk, which is not copied and must not change until then.
 *
 * Backpressure works both ways: while nobody reads, one chunk waits and nothing more is read. Closing `writable` sends what was written
 * and a FIN, behind TLS's close_notify, and reading goes on; the peer's FIN closes `readable`, and writing goes on. When both
 * have ended, the connection is closed. Aborting `writable` closes it at once. Cancelling `readable` discards what comes; once
 * `writable` has closed, too, the connection is closed within two seconds, whatever the peer does. If it fails, both streams do.
 */
export function byteStreams(conn: Deno.Conn, { head }: ByteStreamsOptions = {}): ByteStreams {
  return duplexOf(conn, head)
}

/** The same, with what a listener wants beside the streams. */
export function duplexOf(conn: Deno.Conn, head?: Uint8Array): Duplex {
  useViewsOnly()
  return duplexOverCalls(conn, denoEnvironment, { head, isEnd: lacksFarewell })
}

/** The end of a TLS connection without a close_notify is an end. */
function lacksFarewell(error: unknown): boolean {
  return error instanceof Deno.errors.UnexpectedEof
}
