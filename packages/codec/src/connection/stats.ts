// What a connection counts. Plain numbers, bumped where things happen.

/** Counters of one connection, since the upgrade. Bytes are those of the wire, headers included. */
export class ConnectionCounters {
  framesReceived = 0
  framesSent = 0
  messagesReceived = 0
  messagesSent = 0
  bytesReceived = 0
  bytesSent = 0
  pingsReceived = 0
  pingsSent = 0
  pongsReceived = 0
  pongsSent = 0
}

/**
 * A snapshot of what a connection did (`Connection.stats()`). Counts since the upgrade; bytes include frame headers. Where extensions run,
 * they are of frames as messages have them, not as they are on the wire.
 */
export interface ConnectionStats extends Readonly<ConnectionCounters> {
  /** Bytes that wait to go out: encoded but not yet taken by the transport, or accepted but not yet encoded (16 more per message). */
  readonly bytesWaiting: number
  /** Bytes read ahead of the application, counted as for `limits.readAhead`. */
  readonly bytesReadAhead: number
  /** The last measured round trip of a ping, in milliseconds; undefined before the first. */
  readonly lastRoundTrip: number | undefined
}
