// Memory of outgoing chunks that is written again: fresh memory costs page faults and the collector's time, which for small chunks is
// most of what encoding takes (docs/decisions/0021). For whoever writes to sockets himself; connections have frame/block-pool.ts.

import { SMALL } from '../values/bytes.ts'
import { type Allocate, allocateZeroed } from '../values/growing-bytes.ts'

/** The bits of a length that make no difference: the smallest block is 4 KiB. */
const SMALLEST = 4095
const LARGEST = 2 ** 21
/** How many bytes may wait. */
const MOST = 2 ** 22

/** How a {@linkcode ChunkPool} allocates. */
export interface ChunkPoolOptions {
  /** Where its memory comes from; an adapter may have a faster way than zeroed arrays. */
  allocate?: Allocate | undefined
}

/** Memory that chunks are cut from, one at a time. */
interface Block {
  readonly pool: ChunkPool
  readonly size: number
  /** Those that wait. */
  readonly shelf: Block[]
  /** Where it is, asked once: V8 leaves its compiled code to ask an array for its buffer. */
  readonly buffer: ArrayBufferLike
  readonly byteOffset: number
}

/** Gives back what it is made of, so that a class that extends it adds its private members to that. */
class Given {
  constructor(chunk: object) {
    return chunk
  }
}

/**
 * What a chunk itself knows: its block, until that was given back. Nothing else refers to a chunk, so that one which never comes back
 * is garbage; and to find its block takes 3 ns, where a WeakMap by its memory, and a place to compare the chunk with, take 40.
 */
class Chunk extends Given {
  #block: Block | undefined

  constructor(chunk: Uint8Array, block: Block) {
    super(chunk)
    this.#block = block
  }

  /** The block of a chunk that is out in `pool`; from then on the chunk has none. */
  static takeBlock(chunk: object, pool: ChunkPool): Block | undefined {
    if (!(#block in chunk) || chunk.#block?.pool !== pool) return undefined
    const block = chunk.#block
    chunk.#block = undefined
    return block
  }
}

/**
 * Reusable memory for the chunks of `FrameEncoder`s: give a chunk back and its memory is written again. One pool serves any number of
 * encoders.
 *
 * A chunk is an exact view, and the only view of its ArrayBuffer while in use; beyond it there may be bytes that were sent before. A
 * chunk that is never given back is collected as usual. Chunks above 2 MiB or of at most 64 bytes are plain arrays, not pooled.
 *
 * ```ts run
 * import { FrameEncoder, MessageEncoder } from '@wirestream/codec'
 * import { ChunkPool } from '@wirestream/codec/adapter'
 *
 * const pool = new ChunkPool()
 * const messages = new MessageEncoder()
 * const frames = new FrameEncoder({ role: 'client', allocate: (length) => pool.allocate(length) })
 * const encode = (data: string) => frames.encode(messages.encode({ type: 'text', data }))
 *
 * const sent: Uint8Array[] = []
 * for (const data of ['a'.repeat(200), 'b'.repeat(300)]) {
 *   for (const chunk of encode(data)) {
 *     sent.push(chunk) // socket.write(chunk, () => pool.giveBack(chunk))
 *     pool.giveBack(chunk)
 *   }
 * }
 * console.assert(sent[1]?.length === 308 && sent[1].buffer === sent[0]?.buffer)
 * ```
 */
export class ChunkPool {
  readonly #allocate: Allocate
  /** The blocks that wait, by the power of two that is their size; and how many bytes these are. */
  readonly #shelves: Block[][] = []
  #waiting = 0

  /** A pool that keeps at most 4 MiB of returned memory; more is left to the collector. */
  constructor({ allocate = allocateZeroed }: ChunkPoolOptions = {}) {
    this.#allocate = allocate
  }

  /** A chunk of `length` bytes; they may be what was sent before, so each must be written before anybody sees them. */
  allocate(length: number): Uint8Array {
    if (length <= SMALL || length > LARGEST) return this.#allocate(length)
    const power = 32 - Math.clz32((length - 1) | SMALLEST)
    const shelf = this.#shelves[power] ??= []
    let block = shelf.pop()
    if (block === undefined) {
      const size = 2 ** power
      const { buffer, byteOffset } = this.#allocate(size)
      block = { pool: this, size, shelf, buffer, byteOffset }
    } else this.#waiting -= block.size
    const chunk = new Uint8Array(block.buffer, block.byteOffset, length)
    new Chunk(chunk, block)
    return chunk
  }

  /**
   * Takes back a chunk that is no longer in use: the very array that was allocated, once the socket has taken it. Anything else is
   * ignored: other arrays, lent payloads, chunks given back before or whose memory was transferred.
   */
  giveBack(chunk: Uint8Array): void {
    // What was transferred has no bytes any more; small arrays and Buffers are none of ours, and spared the 27 ns of asking them.
    if (chunk.length <= SMALL || chunk.constructor !== Uint8Array) return
    const block = Chunk.takeBlock(chunk, this)
    if (block === undefined || this.#waiting + block.size > MOST) return
    this.#waiting += block.size
    block.shelf.push(block)
  }
}
