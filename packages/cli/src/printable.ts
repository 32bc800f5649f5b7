// What peers say, made harmless for a terminal: control characters could move its cursor, set its title or answer for its user.

/** Text of several lines: tabs and line feeds stay, other control characters are spelled out. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, spellOut)
}

/** Text for one line: no line feeds either. */
export function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n')
}

/** Bytes in hex: the first of them, at most `most`. */
export function hexOf(bytes: Uint8Array, most: number): string {
  return Array.from(bytes.subarray(0, most), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function spellOut(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
