// One message from a stream: fragments as chunks come, or one frame of declared length part by part (RFC 6455 §5.4). A source that
// fails or gives the wrong length leaves the connection in the middle of a message, which only failing it can end.

import { checkByteCount } from '../values/limits.ts'
import { Opcode } from '../values/opcode.ts'
import type { FrameSender } from './frame-sender.ts'
import type { Outbox } from './outbox.ts'
import { type SendOptions, SourceEncoder } from './outgoing-message.ts'

/**
 * Encodes all that `reader` gives as one message; waits for room after each part. Rejects with what the source failed with, a
 * `TypeError` for a chunk that cannot be sent, a `RangeError` for a wrong length, or `signal`'s reason, and then the
 * source is cancelled with it. A message that is whole already takes no harm from `signal`.
 */
export async function streamMessage(
  message: StreamedMessage,
  reader: ReadableStreamDefaultReader<string | Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  // Cancelling ends a read that waits. No race against the signal: that would keep every chunk until the message's end.
  const onAbort = () => void reader.cancel(signal.reason).catch(() => {})
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      signal.throwIfAborted()
      if (done) break
      for (const part of message.parts(value)) {
        await part
        signal.throwIfAborted() // no part may follow a Close
      }
    }
    message.end()
    reader.releaseLock()
  } catch (error) {
    reader.cancel(error).catch(() => {})
    if (!signal.aborted || !message.complete) throw error
  }
}

/** The message as it is encoded. */
export class StreamedMessage {
  /** Whether frames of it went out. */
  begun = false
  readonly #frames: FrameSender
  readonly #outbox: Outbox
  readonly #fragmentSize: number
  readonly #type: 'text' | 'binary' | undefined
  readonly #length: number | undefined
  #source: SourceEncoder | undefined
  #opcode: Opcode = Opcode.Binary
  #sent = 0

  /** Throws `RangeError` for a length that is no number of bytes. */
  constructor(frames: FrameSender, outbox: Outbox, fragmentSize: number, { type, length }: SendOptions) {
    this.#frames = frames
    this.#outbox = outbox
    this.#fragmentSize = fragmentSize
    this.#type = type
    this.#length = length === undefined ? undefined : checkByteCount('length', length)
  }

  /** Whether all that was declared has been encoded. */
  get complete(): boolean {
    return this.begun && this.#sent === this.#length
  }

  /** Encodes a chunk, part by part; each promise tells when there is room for the next. */
  *parts(chunk: unknown): Generator<Promise<void>, undefined> {
    const bytes = this.#open(chunk).encode(chunk)
    const { length } = bytes // asked once: there is no view of memory that was transferred while we waited
    for (let at = 0, end = 0; at < length; at = end) {
      end = at + this.#fragmentSize
      // Only the last part may be lent: no two chunks that we give on share a buffer.
      this.#part(bytes.subarray(at, end), end >= length)
      this.#outbox.schedule()
      yield this.#outbox.ready()
    }
  }

  /** Ends the message. Throws `TypeError` inside a character and `RangeError` where bytes are missing. */
  end(): void {
    const rest = this.#open(undefined).end()
    if (rest.length > 0) this.#part(rest, false)
    if (this.#length === undefined) {
      this.#frames.frame(this.begun ? Opcode.Continuation : this.#opcode, rest.subarray(0, 0), true, false)
    } else {
      if (!this.begun) this.#begin(this.#length)
      if (this.#sent < this.#length) throw wrongLength(this.#length, `${this.#sent} in all`)
    }
    this.#outbox.schedule()
  }

  /** The first chunk decides the type where the caller did not. */
  #open(chunk: unknown): SourceEncoder {
    if (this.#source !== undefined) return this.#source
    const type = this.#type ?? (typeof chunk === 'string' ? 'text' : 'binary')
    this.#opcode = type === 'text' ? Opcode.Text : Opcode.Binary
    return this.#source = new SourceEncoder(type)
  }

  #part(bytes: Uint8Array, lend: boolean): void {
    if (this.#length === undefined) {
      this.#frames.frame(this.begun ? Opcode.Continuation : this.#opcode, bytes, false, lend)
      this.begun = true
    } else {
      const sum = this.#sent + bytes.length
      if (sum > this.#length) throw wrongLength(this.#length, `${sum} or more`)
      if (sum === this.#length) this.#source!.mayEnd() // behind its last byte the frame would be whole, and wrong
      if (!this.begun) this.#begin(this.#length)
      this.#frames.part(bytes, lend)
    }
    this.#sent += bytes.length
  }

  #begin(length: number): void {
    this.begun = true
    this.#frames.open(this.#opcode, length, true)
  }
}

function wrongLength(want: number, got: string): RangeError {
  return new RangeError(`Cannot send stream: want the declared length of ${want} bytes, got ${got}`)
}
