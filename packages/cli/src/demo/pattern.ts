// A message of any length, made as it is read: noise that costs little more than its memory. Every chunk differs, so that one
// that is lost, doubled or out of order changes the sum.

import type { Hash } from 'node:crypto'

/**
 * With the eight bytes of its header, a masked frame of this length fills 64 KiB, the most that a socket is read in one go: frames and
 * reads stay in step, and fewer pieces pass through the streams. At 65536 there are half as many again.
 */
const CHUNK = 65528

/** A stream of `length` bytes that adds each to `hash` as it goes out. Chunks are the reader's own. */
export function pattern(length: number, hash: Hash): ReadableStream<Uint8Array> {
  const noise = makeNoise(CHUNK)
  let made = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = noise.slice(0, Math.min(CHUNK, length - made))
      stamp(chunk, made)
      made += chunk.length
      if (chunk.length > 0) {
        hash.update(chunk)
        controller.enqueue(chunk)
      }
      if (made === length) controller.close()
    },
  }, { highWaterMark: 0 })
}

/** Where the chunk stands in the message, in its first eight bytes. */
function stamp(chunk: Uint8Array, offset: number): void {
  if (chunk.length >= 8) new DataView(chunk.buffer).setFloat64(0, offset)
}

/** The same noise each time: a xorshift generator from a fixed seed. */
function makeNoise(length: number): Uint8Array {
  const words = new Uint32Array(length / 4)
  let state = 0x9e3779b9
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return new Uint8Array(words.buffer)
}
