// The peer's faults: one class, one closed table of codes, each knowing its status code and its section. The rows of frames, and the
// class, stand in frame-fault.ts.

import { type Fault, type FrameFaultCode, knownFaults, ProtocolError as AnyProtocolError } from './frame-fault.ts'

const otherFaults = {
  // Messages
  'unexpected-continuation': [1002, 'RFC 6455 §5.4'],
  'expected-continuation': [1002, 'RFC 6455 §5.4'],
  'invalid-utf8': [1007, 'RFC 6455 §8.1'],
  'message-too-big': [1009, 'RFC 6455 §10.4'],
  'close-body-too-short': [1002, 'RFC 6455 §5.5.1'],
  'invalid-status-code': [1002, 'RFC 6455 §7.4'],
  'extension-failed': [1002, 'RFC 6455 §5.8'],
  // Handshake; nothing can be sent in a Close frame yet
  'malformed-head': [1006, 'RFC 9112 §2'],
  'head-too-big': [1006, 'RFC 6455 §10.4'],
  'unexpected-status': [1006, 'RFC 6455 §4.1'],
  'missing-upgrade': [1006, 'RFC 6455 §4.1'],
  'missing-connection': [1006, 'RFC 6455 §4.1'],
  'invalid-accept': [1006, 'RFC 6455 §4.1'],
  'unexpected-protocol': [1006, 'RFC 6455 §4.1'],
  'unexpected-extension': [1006, 'RFC 6455 §4.1'],
  'malformed-extensions': [1006, 'RFC 6455 §9.1'],
  'malformed-protocols': [1006, 'RFC 6455 §4.3'],
  'unexpected-method': [1006, 'RFC 6455 §4.2.1'],
  'unsupported-http-version': [1006, 'RFC 6455 §4.2.1'],
  'invalid-host': [1006, 'RFC 9112 §3.2'],
  'unexpected-body': [1006, 'RFC 9112 §6'],
  'obsolete-handshake': [1006, 'RFC 6455 §4.2.1'],
  'invalid-key': [1006, 'RFC 6455 §4.2.1'],
  'invalid-version': [1006, 'RFC 6455 §4.2.1'],
  'unsupported-version': [1006, 'RFC 6455 §4.4'],
  'refused-origin': [1006, 'RFC 6455 §10.2'],
} as const

/** Names one rule that a peer broke; stable across versions. */
export type ProtocolErrorCode = FrameFaultCode | keyof typeof otherFaults

/** The peer broke a rule of the protocol. Decoders deliver what came before the violation, and nothing after it. */
export type ProtocolError = AnyProtocolError<ProtocolErrorCode>

/** How a {@linkcode ProtocolError} is made, and what `instanceof` asks. */
export interface ProtocolErrorConstructor {
  /** `message` reads "Cannot act: what was wanted, what was seen"; the section is in `section`, not in the text. */
  new (code: ProtocolErrorCode, message: string, options?: ErrorOptions): ProtocolError
  readonly prototype: ProtocolError
}

/** The class of the peer's faults. A constant that needs the rows, so that no bundler has the one without the others. */
export const ProtocolError: ProtocolErrorConstructor = withFaults(otherFaults)

function withFaults(faults: Record<string, Fault>): ProtocolErrorConstructor {
  Object.assign(knownFaults, faults)
  return AnyProtocolError
}
