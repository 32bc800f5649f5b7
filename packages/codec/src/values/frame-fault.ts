// The class of all the peer's faults, and those of frames. What else can go wrong stands in protocol-error.ts, which all but the frame
// floor import: so a bundle of decoder and encoder alone does not carry the codes of messages and upgrades (0.27 KiB gzipped).

/** What a fault means: what a Close frame should say, and the section that states the rule. */
export interface Fault {
  readonly statusCode: number
  readonly section: string
}

const frameFaults = {
  'unexpected-mask': { statusCode: 1002, section: 'RFC 6455 §5.1' },
  'missing-mask': { statusCode: 1002, section: 'RFC 6455 §5.1' },
  'reserved-bits': { statusCode: 1002, section: 'RFC 6455 §5.2' },
  'unknown-opcode': { statusCode: 1002, section: 'RFC 6455 §5.2' },
  'length-not-minimal': { statusCode: 1002, section: 'RFC 6455 §5.2' },
  'length-top-bit': { statusCode: 1002, section: 'RFC 6455 §5.2' },
  'length-too-large': { statusCode: 1009, section: 'RFC 6455 §5.2' },
  'frame-too-big': { statusCode: 1009, section: 'RFC 6455 §10.4' },
  'control-too-long': { statusCode: 1002, section: 'RFC 6455 §5.5' },
  'control-fragmented': { statusCode: 1002, section: 'RFC 6455 §5.5' },
  'unexpected-end': { statusCode: 1006, section: 'RFC 6455 §7.1.4' },
} as const

/** Names a rule of the frame floor. */
export type FrameFaultCode = keyof typeof frameFaults

/** Every fault that is known, by its code; whoever brings more of them adds them here. */
export const knownFaults: Record<string, Fault> = frameFaults

/** The peer broke a rule of the protocol. What came before the violation has been delivered; nothing after it will be. */
export class ProtocolError<Code extends string = string> extends Error {
  override readonly name = 'ProtocolError'
  /** Which rule was broken. */
  readonly code: Code
  /** What a Close frame should say; 1006 means that nothing should be sent. */
  readonly statusCode: number
  /** The section that states the rule, such as `RFC 6455 §5.2`. */
  readonly section: string

  /** `message` reads "Cannot act: what was seen, what was wanted"; the section is in `section`, not in the text. */
  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    const { statusCode, section } = knownFaults[code]!
    this.statusCode = statusCode
    this.section = section
  }
}
