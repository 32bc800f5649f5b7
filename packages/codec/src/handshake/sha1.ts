// SHA-1 (RFC 3174), because the upgrade needs it synchronously and WebCrypto has it only as a promise. It guards no
// secret here (RFC 6455 §10.8); use it for nothing else.

// The words of the block under way and the digest so far (RFC 3174 §6.1), kept: making them anew would cost as much as hashing a block.
const words = /* @__PURE__ */ new Int32Array(80)
const state = /* @__PURE__ */ new Int32Array(5)

/** The 20 bytes of a message's SHA-1 digest. */
export function sha1(message: Uint8Array): Uint8Array {
  state[0] = 0x67452301
  state[1] = 0xefcdab89
  state[2] = 0x98badcfe
  state[3] = 0x10325476
  state[4] = 0xc3d2e1f0
  for (let start = 0; start < message.length + 9; start += 64) addBlock(message, start)
  const digest = new Uint8Array(20)
  for (let i = 0; i < 20; i++) digest[i] = state[i >> 2]! >> (24 - 8 * (i & 3))
  return digest
}

function addBlock(message: Uint8Array, start: number): void {
  const { length } = message
  // A one bit and zeros follow the message, then its length in bits as the last eight bytes of a block (RFC 3174 §4).
  for (let i = 0; i < 64; i++) {
    const at = start + i
    const byte = at < length ? message[at]! : at === length ? 0x80 : 0
    words[i >> 2] = (words[i >> 2]! << 8) | byte // the fourth byte shifts out what stood there
  }
  if (start + 64 >= length + 9) {
    words[14] = length / 2 ** 29
    words[15] = length << 3
  }
  for (let i = 16; i < 80; i++) words[i] = rotate(words[i - 3]! ^ words[i - 8]! ^ words[i - 14]! ^ words[i - 16]!, 1)
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!
  for (let i = 0; i < 80; i++) {
    const sum = (rotate(a, 5) + mix(i, b, c, d) + e + words[i]!) | 0
    e = d
    d = c
    c = rotate(b, 30)
    b = a
    a = sum
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
  state[4]! += e
}

/** The function and the constant of a step (RFC 3174 §5), as an integer of 32 bits: V8 would go on with fractions, half as fast. */
function mix(step: number, b: number, c: number, d: number): number {
  if (step < 20) return (((b & c) | (~b & d)) + 0x5a827999) | 0
  if (step < 40) return ((b ^ c ^ d) + 0x6ed9eba1) | 0
  if (step < 60) return (((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc) | 0
  return ((b ^ c ^ d) + 0xca62c1d6) | 0
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
