// The peer's faults: one class, one closed table of codes, each knowing its status code and its section.

const faults = {
  // Frames
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
  // Messages
  'unexpected-continuation': { statusCode: 1002, section: 'RFC 6455 §5.4' },
  'expected-continuation': { statusCode: 1002, section: 'RFC 6455 §5.4' },
  'invalid-utf8': { statusCode: 1007, section: 'RFC 6455 §8.1' },
  'message-too-big': { statusCode: 1009, section: 'RFC 6455 §10.4' },
  'close-body-too-short': { statusCode: 1002, section: 'RFC 6455 §5.5.1' },
  'invalid-status-code': { statusCode: 1002, section: 'RFC 6455 §7.4' },
  'extension-failed': { statusCode: 1002, section: 'RFC 6455 §5.8' },
  // Handshake; nothing can be sent in a Close frame yet
  'malformed-head': { statusCode: 1006, section: 'RFC 9112 §2' },
  'head-too-big': { statusCode: 1006, section: 'RFC 6455 §10.4' },
  'unexpected-status': { statusCode: 1006, section: 'RFC 6455 §4.1' },
  'missing-upgrade': { statusCode: 1006, section: 'RFC 6455 §4.1' },
  'missing-connection': { statusCode: 1006, section: 'RFC 6455 §4.1' },
  'invalid-accept': { statusCode: 1006, section: 'RFC 6455 §4.1' },
  'unexpected-protocol': { statusCode: 1006, section: 'RFC 6455 §4.1' },
  'unexpected-extension': { statusCode: 1006, section: 'RFC 6455 §4.1' },
  'malformed-extensions': { statusCode: 1006, section: 'RFC 6455 §9.1' },
  'malformed-protocols': { statusCode: 1006, section: 'RFC 6455 §4.3' },
  'unexpected-method': { statusCode: 1006, section: 'RFC 6455 §4.2.1' },
  'unsupported-http-version': { statusCode: 1006, section: 'RFC 6455 §4.2.1' },
  'invalid-host': { statusCode: 1006, section: 'RFC 9112 §3.2' },
  'unexpected-body': { statusCode: 1006, section: 'RFC 9112 §6' },
  'obsolete-handshake': { statusCode: 1006, section: 'RFC 6455 §4.2.1' },
  'invalid-key': { statusCode: 1006, section: 'RFC 6455 §4.2.1' },
  'invalid-version': { statusCode: 1006, section: 'RFC 6455 §4.2.1' },
  'unsupported-version': { statusCode: 1006, section: 'RFC 6455 §4.4' },
  'refused-origin': { statusCode: 1006, section: 'RFC 6455 §10.2' },
} as const

/** Names one rule that a peer broke; stable across versions. */
export type ProtocolErrorCode = keyof typeof faults

/** The peer broke a rule of the protocol. What came before the violation has been delivered; nothing after it will be. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  /** Which rule was broken. */
  readonly code: ProtocolErrorCode
  /** What a Close frame should say; 1006 means that nothing should be sent. */
  readonly statusCode: number
  /** The section that states the rule, such as `RFC 6455 §5.2`. */
  readonly section: string

  /** `message` reads "Cannot act: what was seen, what was wanted"; the section is in `section`, not in the text. */
  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.statusCode = faults[code].statusCode
    this.section = faults[code].section
  }
}
