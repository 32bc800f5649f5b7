// Bytes to strings: the platform decodes, our validator says where it failed.

import { SMALL } from '../values/bytes.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { Utf8Validator } from './utf8.ts'

// A leading U+FEFF belongs to the text (RFC 6455 §5.6 knows no byte order mark). No `stream`: these keep no state.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const lenient = new TextDecoder('utf-8', { ignoreBOM: true })

/** Where small texts are decoded from, and a view of each of its lengths that was needed yet. */
const small = new Uint8Array(SMALL)
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
  const ascii = bytes.length <= TINY ? tinyAscii(bytes) : undefined
  if (ascii !== undefined) return ascii
  try {
    return strict.decode(bytes.length > SMALL ? bytes : offHeap(bytes))
  } catch (error) {
    const at = placeOfFault(bytes, error)
    throw invalidUtf8(what, bytes[at], at, error)
  }
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

function tinyAscii(bytes: Uint8Array): string | undefined {
  const { length } = bytes
  const list = tinyLists[length] ??= new Array<number>(length).fill(0)
  let all = 0
  for (let i = 0; i < length; i++) all |= list[i] = bytes[i]!
  return all < 0x80 ? String.fromCharCode(...list) : undefined // one string, not a rope of several
}

// The decoder asks for the buffer, which costs more than all else for an array that V8 keeps on its heap (see `SMALL`). The copy
// makes 16 bytes three times as fast.
function offHeap(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  for (let i = 0; i < length; i++) small[i] = bytes[i]!
  return smallViews[length] ??= new Uint8Array(small.buffer, 0, length)
}

/** The error for a byte that no UTF-8 text can have at `at`, or for a text that ends inside a character. */
export function invalidUtf8(what: string, byte: number | undefined, at: number, cause?: unknown): ProtocolError {
  const seen = byte === undefined
    ? `the end inside a character at byte ${at}`
    : `0x${byte.toString(16).padStart(2, '0')} at byte ${at}`
  return new ProtocolError('invalid-utf8', `Cannot decode ${what}: text must be UTF-8, got ${seen}`, { cause })
}
