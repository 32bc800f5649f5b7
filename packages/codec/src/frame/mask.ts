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

/** Keys come from the platform's cryptographic randomness, fetched in blocks because one call costs about a microsecond. */
export function secureMaskingKeys(): MaskingKeySource {
  let block: Uint32Array<ArrayBuffer> | undefined // made with the first key: a server never needs one
  let at = 0
  return () => {
    if (block === undefined || at === block.length) {
      block = crypto.getRandomValues(block ?? new Uint32Array(256))
      at = 0
    }
    const key = block[at]!
    block[at++] = 0 // a key that was used once is nobody's to read
    return key | 0
  }
}

/** The key as seen by a byte `offset` places further on. */
export function rotateKey(key: number, offset: number): number {
  const shift = (offset % 4) * 8
  return shift === 0 ? key : (key >>> shift) | (key << (32 - shift))
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

// Below this many bytes the byte loop wins over making a word view (measured: about 100 on V8).
const WORDS_FROM = 96

/** Masks or unmasks `bytes[start, end)` in place; the key's octet 0 goes with the byte at `start`. */
export function mask(bytes: Uint8Array, start: number, end: number, key: number): void {
  if (key === 0) return
  if (end - start >= SIMD_FROM && kernel(bytes, start, bytes, start, end, key)) return
  maskPortable(bytes, start, end, key)
}

/** Writes `source`, masked, to `target` from `at` on; never to `source`, unless they share memory. */
export function maskInto(target: Uint8Array, at: number, source: Uint8Array, key: number): void {
  if (source.length >= SIMD_FROM && kernel(target, at, source, 0, source.length, key)) return
  target.set(source, at)
  maskPortable(target, at, at + source.length, key)
}

/** The way without WebAssembly: words, and bytes where those do not fit. */
export function maskPortable(bytes: Uint8Array, start: number, end: number, key: number): void {
  if (end - start < WORDS_FROM) return maskBytes(bytes, start, end, key)
  const aligned = start + (-(bytes.byteOffset + start) & 3)
  maskBytes(bytes, start, aligned, key)
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, (end - aligned) >>> 2)
  maskWords(words, wordOf(rotateKey(key, aligned - start)))
  const rest = aligned + words.length * 4
  maskBytes(bytes, rest, end, rotateKey(key, rest - start))
}

/** The plain form, and the oracle of the fast one. */
export function maskBytes(bytes: Uint8Array, start: number, end: number, key: number): void {
  for (let i = start, shift = 0; i < end; i++, shift = (shift + 8) & 24) bytes[i]! ^= key >>> shift
}

/** As `maskBytes`, into a fresh array: for small payloads, one step where a view and a copy would be three. */
export function maskedCopy(bytes: Uint8Array, start: number, end: number, key: number): Uint8Array {
  const copy = new Uint8Array(end - start)
  for (let i = 0, shift = 0; i < copy.length; i++, shift = (shift + 8) & 24) {
    copy[i] = bytes[start + i]! ^ (key >>> shift)
  }
  return copy
}

// Unrolled by eight: 8.5 GB/s against 1 GB/s for bytes.
function maskWords(words: Int32Array, key: number): void {
  const unrolled = words.length & ~7
  let i = 0
  for (; i < unrolled; i += 8) {
    words[i]! ^= key
    words[i + 1]! ^= key
    words[i + 2]! ^= key
    words[i + 3]! ^= key
    words[i + 4]! ^= key
    words[i + 5]! ^= key
    words[i + 6]! ^= key
    words[i + 7]! ^= key
  }
  for (; i < words.length; i++) words[i]! ^= key
}

const octets = new Uint8Array(4)
const word = new Int32Array(octets.buffer)

// Through memory, so that the octets keep their order on a big-endian machine too.
function wordOf(key: number): number {
  writeKey(octets, 0, key)
  return word[0]!
}
