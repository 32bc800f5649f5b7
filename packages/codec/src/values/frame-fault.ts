// The class of all the peer's faults, and those of frames. What else can go wrong stands in protocol-error.ts, which all but the frame
// floor import: so a bundle of decoder and encoder alone does not carry the codes of messages and upgrades (0.27 KiB gzipped).

/** What a fault means: what a Close frame should say, and the section that states the rule. */
export type Fault = readonly [statusCode: number, section: string]

const frameFaults = {
  'unexpected-mask': [1002, 'RFC 6455 §5.1'],
  'missing-mask': [1002, 'RFC 6455 §5.1'],
  'reserved-bits': [1002, 'RFC 6455 §5.2'],
  'unknown-opcode': [1002, 'RFC 6455 §5.2'],
  'length-not-minimal': [1002, 'RFC 6455 §5.2'],
  'length-top-bit': [1002, 'RFC 6455 §5.2'],
  'length-too-large': [1009, 'RFC 6455 §5.2'],
  'frame-too-big': [1009, 'RFC 6455 §10.4'],
  'control-too-long': [1002, 'RFC 6455 §5.5'],
  'control-fragmented': [1002, 'RFC 6455 §5.5'],
  'unexpected-end': [1006, 'RFC 6455 §7.1.4'],
} as const

/** Names a rule of the frame floor. */
export type FrameFaultCode = keyof typeof frameFaults

/** Every fault that is known, by its code; whoever brings more of them adds them here. */
export const knownFaults: Record<string, Fault> = frameFaults

/** The peer broke a rule of the protocol. Decoders deliver what came before the violation, and nothing after it. */
export class ProtocolError<Code extends string = string> extends Error {
  override readonly name = 'ProtocolError'
  /** Which rule was broken. */
  declare readonly code: Code
  /** What a Close frame should say; 1006 means that nothing should be sent. */
  declare readonly statusCode: number
  /** The section that states the rule, such as `RFC 6455 §5.2`. */
  declare readonly section: string

  /** `message` reads "Cannot act: what was wanted, what was seen"; the section is in `section`, not in the text. */
  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    ;[this.statusCode, this.section] = knownFaults[code]!
  }
}
