// Bytes by hand: writing them, cutting them, comparing them. `toEqual` on large arrays is far too slow.

import type { Random } from './random.ts'

/** `hex('81 05 48')`; white space is ignored. */
export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(i * 2, i * 2 + 2), 16))
}

/** The bytes of a text in UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Bytes that differ from their neighbours, so that a shift shows. */
export function pattern(length: number, start = 0): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (start + i) * 31 + ((start + i) >>> 8)
  return bytes
}

/** One array of all the bytes. */
export function join(chunks: Iterable<Uint8Array>): Uint8Array {
  const all = [...chunks]
  const bytes = new Uint8Array(all.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of all) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** Where two arrays differ first; −1 where they do not. */
export function difference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i
  return a.length === b.length ? -1 : length
}

/** Throws unless both hold the same bytes. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  const at = difference(actual, expected)
  if (at < 0) return
  const near = (bytes: Uint8Array) =>
    Array.from(bytes.subarray(at, at + 8), (b) => b.toString(16).padStart(2, '0')).join(' ')
  throw new Error(
    `bytes differ at ${at}: got ${near(actual)} (${actual.length} bytes), want ${
      near(expected)
    } (${expected.length} bytes)`,
  )
}

/** The bytes in pieces that end at the given places; each piece is a copy of its own. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places, bytes.length]
  return ends.map((end, i) => bytes.slice(i === 0 ? 0 : ends[i - 1], end))
}

/** One byte at a time. */
export function oneByOne(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte))
}

/** Cut at random places, empty pieces among them. */
export function chop(random: Random, bytes: Uint8Array): Uint8Array[] {
  const pieces = 1 + random.below(8)
  const places = Array.from({ length: pieces }, () => random.below(bytes.length + 1)).sort((a, b) => a - b)
  return cutAt(bytes, places)
}

/** Every way to cut once. */
export function* everyCut(bytes: Uint8Array): Generator<Uint8Array[], undefined> {
  for (let at = 0; at <= bytes.length; at++) yield cutAt(bytes, [at])
}
