// Blocks of outgoing bytes that were sent and may be written again, shared by all connections: fresh memory costs page faults, and a
// collector lets 100 MiB of it pile up. Owns the blocks that wait here.

import type { Allocate } from '../values/growing-bytes.ts'

/**
 * What a large block holds. It is what a socket brings at once, and the headers of it: four echoed messages of 16 KiB must not need a
 * second block, and with it a second write (a fifth of the time of such an echo).
 */
export const LARGEST_BLOCK: number = 65536 + 512

/** What a small block holds: what one message in flight, or a few, needs. */
const SMALL_BLOCK = 4096

/** The blocks of one size that wait; one MiB and 256 KiB at most. */
interface Shelf {
  readonly size: number
  readonly most: number
  readonly waiting: Uint8Array[]
}

const large: Shelf = { size: LARGEST_BLOCK, most: 16, waiting: [] }
const small: Shelf = { size: SMALL_BLOCK, most: 64, waiting: [] }

/** Every block of ours, by its memory. */
const blocks: WeakMap<ArrayBufferLike, Uint8Array> = new WeakMap()

/** Memory for at least `length` bytes. It may hold what some connection sent before: show only what was written since. */
export function takeBlock(length: number, allocate: Allocate): Uint8Array {
  if (length > LARGEST_BLOCK) return allocate(length)
  const { waiting, size } = length > SMALL_BLOCK ? large : small
  return waiting.pop() ?? newBlock(size, allocate)
}

/** Takes back what was cut from a block of ours; nobody may look at its memory any more. Other chunks are left alone. */
export function giveBack(chunk: Uint8Array): void {
  const block = blocks.get(chunk.buffer)
  if (block === undefined) return
  const { waiting, most } = block.length > SMALL_BLOCK ? large : small
  if (waiting.length < most) waiting.push(block)
}

function newBlock(size: number, allocate: Allocate): Uint8Array {
  const block = allocate(size)
  blocks.set(block.buffer, block)
  return block
}
