// The opcodes of RFC 6455 §5.2, and the one question everybody asks of them.

/** What a frame is (RFC 6455 §5.2). Values 3 to 7 and 11 to 15 are reserved and never decoded. */
export const Opcode = {
  Continuation: 0x0,
  Text: 0x1,
  Binary: 0x2,
  Close: 0x8,
  Ping: 0x9,
  Pong: 0xa,
} as const

/** One of the values of {@linkcode Opcode}. */
export type Opcode = (typeof Opcode)[keyof typeof Opcode]

/** Whether a defined opcode stands for a control frame: Close, Ping or Pong (RFC 6455 §5.5). */
export function isControl(opcode: number): boolean {
  return (opcode & 0x8) !== 0
}

/** Whether RFC 6455 §5.2 defines this opcode. */
export function isOpcode(value: number): value is Opcode {
  return value === 0 || value === 1 || value === 2 || value === 8 || value === 9 || value === 10
}
