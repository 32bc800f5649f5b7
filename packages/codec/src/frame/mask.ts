// Masking (RFC 6455 §5.3): octet i of the payload XOR octet i mod 4 of the key.
// A key is one 32-bit integer whose lowest byte is octet 0, so that no view of a received chunk outlives it.

/** Fewer bytes than this are not worth the calls of a kernel (measured: 7.5 GB/s either way at 512 bytes, 12.5 against 8 at 1024). */
export const SIMD_FROM = 1024

/**
 * Writes `source[start, end)`, masked, to `target` from `at` on; both may be the same. The key's octet 0 goes with the byte at
 * `start`. False, with nothing done, where the platform does not let it.
 */
export type MaskKernel = (
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
  key: number,
) => boolean

let kernel: MaskKernel = () => false

/** Has large payloads masked by `faster`. A kernel weighs 0.4 KiB, a tenth of decoder and encoder: so it is brought, not imported. */
export function maskWith(faster: MaskKernel): void {
  kernel = faster
}

/** Gives one masking key per call: fresh and unpredictable (RFC 6455 §5.3, §10.3). */
export type MaskingKeySource = () => number

let keys: Int32Array
let nextKey = 0

/** A key from the platform's cryptographic randomness, fetched in blocks because one call costs about two microseconds. */
export function secureMaskingKey(): number {
  if (nextKey === 0) keys = crypto.getRandomValues(new Int32Array(2048)) // of 256, a key takes 10 to 17 ns; of these, 2 to 3
  const key = keys[nextKey]!
  keys[nextKey] = 0 // a key that was used once is nobody's to read
  nextKey = (nextKey + 1) & 2047
  return key
}

/** The key as seen by a byte `offset` places further on. */
export function rotateKey(key: number, offset: number): number {
  const shift = (offset & 3) * 8
  return (key >>> shift) | (key << (32 - shift))
}

