// Frames as the load sends and expects them, built by hand so that the load leans on nothing that is measured (RFC 6455 §5.2).

const BINARY = 0x82

/** A message from a client, masked, and the same as a server sends it back. */
export interface Echo {
  sent: Uint8Array
  back: Uint8Array
}

/** A binary message of that size; messages differ by `seed`. `raw`: bytes come back as they went. */
export function echoOf(size: number, seed: number, raw: boolean): Echo {
  const payload = Uint8Array.from({ length: size }, (_, i) => (seed * 31 + i * 7 + (i >> 8)) & 0xff)
  const key = Uint8Array.of(0x37 ^ seed, 0xfa, 0x21 + seed, 0x3d)
  const header = headerOf(size, true)
  const sent = new Uint8Array(header.length + 4 + size)
  sent.set(header)
  sent.set(key, header.length)
  sent.set(masked(payload, key), header.length + 4)
  return { sent, back: raw ? sent : join([headerOf(size, false), payload]) }
}

/** Payload with the key laid over it. */
export function masked(payload: Uint8Array, key: Uint8Array): Uint8Array {
  return payload.map((byte, i) => byte ^ key[i & 3]!)
}

/** The header of a whole binary frame, without its masking key. */
export function headerOf(size: number, mask: boolean): Uint8Array {
  const bit = mask ? 0x80 : 0
  if (size < 126) return Uint8Array.of(BINARY, bit | size)
  if (size < 65536) return Uint8Array.of(BINARY, bit | 126, size >> 8, size & 0xff)
  const header = new DataView(new ArrayBuffer(10))
  header.setUint16(0, BINARY << 8 | bit | 127)
  header.setBigUint64(2, BigInt(size))
  return new Uint8Array(header.buffer)
}

/** All of them, one behind the other. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
