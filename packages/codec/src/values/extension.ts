// What an extension is to the floors that run it: a stage between frames and messages. How it is negotiated is the
// handshake's affair.

import type { Frame } from './types.ts'

/**
 * A negotiated extension: it rewrites data frames between the wire and the messages (RFC 6455 §9). One instance serves one
 * connection. A chain decodes from its last extension to its first and encodes from first to last, in the order of the
 * server's answer (§9.1). Control frames pass it by, in their place among the others.
 *
 * Frames that were cut come in parts, of which only the first is at `offset` 0, and may be given in parts (see `Frame`). What an extension
 * makes of one frame, whether at once or in time, goes out before the next frame comes to it. An error in `decode` fails the connection:
 * with the status code of a `ProtocolError`, else with 1011. One in `encode` cuts it.
 */
export interface Extension {
  /** The name that was negotiated, such as `permessage-deflate`. */
  readonly name: string
  /** The reserved bits it claims, as in a frame's first byte: RSV1 is 0x40, RSV2 0x20, RSV3 0x10; 0 for none. */
  readonly rsv: number
  /**
   * Turns a received frame, or part of one, into frames; into none while more is needed. Takes the frame's payload over. Throws
   * `ProtocolError` for the peer's faults; frames given before stay valid.
   */
  decode(frame: Frame): Iterable<Frame> | AsyncIterable<Frame>
  /** What a frame to be sent becomes. Never writes to the frame's payload, which may be the caller's. */
  encode(frame: Frame): Iterable<Frame> | AsyncIterable<Frame>
  /**
   * Nothing more will be given to the extension, and it is at work on nothing: frees what it holds. May be called more than once. What it
   * throws is dropped, since there is nothing left that it could fail.
   */
  close(): void
}

/** Ends a chain: nothing goes through it any more. */
export function closeAll(chain: readonly Extension[]): void {
  for (const extension of chain) {
    try {
      extension.close()
    } catch {
      // The others are closed all the same.
    }
  }
}
