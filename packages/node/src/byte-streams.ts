// A socket as a pair of byte streams, by hand: the platform's own converters leak listeners and hang on cancel. Owns the socket
// from here on: its flow, its end in both directions, and its errors.

import { type ByteStreams, reuseWritten } from '@wirestream/codec'
import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { UnderlyingSink, UnderlyingSource } from 'node:stream/web'
import { TLSSocket } from 'node:tls'

/** A chunk below this many bytes waits for one that follows in the same step, as a payload follows its header; it is copied then. */
const SMALL = 4096

/** What came with the socket. */
export interface ByteStreamsOptions {
  /** Bytes that were read from the socket already; they are the first chunk. Taken over. */
  head?: Uint8Array | undefined
}

/**
 * How long the peer's direction is drained when nobody reads it any more and ours has ended: closing a socket with unread bytes
 * resets it, and a reset destroys what the peer has not read of ours.
 */
const LINGER = 2_000

/**
 * The streams of a `net.Socket`, a `tls.TLSSocket`, or any duplex of Node's that behaves so. Takes the socket over; nobody else
 * may listen to its data. Chunks read are plain `Uint8Array`s of their own; a write resolves when the system has taken the chunk,
 * which is not copied and must not change until then.
 *
 * Backpressure works both ways: while nobody reads, one chunk waits and the socket is paused. Closing `writable` sends what was
 * written and a FIN, behind TLS's close_notify, and reading goes on; the peer's FIN closes `readable`, and writing goes on. When both
 * have ended the socket is destroyed. Aborting `writable` destroys it at once. Cancelling `readable` discards what comes,
 * and two seconds after our own end the socket is destroyed, whatever the peer does. Where the socket fails, both streams do.
 */
export function byteStreams(socket: Duplex, { head }: ByteStreamsOptions = {}): ByteStreams {
  socket.allowHalfOpen = true
  // Attaching a data listener would start the flow; the first pull does.
  socket.pause()
  const incoming = new Incoming(socket, head)
  const outgoing = new Outgoing(socket)
  const writable = new WritableStream<Uint8Array>(outgoing, { highWaterMark: 1, size: () => outgoing.expect() })
  const streams: ByteStreams = {
    readable: new ReadableStream(incoming, { highWaterMark: 1 }),
    // Other duplexes may keep what they were given; these two give it to the system.
    writable: socket instanceof Socket ? reuseWritten(writable) : writable,
  }
  const fail = (error: Error): void => {
    incoming.fail(error)
    outgoing.fail(error)
  }
  // Sockets report errors until they are closed, a reset behind our own end among them.
  socket.on('error', fail)
  socket.on('finish', () => incoming.linger())
  const onClose = (): void => fail(failureOf(socket))
  if (socket.destroyed) onClose()
  else socket.once('close', onClose)
  return streams
}

/** What the peer sends. */
class Incoming implements UnderlyingSource<Uint8Array> {
  readonly #socket: Duplex
  readonly #head: Uint8Array | undefined
  readonly #alone: boolean
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #cancelled = false

  constructor(socket: Duplex, head: Uint8Array | undefined) {
    this.#socket = socket
    this.#head = head
    // What TCP gives has its buffer for itself; TLS from Node 26 on cuts several chunks from one, and others may use Node's pool.
    this.#alone = socket instanceof Socket && !(socket instanceof TLSSocket)
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller
    if (this.#head !== undefined && this.#head.length > 0) controller.enqueue(ownBytes(this.#head, false))
    this.#socket.on('data', this.#onData)
    if (this.#socket.readableEnded) this.#end()
    else this.#socket.once('end', () => this.#end())
  }

  /** Called while nothing waits to be read. */
  pull(): void {
    this.#socket.resume()
  }

  cancel(): void {
    this.#cancelled = true
    this.#socket.off('data', this.#onData)
    this.#socket.resume()
    this.linger()
  }

  fail(error: Error): void {
    if (!this.#cancelled) this.#controller.error(error)
  }

  /** Both directions are done with, as far as it is for us to say; the peer's end is waited for, but not for long. */
  linger(): void {
    const socket = this.#socket
    if (!this.#cancelled || !socket.writableFinished || socket.destroyed) return
    const timer = setTimeout(() => socket.destroy(), LINGER).unref()
    socket.once('close', () => clearTimeout(timer))
  }

  #end(): void {
    if (!this.#cancelled) this.#controller.close()
    if (this.#socket.writableFinished) this.#socket.destroy()
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#controller.enqueue(ownBytes(chunk, this.#alone))
    // A read that waited has taken the chunk already; else it waits, and nothing may come behind it.
    if (this.#controller.desiredSize! <= 0) this.#socket.pause()
  }
}

/** What we send. */
class Outgoing implements UnderlyingSink<Uint8Array> {
  readonly #socket: Duplex
  #controller!: WritableStreamDefaultController
  #aborted = false
  /** Chunks that were written to the stream and have not come here yet. */
  #expected = 0
  /** Small chunks that leave together with the next one. */
  #held: Buffer[] = []

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** A chunk was written and is on its way here; gives its size, for chunks are counted. */
  expect(): number {
    this.#expected++
    return 1
  }

  start(controller: WritableStreamDefaultController): void {
    this.#controller = controller
    const { signal } = controller as WritableStreamDefaultController & { signal: AbortSignal } // missing in Node 20's types
    // An abort waits for the write under way, which may never end; its signal does not wait.
    signal.addEventListener('abort', () => {
      this.#aborted = true
      this.#socket.destroy()
    }, { once: true })
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#expected--
    if (chunk.length === 0 && this.#held.length === 0) return
    if (chunk.length < SMALL) {
      await undefined // what was written behind it in the same step is known then
      if (this.#expected > 0) return void this.#held.push(Buffer.from(chunk))
    }
    await this.#send(chunk)
  }

  /** What is held and this chunk in one system call; resolves when the system has taken them. */
  #send(chunk: Uint8Array): Promise<void> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      socket.cork()
      for (const held of this.#held.splice(0)) socket.write(held)
      // Node reports a write that a destroyed socket cut off as done.
      socket.write(chunk, (error) => error || socket.destroyed ? reject(failureOf(socket, error)) : resolve())
      socket.uncork()
    })
  }

  close(): Promise<void> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      socket.end(() => {
        if (!socket.writableFinished) return reject(failureOf(socket))
        if (socket.readableEnded) socket.destroy()
        resolve()
      })
    })
  }

  fail(error: Error): void {
    // A destroyed TLS socket may tell so at once, inside the abort, which Node's streams do not survive; they end by it anyway.
    if (!this.#aborted) this.#controller.error(error)
  }
}

/** Why a socket cannot be used any more. */
function failureOf(socket: Duplex, error?: Error | null): Error {
  return socket.errored ?? error ?? new Error('Cannot use socket: it was closed')
}

/** The bytes without Node's `Buffer` around them; copied where others may see the same memory, since the reader may transfer it. */
function ownBytes({ buffer, byteOffset, length }: Uint8Array, alone: boolean): Uint8Array {
  const bytes = new Uint8Array(buffer, byteOffset, length)
  return alone || length === buffer.byteLength ? bytes : bytes.slice()
}