/** Reads a key from four octets at `at`. */
export function readKey(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** Writes a key's four octets at `at`. */
export function writeKey(bytes: Uint8Array, at: number, key: number): void {
  bytes[at] = key
  bytes[at + 1] = key >>> 8
  bytes[at + 2] = key >>> 16
  bytes[at + 3] = key >>> 24
}

/** Whether octet 0 of a key is the first byte of a word. Machines where it is not, rare as they are, mask byte by byte. */
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Below this many bytes the byte loop wins over making a word view (measured: about 100 on V8). */
export const WORDS_FROM = 96

/** Below this many bytes a loop copies sooner than `set` is called. */
export const SET_FROM = 32

/** Memory as words, but for its last bytes. Made once for many payloads: a view takes as long as masking 200 bytes. */
export function wordsOf(memory: ArrayBufferLike): Int32Array {
  return new Int32Array(memory, 0, memory.byteLength / 4) // the platform cuts a length to a whole number
}

/**
 * Masks or unmasks `bytes[start, end)` in place; the key's octet 0 goes with the byte at `start`. `words` are those of the
 * memory that `bytes` are in, if they are at hand.
 */
export function mask(bytes: Uint8Array, start: number, end: number, key: number, words?: Int32Array): void {
  if (key === 0) return
  if (end - start >= SIMD_FROM && kernel(bytes, start, bytes, start, end, key)) return
  if (end - start < WORDS_FROM || !isLittleEndian) return void copyMasked(bytes, start, bytes, start, end, key)
  const { byteOffset } = bytes
  const aligned = start + (-(byteOffset + start) & 3)
  const rest = end - ((byteOffset + end) & 3)
  const wordKey = rotateKey(key, aligned - start)
  copyMasked(bytes, start, bytes, start, aligned, key)
  maskWords(words ?? wordsOf(bytes.buffer), (byteOffset + aligned) / 4, (byteOffset + rest) / 4, wordKey)
  copyMasked(bytes, rest, bytes, rest, end, wordKey)
}

/** Writes `source`, masked, to `target` from `at` on; never to `source`, unless they share memory. Key 0 makes a plain copy. */
export function maskInto(target: Uint8Array, at: number, source: Uint8Array, key: number, words?: Int32Array): void {
  const { length } = source
  if (length < (key === 0 ? SET_FROM : WORDS_FROM)) return void copyMasked(target, at, source, 0, length, key)
  if (key !== 0 && length >= SIMD_FROM && kernel(target, at, source, 0, length, key)) return
  target.set(source, at)
  mask(target, at, at + length, key, words)
}

/** The plain form, and the oracle of the fast ones. */
export function maskBytes(bytes: Uint8Array, start: number, end: number, key: number): void {
  for (let i = start, shift = 0; i < end; i++, shift = (shift + 8) & 24) bytes[i]! ^= key >>> shift
}

/**
 * Writes `source[start, end)`, masked, to `target` from `at` on, byte by byte, for few of them; gives `target`. Unrolled by four, in
 * which the key repeats: a fifth of the time of a message of 16 bytes.
 */
export function copyMasked(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
  key: number,
): Uint8Array {
  for (const unrolled = end - 3; start < unrolled; start += 4, at += 4) {
    target[at] = source[start]! ^ key
    target[at + 1] = source[start + 1]! ^ (key >>> 8)
    target[at + 2] = source[start + 2]! ^ (key >>> 16)
    target[at + 3] = source[start + 3]! ^ (key >>> 24)
  }
  for (let shift = 0; start < end; shift += 8) target[at++] = source[start++]! ^ (key >>> shift)
  return target
}

/** A payload where it was received, masked still: neither to be written to nor to be kept. */
export interface MaskedPayload {
  /** What it is in, and the same for reading it by words, where that is worth a view. */
  readonly bytes: Uint8Array
  readonly view: DataView | undefined
  /** Where it begins there, and ends. */
  readonly start: number
  readonly end: number
  /** Its octet 0 goes with the first byte. */
  readonly key: number
}

/**
 * Writes it to `target` from `at` on, unmasked, or masked anew where `key` has another key as well. `view` is of the same bytes as
 * `target`, where the payload has one: by words, which need not be aligned, 64 bytes take 30 ns and not 110 (docs/decisions/0027).
 */
export function copyPayload(
  target: Uint8Array,
  view: DataView | undefined,
  at: number,
  from: MaskedPayload,
  key: number,
): void {
  const { bytes, start, end } = from
  if (end - start >= SIMD_FROM && kernel(target, at, bytes, start, end, key)) return
  let place = start
  if (from.view !== undefined && view !== undefined) {
    for (const last = end - 4; place <= last; place += 4, at += 4) {
      view.setInt32(at, from.view.getInt32(place, true) ^ key, true)
    }
  }
  copyMasked(target, at, bytes, place, end, key)
}

/** Whether all of it is ASCII once it is unmasked. */
export function isAscii({ bytes, view, start, end, key }: MaskedPayload): boolean {
  let place = start
  if (view !== undefined) {
    for (const last = end - 4; place <= last; place += 4) {
      if ((view.getInt32(place, true) ^ key) & 0x80808080) return false
    }
  }
  for (let shift = 7; place < end; shift += 8) if (((key >>> shift) ^ (bytes[place++]! >>> 7)) & 1) return false
  return true
}

// Unrolled by eight: 8.5 GB/s against 1 GB/s for bytes.
function maskWords(words: Int32Array, at: number, end: number, key: number): void {
  for (const unrolled = end - 7; at < unrolled; at += 8) {
    words[at]! ^= key
    words[at + 1]! ^= key
    words[at + 2]! ^= key
    words[at + 3]! ^= key
    words[at + 4]! ^= key
    words[at + 5]! ^= key
    words[at + 6]! ^= key
    words[at + 7]! ^= key
  }
  for (; at < end; at++) words[at]! ^= key
}
