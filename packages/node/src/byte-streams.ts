// A socket of Node's, told to the codec by hand: the platform's own converters leak listeners and hang on cancel. Owns the socket from
// here on: its flow, its end in both directions, and its errors.

import type { ByteStreams } from '@wirestream/codec'
import { Duplex, type DuplexSocket } from '@wirestream/codec/adapter'
import { Socket } from 'node:net'
import type { Duplex as NodeDuplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { nodeEnvironment } from './environment.ts'

/** What came with the socket. */
export interface ByteStreamsOptions {
  /** Bytes that were read from the socket already; they are the first chunk. Taken over. */
  head?: Uint8Array | undefined
}

/**
 * The streams of a `net.Socket`, a `tls.TLSSocket`, or any Node duplex that behaves like one. Takes the socket over; nobody else
 * may listen to its data. The reader owns each chunk, a plain `Uint8Array`. A write resolves when the system has taken the chunk,
 * which is not copied and must not change until then.
 *
 * Backpressure works both ways: while nobody reads, one chunk waits and the socket is paused. Closing `writable` sends what was
 * written, then TLS's close_notify and a FIN, and reading goes on; the peer's FIN closes `readable`, and writing goes on. When both
 * have ended, the socket is destroyed. Aborting `writable` destroys it at once. Cancelling `readable` discards what comes; once
 * `writable` has closed, too, the socket is destroyed within two seconds, whatever the peer does. If the socket fails, both streams do.
 *
 * Throws `TypeError` for a socket with an encoding (`setEncoding`), and for one that was taken before.
 */
export function byteStreams(socket: NodeDuplex, { head }: ByteStreamsOptions = {}): ByteStreams {
  const encoding = socket.readableEncoding
  if (encoding) throw new TypeError(`Cannot use socket: it gives text in ${encoding}, want bytes`)
  if (owner in socket) throw new TypeError('Cannot use socket: somebody has its bytes already')
  return new NodeSocket(socket, head).duplex
}

const NOTHING = new Uint8Array(0)

type WriteCallback = (error?: Error | null) => void

/** Where a socket has its `NodeSocket`, so that one set of listeners serves all: six closures less for each that waits. */
const owner = Symbol('Wirestream')

interface OwnedSocket extends NodeDuplex {
  [owner]: NodeSocket
}

const listeners = {
  data(this: OwnedSocket, chunk: Uint8Array): void {
    this[owner].push(chunk)
  },
  end(this: OwnedSocket): void {
    this[owner].duplex.end()
  },
  error(this: OwnedSocket, error: Error): void {
    this[owner].duplex.fail(error)
  },
  close(this: OwnedSocket): void {
    this[owner].gone()
  },
}

class NodeSocket implements DuplexSocket {
  readonly duplex: Duplex
  readonly keepsNothing: boolean
  readonly #socket: NodeDuplex
  /** Whether it is plain TCP, or a Unix socket: then a chunk read has its buffer for itself. TLS from Node 26 on cuts several from one, and others may use Node's pool. */
  readonly #alone: boolean

  constructor(socket: NodeDuplex, head: Uint8Array | undefined) {
    this.#socket = socket
    // Other duplexes may keep what they were given; these two give it to the system.
    this.keepsNothing = socket instanceof Socket
    this.#alone = this.keepsNothing && !(socket instanceof TLSSocket)
    this.duplex = new Duplex(this, nodeEnvironment, head && ownBytes(head, false))
    socket.allowHalfOpen = true
    // Attaching a data listener would start the flow otherwise.
    socket.pause()
    const owned: OwnedSocket = Object.assign(socket, { [owner]: this })
    owned.on('data', listeners.data)
    // Sockets report errors until they are closed, a reset behind our own end among them.
    owned.on('error', listeners.error)
    owned.on('end', listeners.end)
    owned.on('close', listeners.close)
    if (socket.readableEnded) this.duplex.end()
    if (socket.destroyed) this.gone()
  }

  resume(): void {
    this.#socket.resume()
  }

  pause(): void {
    this.#socket.pause()
  }

  write(chunks: readonly Uint8Array[]): Promise<void> | undefined {
    const socket = this.#socket
    let settle: WriteCallback | undefined
    const last = chunks.length - 1
    if (last > 0) socket.cork()
    for (let i = 0; i < last; i++) socket.write(chunks[i]!)
    // A callback costs Node a tick of its own, so TCP, which mostly takes all at once, is given none until it is needed.
    if (this.#alone) socket.write(chunks[last]!)
    else socket.write(chunks[last]!, (error) => settle?.(error))
    if (last > 0) socket.uncork()
    // What the system takes at once needs no promise.
    if (socket.writableLength === 0 && !socket.errored && !socket.destroyed) return undefined
    return new Promise((resolve, reject) => {
      // Node reports a write that a destroyed socket cut off as done.
      settle = (error) => error || socket.destroyed ? reject(this.#failure(error)) : resolve()
      if (this.#alone) socket.write(NOTHING, settle) // done behind the others
    })
  }

  /** A collector that sees few objects lets 64 KiB chunks pile up; giving each back at once makes an echo of 16 KiB three times as fast. */
  readonly reclaim = reclaim

  shutdown(): Promise<void> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      socket.end(() => socket.writableFinished ? resolve() : reject(this.#failure()))
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** A chunk came. */
  push(chunk: Uint8Array): void {
    this.duplex.push(ownBytes(chunk, this.#alone))
  }

  /** The socket is closed. */
  gone(): void {
    if (!this.duplex.over) this.duplex.fail(this.#failure()) // an error costs more than a write
  }

  /** Why the socket cannot be used any more. */
  #failure(error?: Error | null): Error {
    return this.#socket.errored ?? error ?? new Error('Cannot use socket: it was closed')
  }
}

/** What Node 20 lacks is left to its collector, which minds less. */
const reclaim = 'transfer' in ArrayBuffer.prototype
  ? ({ buffer }: Uint8Array): void => void (buffer as ArrayBuffer & { transfer(length: number): void }).transfer(0)
  : undefined

/** The bytes without Node's `Buffer` around them; copied where others may see the same memory, since the reader may transfer it. */
function ownBytes({ buffer, byteOffset, length }: Uint8Array, alone: boolean): Uint8Array {
  const bytes = new Uint8Array(buffer, byteOffset, length)
  return alone || length === buffer.byteLength ? bytes : bytes.slice()
}
