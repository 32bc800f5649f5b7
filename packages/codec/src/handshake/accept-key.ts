// The key that a client sends and the proof that a server read it (RFC 6455 §1.3).

import { encodeLatin1, toBase64 } from './latin1.ts'
import { sha1 } from './sha1.ts'

/** Every key is as long; what follows it stays (RFC 6455 §1.3). */
const keyAndGuid = /* @__PURE__ */ encodeLatin1(`${'='.repeat(24)}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)

/** The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 §4.2.2): base64 of SHA-1 of key and GUID. */
export function acceptKey(key: string): string {
  for (let i = 0; i < 24; i++) keyAndGuid[i] = key.charCodeAt(i)
  return toBase64(sha1(keyAndGuid))
}

/**
 * A fresh `Sec-WebSocket-Key`: 16 random bytes in base64 (RFC 6455 §4.1). `random` fills the array it is given; leave
 * it out except in tests.
 */
export function createKey(random: (into: Uint8Array) => void = fillRandom): string {
  const nonce = new Uint8Array(16)
  random(nonce)
  return toBase64(nonce)
}

/** Whether a value is base64 of 16 bytes (RFC 6455 §4.2.1). */
export function isKey(value: string): boolean {
  return /^[A-Za-z0-9+/]{22}==$/.test(value)
}

function fillRandom(into: Uint8Array): void {
  crypto.getRandomValues(into as Uint8Array<ArrayBuffer>)
}
