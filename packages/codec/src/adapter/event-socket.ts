// A socket that tells what comes by events, and takes as much as it has room for, as a pair of directions. Owns the write that waits
// for room.

import { socketClosed } from '../connection/ends.ts'
import type { Environment } from '../connection/environment.ts'
import { Duplex } from './duplex.ts'
import type { DuplexSocket } from './duplex-socket.ts'

/** What such a socket is asked to do. */
export interface EventSocketCalls {
  /** Lets chunks come. */
  resume(): void
  /** Lets no more come. */
  pause(): void
  /** Gives a chunk to the system: how many bytes it has taken, less than 0 where the socket is closed. */
  write(chunk: Uint8Array): number
  /** Ends our direction behind all that was taken. */
  shutdown(): void
  /** Closes the socket, whose directions have both ended. */
  end(): void
  /** Closes it at once; what the system has taken may still arrive. */
  close(): void
}

/** The two directions of such a socket, `duplex`; an adapter hands events on to that, and to `drain` and `gone`. */
export class EventSocket implements DuplexSocket {
  readonly duplex: Duplex
  /** See `DuplexSocket`, as for the next two. */
  readonly joins: number | undefined
  readonly reclaim: DuplexSocket['reclaim']
  readonly reclaimsFrom: number | undefined
  readonly #calls: EventSocketCalls
  /** The write that waits for room. */
  #waiting: { rest: readonly Uint8Array[]; resolve: () => void; reject: (error: Error) => void } | undefined
  /** Whether a write told that the socket is closed. */
  #gone = false
  #ending = false

  /** Takes a socket from which nothing comes yet. */
  constructor(
    calls: EventSocketCalls,
    environment: Pick<Environment, 'startTimer'>,
    { joins, reclaim, reclaimsFrom }: Pick<DuplexSocket, 'joins' | 'reclaim' | 'reclaimsFrom'> = {},
  ) {
    this.joins = joins
    this.reclaim = reclaim
    this.reclaimsFrom = reclaimsFrom
    this.#calls = calls
    this.duplex = new Duplex(this, environment)
  }

  /** There is room for more. */
  drain(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    waiting.rest = this.#giveAll(waiting.rest)
    if (this.#gone) return this.duplex.destroy()
    if (waiting.rest.length > 0) return
    this.#waiting = undefined
    waiting.resolve()
  }

  /** The socket is closed, for that error where there is one. Where our direction had ended, so has the other one now. */
  gone(error: Error | undefined): void {
    if (error !== undefined) this.duplex.fail(error)
    else if (this.#ending) this.duplex.end()
    this.duplex.destroy()
  }

  resume(): void {
    this.#calls.resume()
  }

  pause(): void {
    this.#calls.pause()
  }

  write(chunks: readonly Uint8Array[]): Promise<void> | void {
    const rest = this.#giveAll(chunks)
    if (rest.length === 0) return
    return new Promise((resolve, reject) => {
      this.#waiting = { rest, resolve, reject }
      if (this.#gone) this.duplex.destroy()
    })
  }

  shutdown(): void {
    this.#ending = true
    this.#calls.shutdown()
  }

  close(): void {
    this.#calls.end()
  }

  /** Closes at once: nobody need wait for room any more. */
  destroy(): void {
    this.#waiting?.reject(socketClosed())
    this.#calls.close()
  }

  /** Gives the system as much as it takes; gives what is left. */
  #giveAll(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
    for (let i = 0; i < chunks.length; i++) {
      const chunk = chunks[i]!
      const taken = this.#calls.write(chunk)
      if (taken === chunk.length) continue
      this.#gone = taken < 0
      return [chunk.subarray(Math.max(0, taken)), ...chunks.slice(i + 1)]
    }
    return []
  }
}
