// How the message floor hands a whole frame to the frame floor without a copy: in memory that nobody else has, behind room for its header.

import type { Allocate } from './growing-bytes.ts'

/** One whole frame. The encoder writes its header before the payload, masks in place, and gives the memory out. */
export interface OwnFrame {
  /** FIN, the reserved bits and the opcode, which are right. */
  readonly firstByte: number
  /** Room for exactly the header, and the payload. */
  readonly bytes: Uint8Array
  readonly payloadLength: number
}

/** An iterable of one frame that may have a way to give it so. */
export abstract class OwnFrames {
  /** The frame, which then does not come by iterating; undefined where this does not go for it. */
  abstract takeOwn(masked: boolean, allocate: Allocate): OwnFrame | undefined
}
