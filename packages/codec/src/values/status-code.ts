// The status codes of a Close frame (RFC 6455 §7.4, and the IANA registry that extends it).

/** Status codes with a name (RFC 6455 §7.4.1; 1012 to 1014 by IANA). */
export const StatusCode = {
  /** The purpose of the connection is fulfilled. */
  NormalClosure: 1000,
  /** A server goes down, or a page is left. */
  GoingAway: 1001,
  /** A rule of the protocol was broken. */
  ProtocolError: 1002,
  /** A type of data that cannot be accepted. */
  UnsupportedData: 1003,
  /** Never sent: a Close frame without a body was received. */
  NoStatusReceived: 1005,
  /** Never sent: the connection ended without a Close frame. */
  AbnormalClosure: 1006,
  /** Data that does not fit its type, such as text that is not UTF-8. */
  InvalidPayload: 1007,
  /** A policy of the endpoint was violated. */
  PolicyViolation: 1008,
  /** A message too big to process. */
  MessageTooBig: 1009,
  /** A client misses an extension that the server did not negotiate. */
  MandatoryExtension: 1010,
  /** Something unexpected at this end. */
  InternalError: 1011,
  /** The service restarts (IANA). */
  ServiceRestart: 1012,
  /** Try again later (IANA). */
  TryAgainLater: 1013,
  /** A gateway got an invalid response upstream (IANA). */
  BadGateway: 1014,
} as const

/**
 * Whether a Close frame may carry this status code: 1000 to 1003, 1007 to 1014 and 3000 to 4999 may; the reserved
 * 1004, the never sent 1005, 1006 and 1015, and all others may not (RFC 6455 §7.4.1, §7.4.2).
 */
export function isSendableStatusCode(code: number): boolean {
  if (!Number.isInteger(code)) return false
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)
}
