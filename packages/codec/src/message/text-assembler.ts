// Parts of a text to the whole string, judged as they come. Large parts are judged and decoded by the platform, in one go and
// several times as fast as we judge; small ones are kept as bytes until they are worth a call.

import { type Allocate, GrowingBytes } from '../values/growing-bytes.ts'
import type { TextJudge } from './sequence.ts'
import { decodeAcceptedText, decodeStrictly } from './text.ts'
import { Utf8Validator } from './utf8.ts'

/** Shorter parts are collected first: a string of its own for each byte or two would cost many times its bytes (law 1). */
const LARGE = 1024

/** Collects one text after another. */
export class TextAssembler implements TextJudge {
  #text = ''
  /** What follows `#text`: small parts, and the characters that were cut between parts. */
  readonly #bytes: GrowingBytes
  readonly #validator = new Utf8Validator()

  constructor(allocate?: Allocate) {
    this.#bytes = new GrowingBytes(allocate)
  }

  /** Whether the text may end here: no character is cut. */
  get complete(): boolean {
    return this.#validator.complete
  }

  /** Adds a part, copied or decoded; gives the place of the first byte that no UTF-8 text can have there, or −1. */
  push(bytes: Uint8Array): number {
    const { length } = bytes
    if (length < LARGE) return this.#pushSmall(bytes, 0, length)
    let start = 0
    for (; !this.complete; start++) {
      const wrong = this.#pushSmall(bytes, start, start + 1)
      if (wrong >= 0) return wrong
    }
    const end = startOfCutCharacter(bytes)
    this.#decodeBytes()
    const text = decodeStrictly(bytes.subarray(start, end))
    if (typeof text === 'number') return start + text
    this.#text += text
    return this.#pushSmall(bytes, end, length)
  }

  /** The whole text; then starts anew. Only where it is `complete`. */
  take(): string {
    this.#decodeBytes()
    const text = this.#text
    this.#text = ''
    return text
  }

  #pushSmall(bytes: Uint8Array, start: number, end: number): number {
    const part = bytes.subarray(start, end)
    const wrong = this.#validator.push(part)
    if (wrong >= 0) return start + wrong
    this.#bytes.append(part)
    return -1
  }

  #decodeBytes(): void {
    if (this.#bytes.length > 0) this.#text += decodeAcceptedText(this.#bytes.take())
  }
}

/** Where the last character begins if its end is missing, else the end. What is wrong in itself is left to the decoder. */
function startOfCutCharacter(bytes: Uint8Array): number {
  const { length } = bytes
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[length - back]!
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? length - back : length
    if (byte < 0x80) return length
  }
  return length
}
