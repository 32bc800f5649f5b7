// Strings to payloads. Owns the memory that short texts share; never writes to a payload that was given out.

import { LEND_FROM } from '../frame/planned-frame.ts'
import { NO_BYTES, SMALL } from '../values/bytes.ts'
import { type Allocate, allocateZeroed } from '../values/growing-bytes.ts'

const encoder = new TextEncoder()

/** Texts up to this many UTF-16 units share memory: an array of its own takes 1 µs, ten times what encoding a short text does. */
const SHORT = 2048
/** How much they share: memory costs 0.24 µs a KiB in pieces of 8 KiB, 0.19 in these. A payload that is kept keeps one alive. */
const SHARED = 16384

/** Texts up to this many UTF-16 units are written by a loop: 30 take 25 ns less so, and 60 take 60 more. */
const LOOPED = 32

/** Encodes one text after another as UTF-8, a lone surrogate as U+FFFD. */
export class TextWriter {
  /** Whether texts are tried as ASCII, into the memory that is sent: as the last ones were. */
  expectsAscii = true
  readonly #allocate: Allocate
  #shared: Uint8Array = NO_BYTES
  #at = 0

  constructor(allocate: Allocate = allocateZeroed) {
    this.#allocate = allocate
  }

  /** The text's bytes: an array of their own, or a view of memory that only other such views are on. */
  write(text: string): Uint8Array {
    const { length } = text
    return length <= SHORT ? this.#writeShared(text, length) : this.#writeAlone(text, length)
  }

  /** As `write`; the next texts are expected to be like this one. */
  writeAny(text: string): Uint8Array {
    const bytes = this.write(text)
    this.expectsAscii = bytes.length === text.length
    return bytes
  }

  #writeShared(text: string, length: number): Uint8Array {
    // Used up, or transferred after all; or none yet.
    if (this.#shared.length - this.#at <= length * 3) {
      this.#shared = new Uint8Array(SHARED)
      this.#at = 0
    }
    const { buffer } = this.#shared
    const start = this.#at
    // ASCII, as most text is, fills such a view exactly; a second view would cost as much as encoding does.
    const bytes = new Uint8Array(buffer, start, length)
    if (writeAscii(text, bytes, 0)) {
      this.#at += length
      return bytes
    }
    const { written } = encoder.encodeInto(text, this.#shared.subarray(start))
    // What a server lends must have memory of its own.
    if (written >= LEND_FROM) return this.#shared.slice(start, start + written)
    this.#at += written
    return new Uint8Array(buffer, start, written)
  }

  /** Half the time of `encode` on Node 20, the same on Node 26, and less with an allocator that does not write zeros. */
  #writeAlone(text: string, length: number): Uint8Array {
    const bytes = this.#allocate(length)
    return encoder.encodeInto(text, bytes).read === length ? bytes : encoder.encode(text)
  }
}

/**
 * Writes a text at `at`, one byte a UTF-16 unit; false where it is not ASCII, after which anything may stand there. Short ones by a
 * loop, which takes less than a call of the platform and the view for it; and all in small arrays, see `SMALL`.
 */
export function writeAscii(text: string, bytes: Uint8Array, at: number): boolean {
  const { length } = text
  if (length > LOOPED && bytes.length > SMALL) {
    return encoder.encodeInto(text, bytes.length === length ? bytes : bytes.subarray(at, at + length)).read === length
  }
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) return false
    bytes[at + i] = unit
  }
  return true
}
