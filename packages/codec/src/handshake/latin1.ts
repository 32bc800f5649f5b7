// Bytes as characters and back, one for one: how HTTP's heads are read (RFC 9110 §5.5). `TextDecoder` has no such
// encoding: what it calls Latin-1 is windows-1252.

const encoder = new TextEncoder()

/** Each byte as one character. In slices, since arguments are limited in number; spread, they would cost six times as much. */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + 4096) as unknown as number[])
  }
  return text
}

/** Each character as one byte, the lower eight bits of it; in an array that begins with them and is `more` bytes longer. */
export function encodeLatin1(text: string, more = 0): Uint8Array {
  const bytes = new Uint8Array(text.length + more)
  // Nearly all is ASCII, which is the same in UTF-8: then the platform does it in a tenth of the time. Anything else has no room there.
  const { read } = encoder.encodeInto(text, more === 0 ? bytes : bytes.subarray(0, text.length))
  if (read < text.length) { for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at) }
  return bytes
}

/** Bytes in base64 (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  return btoa(decodeLatin1(bytes))
}
