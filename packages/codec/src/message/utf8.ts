// UTF-8 judged as it arrives (RFC 6455 §8.1, RFC 3629): fails at the first wrong byte, wherever the bytes are cut.
// Judges only; turning bytes into strings is the platform's TextDecoder's work.

/** Holds bytes against RFC 3629, across any cuts. One validator for one text at a time. */
export class Utf8Validator {
  /** Continuation bytes that the character under way still needs. */
  #needed = 0
  /** What the next continuation byte may be; the first one after E0, ED, F0 and F4 has less room. */
  #lower = 0x80
  #upper = 0xbf

  /** Whether the text may end here: no character is cut. */
  get complete(): boolean {
    return this.#needed === 0
  }

  /** The place of the first byte that no UTF-8 text can have there, or −1. */
  push(bytes: Uint8Array): number {
    const { length } = bytes
    let i = 0
    while (i < length) {
      if (this.#needed === 0) {
        i = skipAscii(bytes, i)
        if (i === length) break
        if (!this.#lead(bytes[i]!)) return i
      } else {
        const byte = bytes[i]!
        if (byte < this.#lower || byte > this.#upper) return i
        this.#needed--
        this.#lower = 0x80
        this.#upper = 0xbf
      }
      i++
    }
    return -1
  }

  #lead(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false // continuation bytes, overlong forms, beyond U+10FFFF
    if (byte < 0xe0) this.#needed = 1
    else if (byte < 0xf0) {
      this.#needed = 2
      if (byte === 0xe0) this.#lower = 0xa0 // overlong below
      if (byte === 0xed) this.#upper = 0x9f // surrogates above
    } else {
      this.#needed = 3
      if (byte === 0xf0) this.#lower = 0x90 // overlong below
      if (byte === 0xf4) this.#upper = 0x8f // beyond U+10FFFF above
    }
    return true
  }
}

function skipAscii(bytes: Uint8Array, at: number): number {
  if (bytes[at]! >= 0x80) return at
  const { length } = bytes
  const last = length - 8
  while (
    at <= last &&
    (bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]! |
        bytes[at + 4]! | bytes[at + 5]! | bytes[at + 6]! | bytes[at + 7]!) < 0x80
  ) at += 8
  while (at < length && bytes[at]! < 0x80) at++
  return at
}
