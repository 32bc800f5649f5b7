// A socket of Bun's as a pair of byte streams. Bun gives events to one set of handlers for all sockets of a listener; this owns that
// set, and which socket an event is for.

import type { ByteStreams } from '@wirestream/codec'
import { type Duplex, EventSocket } from '@wirestream/codec/adapter'
import { bunEnvironment } from './environment.ts'

/** Every socket that has our handlers. */
const known = new WeakMap<Bun.Socket, EventSocket>()

/**
 * The handlers that a socket needs for `byteStreams`, for `Bun.listen` and `Bun.connect`, beside `allowHalfOpen: true`: Bun gives no
 * socket handlers of its own later. `onOpen` hears of each socket that opens, `onHandshake` of the end of each TLS handshake, with
 * an error where it failed or the certificate does not fit.
 */
export function socketHandlers(
  onOpen?: (socket: Bun.Socket) => void,
  onHandshake?: (error: Error | undefined) => void,
): Bun.SocketHandler {
  return {
    binaryType: 'uint8array',
    open(socket) {
      known.set(socket, new EventSocket(socket, bunEnvironment, manners))
      onOpen?.(socket)
    },
    handshake(_, success, error) {
      onHandshake?.(success ? undefined : error ?? new Error('Cannot start TLS: the handshake failed'))
    },
    data: (socket, chunk) => known.get(socket)?.duplex.push(chunk),
    drain: (socket) => known.get(socket)?.drain(),
    end: (socket) => known.get(socket)?.duplex.end(),
    close: (socket, error) => known.get(socket)?.gone(error),
    error: (socket, error) => known.get(socket)?.duplex.fail(error),
  }
}

/**
 * The streams of a socket that was opened with `socketHandlers`; throws `TypeError` for any other. Nobody else may read or write it.
 * Chunks read are arrays of their own; a write resolves when the system has taken the chunk, which is not copied and must not change
 * until then.
 *
 * Backpressure works both ways: while nobody reads, one chunk waits and the socket is paused; what the system does not take waits for
 * `drain`. Closing `writable` sends what was written and a FIN, behind TLS's close_notify, and reading goes on; the peer's FIN closes
 * `readable`, and writing goes on. When both have ended, the socket is closed. Aborting `writable` closes it at once. Cancelling
 * `readable` discards what comes; once `writable` has closed, too, the socket is closed within two seconds, whatever the peer does. If
 * it fails, both streams do.
 */
export function byteStreams(socket: Bun.Socket): ByteStreams {
  return duplexOf(socket)
}

/** The same, with what a listener wants beside the streams. */
export function duplexOf(socket: Bun.Socket): Duplex {
  const ours = known.get(socket)
  if (ours !== undefined) return ours.duplex
  throw new TypeError('Cannot use socket: want one that was opened with the handlers of socketHandlers()')
}

const manners = {
  /** A call costs more than copying this many bytes. */
  joins: 16_384,
  /** Detaching a large chunk frees it at once: an echo of 1 MiB takes 0.8 of the time. */
  reclaim: ({ buffer }: Uint8Array) => void (buffer as ArrayBuffer & { transfer(length: number): void }).transfer(0),
  /** A shorter chunk is left to the collector, whom it costs less. */
  reclaimsFrom: 65_536,
}
