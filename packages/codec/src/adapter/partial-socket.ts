// Writing to a socket that takes as much as it has room for, and tells later when there is more. Owns the write that waits.

import { socketClosed } from '../connection/ends.ts'
import type { Duplex } from './duplex.ts'

/** The writing half of such a `DuplexSocket`, for an adapter to extend. */
export abstract class PartialSocket {
  /** The socket's two directions, of which this is one's doing. */
  abstract readonly duplex: Duplex
  /** The write that waits for room. */
  #waiting: { rest: readonly Uint8Array[]; resolve: () => void; reject: (error: Error) => void } | undefined
  /** Whether a write told that the socket is closed. */
  #gone = false

  /** Gives a chunk to the system: how many bytes it has taken, less than 0 where the socket is closed. */
  protected abstract give(chunk: Uint8Array): number

  /** See `DuplexSocket`. */
  write(chunks: readonly Uint8Array[]): Promise<void> | void {
    const rest = this.#giveAll(chunks)
    if (rest.length === 0) return
    return new Promise((resolve, reject) => {
      this.#waiting = { rest, resolve, reject }
      if (this.#gone) this.duplex.destroy()
    })
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

  /** The socket is about to be closed: nobody need wait for room any more. */
  destroy(): void {
    this.#waiting?.reject(socketClosed())
  }

  /** Gives the system as much as it takes; gives what is left. */
  #giveAll(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
    for (let i = 0; i < chunks.length; i++) {
      const chunk = chunks[i]!
      const taken = this.give(chunk)
      if (taken === chunk.length) continue
      this.#gone = taken < 0
      return [chunk.subarray(Math.max(0, taken)), ...chunks.slice(i + 1)]
    }
    return []
  }
}
