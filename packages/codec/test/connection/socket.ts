// A socket in the test's hand, below a `Duplex`: the counterpart of `TestTransport` for connections without streams in between.

import { Duplex, type DuplexSocket } from '../../src/adapter/index.ts'
import type { Wire, World } from './transport.ts'

/** How a test's socket is. */
export interface TestSocketOptions {
  readonly joins?: number
  readonly keepsNothing?: boolean
  readonly head?: Uint8Array
}

/** Gives chunks only while it may; takes writes at once, or one by one where it is told to hold them. */
export class TestSocket implements DuplexSocket, Wire {
  readonly duplex: Duplex
  readonly joins: number
  readonly keepsNothing: boolean
  /** What is given back is seen by nobody any more: whoever still looks sees rubbish. */
  readonly reclaim = (chunk: Uint8Array): void => {
    this.reclaimed.push(chunk)
    new Uint8Array(chunk.buffer).fill(0xee)
  }
  readonly reclaimed: Uint8Array[] = []
  /** What was written to it, as it was when the system took it. */
  readonly chunks: Uint8Array[] = []
  /** How many chunks each write had. */
  readonly writes: number[] = []
  /** What was done to it, but for reading and writing. */
  readonly did: string[] = []
  /** Whether chunks may come. */
  flowing = false
  readonly #incoming: Uint8Array[] = []
  #ended = false
  #holding = false
  #held: { take: () => void; fail: (error: unknown) => void }[] = []

  constructor(world: World, { joins = 0, keepsNothing = true, head }: TestSocketOptions = {}) {
    this.joins = joins
    this.keepsNothing = keepsNothing
    this.duplex = new Duplex(this, world.environment, head)
  }

  resume(): void {
    if (this.flowing) throw new Error('resumed while chunks come')
    this.flowing = true
    queueMicrotask(() => this.#serve()) // as the system does: never inside the call
  }

  pause(): void {
    if (!this.flowing) throw new Error('paused while none come')
    this.flowing = false
  }

  write(chunks: readonly Uint8Array[]): Promise<void> | undefined {
    if (this.#held.length > 0) throw new Error('written to while a write is under way')
    this.writes.push(chunks.length)
    const take = (): void => void this.chunks.push(...chunks.map((chunk) => chunk.slice()))
    return this.#holding ? this.#hold(take) : void take()
  }

  shutdown(): void {
    this.did.push('shutdown')
  }

  close(): void {
    this.did.push('close')
  }

  destroy(): void {
    this.did.push('destroy')
    for (const { fail } of this.#held.splice(0)) fail(new Error('destroyed'))
  }

  /** The peer sends bytes; the array is ours no more. */
  give(bytes: Uint8Array): void {
    this.#incoming.push(bytes)
    this.#serve()
  }

  /** The peer ends its direction. */
  end(): void {
    this.#ended = true
    this.#serve()
  }

  /** The socket breaks. */
  break(error: unknown): void {
    for (const { fail } of this.#held.splice(0)) fail(error)
    this.duplex.fail(error)
  }

  /** From now on a write is not taken until `let`. */
  hold(): void {
    this.#holding = true
  }

  /** Takes the write that is held. */
  letOne(): void {
    this.#held.shift()?.take()
  }

  /** Takes everything, from now on too. */
  letAll(): void {
    this.#holding = false
    this.letOne()
  }

  /** Chunks that the peer sent and nobody took. */
  get left(): number {
    return this.#incoming.length
  }

  #hold(take: () => void): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#held.push({
        take: () => {
          take()
          resolve()
        },
        fail: reject,
      })
    )
  }

  #serve(): void {
    while (this.flowing && this.#incoming.length > 0) this.duplex.push(this.#incoming.shift()!)
    if (this.flowing && this.#ended && this.#incoming.length === 0) this.duplex.end()
  }
}
