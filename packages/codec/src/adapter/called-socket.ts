// A socket whose reads and writes are calls that promise something, as a pair of directions. Owns how much is read at once, what a write
// leaves over, and the memory that is read into.

import type { Environment } from '../connection/environment.ts'
import { Duplex } from './duplex.ts'
import type { DuplexSocket } from './duplex-socket.ts'

/** What an adapter calls on such a socket; the chunks are not kept beyond a call. */
export interface SocketCalls {
  /** Reads what has come, and waits where that is nothing; gives the number of bytes, or null at the peer's end. */
  read(into: Uint8Array): Promise<number | null>
  /** Writes some bytes at least; gives their number. */
  write(chunk: Uint8Array): Promise<number>
  /** Ends our direction. */
  closeWrite(): Promise<void>
  /** Closes at once. */
  close(): void
}

/** What comes with the socket. */
export interface CalledSocketOptions {
  /** Bytes that were read already; taken over. */
  readonly head?: Uint8Array | undefined
  /** Whether what a read failed with is an end that lacks its farewell. */
  readonly isEnd?: ((error: unknown) => boolean) | undefined
}

/** Each call costs far more than the bytes it brings, so a busy connection reads much at once; an idle one pins little. */
const SMALLEST_READ = 2048
const LARGEST_READ = 2 ** 17
/** So many reads that fill less than a quarter make the next ones smaller. */
const PATIENCE = 16

/** The two directions of a socket that works by calls. Takes it over; nothing is read before somebody wants it. */
export function duplexOverCalls(
  calls: SocketCalls,
  environment: Pick<Environment, 'startTimer'>,
  options: CalledSocketOptions = {},
): Duplex {
  return new CalledSocket(calls, environment, options).duplex
}

class CalledSocket implements DuplexSocket {
  readonly duplex: Duplex
  /** A call costs as much as copying this many bytes. */
  readonly joins = 131_072
  readonly #calls: SocketCalls
  readonly #isEnd: CalledSocketOptions['isEnd']
  readonly #head: Uint8Array | undefined
  #buffer: Uint8Array | undefined
  #readSize = SMALLEST_READ
  /** How many reads one after another filled little of it. */
  #sparse = 0
  /** The chunk that is told just now, unless its memory came back already. */
  #told: Uint8Array | undefined
  #flowing = false
  #reading = false

  constructor(calls: SocketCalls, environment: Pick<Environment, 'startTimer'>, { head, isEnd }: CalledSocketOptions) {
    this.#calls = calls
    this.#isEnd = isEnd
    this.#head = head
    this.duplex = new Duplex(this, environment, head)
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
    return this.#calls.write(chunk).then(
      (taken) => taken === chunk.length ? undefined : this.#writeAll([chunk.subarray(taken)]),
      this.#failed,
    )
  }

  shutdown(): Promise<void> {
    return this.#calls.closeWrite().catch(this.#failed)
  }

  close(): void {
    this.#flowing = false
    this.#calls.close()
  }

  destroy(): void {
    this.close()
  }

  async #writeAll(chunks: readonly Uint8Array[]): Promise<void> {
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length;) at += await this.#calls.write(at === 0 ? chunk : chunk.subarray(at))
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
        const length = await this.#calls.read(buffer)
        if (length === null) return this.duplex.end()
        this.#tell(buffer, length)
      }
    } catch (error) {
      if (this.#isEnd?.(error)) this.duplex.end()
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
