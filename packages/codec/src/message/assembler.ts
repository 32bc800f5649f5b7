// Parts of a message to the whole message, within a limit. Judges sizes only; order and UTF-8 were judged before.

import type { Allocate } from '../values/growing-bytes.ts'
import { KeptBytes } from '../values/kept-bytes.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import type { Frame } from '../values/types.ts'

/** Collects one message after another. Memory follows the bytes that came, whatever the fragments. */
export class MessageAssembler {
  readonly #maxMessageSize: number
  readonly #parts: KeptBytes

  constructor(maxMessageSize: number, allocate?: Allocate) {
    this.#maxMessageSize = maxMessageSize
    this.#parts = new KeptBytes(allocate)
  }

  /** Bytes so far. */
  get length(): number {
    return this.#parts.length
  }

  /** Judges the sum of what was declared, see {@linkcode judgeSize}. */
  judge(frame: Frame): void {
    judgeSize(frame, this.#parts.length, this.#maxMessageSize)
  }

  /**
   * Adds a part. A large payload that is nearly all of its ArrayBuffer, as of a received chunk, is kept as it is until the message
   * is taken, so it must not change; any other is copied, so that it pins no memory many times its size. Tells
   * whether it is kept.
   */
  append(frame: Frame): boolean {
    const before = this.#parts.length - frame.offset
    return this.#parts.adopt(frame.payload, frame.fin ? before + frame.payloadLength : 0)
  }

  /** The message as an exact array of its own. */
  take(): Uint8Array {
    return this.#parts.take()
  }

  /** The message in the pieces that it is kept in, in order, without joining them: views of received chunks, and copies. */
  takeParts(): Uint8Array[] {
    return this.#parts.takeParts()
  }
}

/**
 * Judges the size of a message of which `came` bytes are here, by what its next frame or part declares: fails with the header of the
 * frame that goes too far, before its payload.
 */
export function judgeSize({ offset, payloadLength }: Frame, came: number, maxMessageSize: number): void {
  // Parts of one frame are counted once, by what its header declares.
  const size = came - offset + payloadLength
  if (size <= maxMessageSize) return
  throw new ProtocolError(
    'message-too-big',
    `Cannot decode message: must be at most ${maxMessageSize} bytes, got ${size} or more`,
  )
}
