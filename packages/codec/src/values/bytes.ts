// Small questions about bytes and text that more than one floor asks.

import type { BytesLike } from './types.ts'

/** An empty view; shared, since nothing can be written to it. */
export const NO_BYTES: Uint8Array = new Uint8Array(0)

/**
 * Arrays up to this many bytes live on V8's own heap: copying that much costs less than a view. Asking such an array for its
 * buffer moves it off that heap, which costs more than all else that is done with it (200 ns).
 */
export let SMALL = 64

/**
 * Has small payloads be views like large ones, from now on: for a runtime that keeps no array on its heap. In Deno an array of 64 bytes
 * costs 460 ns, a view 40; so an echo of such messages is twice as fast.
 */
export function useViewsOnly(): void {
  SMALL = 0
}

/** Whether a value is something that {@linkcode toBytes} takes: whichever realm made it, and whatever it says of itself. */
export function isBytesLike(value: unknown): value is BytesLike {
  try {
    return ArrayBuffer.isView(value) || Reflect.get(ArrayBuffer.prototype, 'byteLength', value) >= 0
  } catch {
    return false // it is no ArrayBuffer
  }
}

/**
 * A view of a caller's bytes, not copied. `what` starts the error: `TypeError` for anything that is no bytes, for a
 * view on shared memory, and for a resizable or detached buffer, because their length or content may change under us.
 */
export function toBytes(value: BytesLike, what = 'Cannot use bytes'): Uint8Array {
  if (!isBytesLike(value)) {
    throw new TypeError(`${what}: want an ArrayBuffer or a view on one, got ${describe(value)}`)
  }
  if (ArrayBuffer.isView(value)) return steadyView(value, what)
  judgeBuffer(value, what)
  return new Uint8Array(value)
}

/** As {@linkcode toBytes}, but a `Buffer` stays what it is: for what is only read from, or handed back to its owner. */
export function judgedBytes(value: BytesLike, what: string): Uint8Array {
  if (!(value instanceof Uint8Array)) return toBytes(value, what)
  const buffer = value.buffer as ArrayBufferLike & { resizable?: boolean }
  // Only what is surely right passes by; each question saved is 3 ns of the 70 that a small message takes.
  if (buffer.resizable !== false || value.length === 0) judgeBuffer(buffer, what)
  return value
}

/** As {@linkcode toBytes}, for what is known to be a view. */
function steadyView(view: ArrayBufferView, what: string): Uint8Array {
  const { buffer } = view // asked once: V8 leaves its compiled code for it
  judgeBuffer(buffer, what)
  return view.constructor === Uint8Array ? view as Uint8Array : new Uint8Array(buffer, view.byteOffset, view.byteLength)
}

/** Refuses memory that may change while it is sent; `what` starts the `TypeError`. */
export function judgeBuffer(buffer: ArrayBufferLike, what: string): void {
  const { resizable, byteLength } = buffer as { resizable?: boolean; byteLength: number }
  if (resizable === false && byteLength > 0) return
  // Of no bytes none can change; and an empty buffer of another realm is no ArrayBuffer of ours.
  let seen = resizable ? 'resizable' : byteLength > 0 && !(buffer instanceof ArrayBuffer) && 'shared'
  try {
    new Uint8Array(buffer).at(0) // `detached` is younger than Node 20, but no view can be made
  } catch {
    seen = 'transferred'
  }
  if (seen) throw new TypeError(`${what}: want memory that stays as it is, got ${seen} memory`)
}

/** Throws a `TypeError` for anything but a `Uint8Array`; `what` starts it. */
export function requireBytes(value: unknown, what: string): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${what} must be a Uint8Array, got ${describe(value)}`)
}

/**
 * The same bytes as a `Uint8Array` proper, where the view may be a `Buffer` or another subclass; not copied. Throws a `TypeError` for
 * memory that was transferred, which looks empty.
 */
export function plainBytes(view: ArrayBufferView): Uint8Array {
  if (view.byteLength > 0 && view.constructor === Uint8Array) return view as Uint8Array
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

/** The same bytes, copied where they would pin a buffer many times their size while they wait (security.md, row 22). */
export function dense(chunk: Uint8Array): Uint8Array {
  // A Buffer's own slice copies nothing.
  return chunk.length * 2 < chunk.buffer.byteLength ? plainBytes(chunk).slice() : chunk
}

/** Whether a caller gave several things; a string is none. */
export function isIterable<T>(value: T | Iterable<T>): value is Iterable<T> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

/** A value's kind, for error messages. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  return value.constructor?.name || 'object' // a generator's has no name
}

/** How many bytes a string takes in UTF-8; a lone surrogate counts as U+FFFD, as it is encoded. */
export function utf8Length(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) length += 1
    else {
      length += 2
      const low = unit >= 0xd800 && unit < 0xdc00 ? text.charCodeAt(i + 1) : 0
      if (low >= 0xdc00 && low < 0xe000) i++ // a pair is two units and four bytes
    }
  }
  return length
}

/** One exact array of all the bytes, in order; copied. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const chunk of chunks) length += chunk.length
  const all = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}
