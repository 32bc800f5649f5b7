// Bytes to strings: the platform decodes, our validator says where it failed.

import { copyMasked } from '../frame/mask.ts'
import { maskAside, SIMD_FROM } from '../frame/mask-simd.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { Utf8Validator } from './utf8.ts'

// A leading U+FEFF belongs to the text (RFC 6455 §5.6 knows no byte order mark). No `stream`: these keep no state.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const lenient = new TextDecoder('utf-8', { ignoreBOM: true })

/** Where small texts are decoded from, and a view of each of its lengths that was needed yet. */
const small = new Uint8Array(64)
const smallViews: Uint8Array[] = []

/** ASCII up to this many bytes becomes a string without the decoder, whose call costs 90 ns and more: 16 bytes take half the time. */
const TINY = 24
/** For each length the characters of a text, filled anew for each. */
const tinyLists: number[][] = []

/** A whole text whose bytes a {@linkcode Utf8Validator} has accepted already. */
export function decodeAcceptedText(bytes: Uint8Array): string {
  return lenient.decode(bytes)
}

/** A whole text; throws `ProtocolError` with `invalid-utf8`, naming the place. `what` is what cannot be decoded. */
export function decodeText(bytes: Uint8Array, what: string): string {
  const { length } = bytes
  return length > small.length ? decodeBytes(bytes, what) : decodeSmall(bytes, 0, length, 0, what)
}

/**
 * A whole message's text from masked bytes, which stay as they are: where that is faster than to unmask them in their place, since then
 * no view of them is needed (1 KiB: a quarter faster). Else undefined. Throws as {@linkcode decodeText} does.
 */
export function decodeMasked(bytes: Uint8Array, start: number, end: number, key: number): string | undefined {
  const length = end - start
  if (length <= small.length) return decodeSmall(bytes, start, end, key, 'message')
  const unmasked = length < SIMD_FROM || key === 0 ? undefined : maskAside(bytes, start, end, key)
  return unmasked && decodeBytes(unmasked, 'message')
}

function decodeBytes(bytes: Uint8Array, what: string): string {
  try {
    return strict.decode(bytes)
  } catch (error) {
    const at = placeOfFault(bytes, error)
    throw invalidUtf8(what, bytes[at], at, error)
  }
}

// The decoder asks for the buffer, which costs more than all else for an array that V8 keeps on its heap (see `SMALL`). The copy
// makes 16 bytes three times as fast.
function decodeSmall(bytes: Uint8Array, start: number, end: number, key: number, what: string): string {
  const length = end - start
  const ascii = length <= TINY ? tinyAscii(bytes, start, length, key) : undefined
  if (ascii !== undefined) return ascii
  copyMasked(small, 0, bytes, start, end, key)
  return decodeBytes(smallViews[length] ??= new Uint8Array(small.buffer, 0, length), what)
}

/** A whole text, or the place of the first byte that is wrong; the length where the end is. */
export function decodeStrictly(bytes: Uint8Array): string | number {
  try {
    return strict.decode(bytes)
  } catch (error) {
    return placeOfFault(bytes, error)
  }
}

function placeOfFault(bytes: Uint8Array, error: unknown): number {
  const validator = new Utf8Validator()
  const at = validator.push(bytes)
  if (at < 0 && validator.complete) throw error // not the text's fault: a string longer than the platform has
  return at < 0 ? bytes.length : at
}

// Unmasks on the way; unrolled by four, in which the key repeats, as `copyMasked` is.
function tinyAscii(bytes: Uint8Array, at: number, length: number, key: number): string | undefined {
  const list = tinyLists[length] ??= new Array<number>(length).fill(0)
  let all = 0
  let i = 0
  for (const unrolled = length - 3; i < unrolled; i += 4, at += 4) {
    all |= list[i] = (bytes[at]! ^ key) & 0xff
    all |= list[i + 1] = (bytes[at + 1]! ^ (key >>> 8)) & 0xff
    all |= list[i + 2] = (bytes[at + 2]! ^ (key >>> 16)) & 0xff
    all |= list[i + 3] = (bytes[at + 3]! ^ (key >>> 24)) & 0xff
  }
  for (let shift = 0; i < length; shift += 8) all |= list[i++] = (bytes[at++]! ^ (key >>> shift)) & 0xff
  return all < 0x80 ? String.fromCharCode(...list) : undefined // one string, not a rope of several
}

/** The error for a byte that no UTF-8 text can have at `at`, or for a text that ends inside a character. */
export function invalidUtf8(what: string, byte: number | undefined, at: number, cause?: unknown): ProtocolError {
  const seen = byte === undefined
    ? `the end inside a character at byte ${at}`
    : `0x${byte.toString(16).padStart(2, '0')} at byte ${at}`
  return new ProtocolError('invalid-utf8', `Cannot decode ${what}: text must be UTF-8, got ${seen}`, { cause })
}
