// Bytes to strings: the platform decodes, our validator says where it failed.

import { ProtocolError } from '../values/protocol-error.ts'
import { Utf8Validator } from './utf8.ts'

// A leading U+FEFF belongs to the text (RFC 6455 §5.6 knows no byte order mark). No `stream`: these keep no state.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const lenient = new TextDecoder('utf-8', { ignoreBOM: true })

/** A whole text whose bytes a {@linkcode Utf8Validator} has accepted already. */
export function decodeAcceptedText(bytes: Uint8Array): string {
  return lenient.decode(bytes)
}

/** A whole text; throws `ProtocolError` with `invalid-utf8`, naming the place. `what` is what cannot be decoded. */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return strict.decode(bytes)
  } catch (error) {
    const validator = new Utf8Validator()
    const at = validator.push(bytes)
    if (at < 0 && validator.complete) throw error // not the text's fault: a string longer than the platform has
    throw invalidUtf8(what, at < 0 ? undefined : bytes[at], at < 0 ? bytes.length : at, error)
  }
}

/** The error for a byte that no UTF-8 text can have at `at`, or for a text that ends inside a character. */
export function invalidUtf8(what: string, byte: number | undefined, at: number, cause?: unknown): ProtocolError {
  const seen = byte === undefined
    ? `the end inside a character at byte ${at}`
    : `0x${byte.toString(16).padStart(2, '0')} at byte ${at}`
  return new ProtocolError('invalid-utf8', `Cannot decode ${what}: text must be UTF-8, got ${seen}`, { cause })
}
