// Large blocks of outgoing bytes that were sent and may be written again, shared by all connections: fresh memory for each 64 KiB
// costs page faults, and a collector lets 100 MiB of it pile up. Owns the blocks that wait here.

import type { Allocate } from '../values/growing-bytes.ts'

/**
 * What a kept block holds. It is what a socket brings at once, and the headers of it: four echoed messages of 16 KiB must not need a
 * second block, and with it a second write (a fifth of the time of such an echo).
 */
export const LARGEST_BLOCK: number = 65536 + 512

/** Shorter ones cost little; above this a whole block is given out. */
const KEEP_ABOVE = 16384
/** One MiB waits at most. */
const MOST_KEPT = 16

let kept: Uint8Array[] | undefined

/** Memory for at least `length` bytes. It may hold what some connection sent before: show only what was written since. */
export function takeBlock(length: number, allocate: Allocate): Uint8Array {
  if (length <= KEEP_ABOVE || length > LARGEST_BLOCK) return allocate(length)
  return kept?.pop() ?? allocate(LARGEST_BLOCK)
}

/** Whether {@linkcode giveBlock} would have a block back. */
export function isKept(block: Uint8Array): boolean {
  return block.length === LARGEST_BLOCK
}

/** Takes a block back; nobody may look at it any more. */
export function giveBlock(block: Uint8Array): void {
  kept ??= []
  if (kept.length < MOST_KEPT) kept.push(block)
}
