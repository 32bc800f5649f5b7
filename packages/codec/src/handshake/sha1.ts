// SHA-1 (RFC 3174), because the upgrade needs it synchronously and WebCrypto has it only as a promise. It guards no
// secret here (RFC 6455 §10.8); use it for nothing else.

/** The 20 bytes of a message's SHA-1 digest. */
export function sha1(message: Uint8Array): Uint8Array {
  const blocks = pad(message)
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0])
  const words = new Int32Array(80)
  for (let at = 0; at < blocks.byteLength; at += 64) addBlock(state, words, blocks, at)
  const digest = new DataView(new ArrayBuffer(20))
  state.forEach((word, i) => digest.setInt32(4 * i, word))
  return new Uint8Array(digest.buffer)
}

/** A one bit, zeros, and the length in bits as the last eight bytes of a block of 64 (RFC 3174 §4). */
function pad(message: Uint8Array): DataView {
  const padded = new Uint8Array(64 * Math.ceil((message.length + 9) / 64))
  padded.set(message)
  padded[message.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29))
  view.setUint32(padded.length - 4, message.length << 3)
  return view
}

function addBlock(state: Int32Array, words: Int32Array, blocks: DataView, at: number): void {
  for (let i = 0; i < 16; i++) words[i] = blocks.getInt32(at + 4 * i)
  for (let i = 16; i < 80; i++) words[i] = rotate(words[i - 3]! ^ words[i - 8]! ^ words[i - 14]! ^ words[i - 16]!, 1)
  let [a, b, c, d, e] = state as unknown as [number, number, number, number, number]
  for (let i = 0; i < 80; i++) {
    const sum = (rotate(a, 5) + mix(i, b, c, d) + e + words[i]!) | 0
    e = d
    d = c
    c = rotate(b, 30)
    b = a
    a = sum
  }
  state.set([state[0]! + a, state[1]! + b, state[2]! + c, state[3]! + d, state[4]! + e])
}

/** The function and the constant of a step (RFC 3174 §5). */
function mix(step: number, b: number, c: number, d: number): number {
  if (step < 20) return ((b & c) | (~b & d)) + 0x5a827999
  if (step < 40) return (b ^ c ^ d) + 0x6ed9eba1
  if (step < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
  return (b ^ c ^ d) + 0xca62c1d6
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
