// How the message floor hands frames to the frame floor in one step: judged already, it writes them where they are sent from, and no
// frame object, iterator or second judgement is needed for each.

import type { Allocate } from './growing-bytes.ts'
import type { Frame } from './types.ts'

/** What a frame encoder writes with. */
export interface Pen {
  /** Whether frames are masked (RFC 6455 §5.1). */
  readonly masks: boolean
  /** Gives a masking key for each frame, octet 0 in its lowest byte. */
  readonly maskingKeys: () => number
  readonly allocate: Allocate
  /** The key of the frame that was begun last; 0 without masking. */
  key: number
}

/** An iterator of frames that may have a way to write them itself. */
export abstract class OwnFrames implements IterableIterator<Frame> {
  abstract next(): IteratorResult<Frame, undefined>

  [Symbol.iterator](): this {
    return this
  }

  /**
   * The chunks of all frames that are left, as `FrameEncoder.encode` gives them; they then do not come by iterating. Undefined where
   * this does not go for them. Throws before any byte was produced.
   */
  abstract takeChunks(pen: Pen): Uint8Array[] | undefined
}
