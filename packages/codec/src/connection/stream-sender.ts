// One message from a stream: fragments as chunks come, or one frame of declared length part by part (RFC 6455 §5.4). A source that
// fails or gives the wrong length leaves the connection in the middle of a message, which only failing it can end.

import { checkByteCount } from '../values/limits.ts'
import { Opcode } from '../values/opcode.ts'
import type { Outbox } from './outbox.ts'
import { type SendOptions, SourceEncoder } from './outgoing-message.ts'
import type { Protocol } from './protocol.ts'

/** Where a streamed message goes. */
export interface StreamTarget {
  readonly protocol: Protocol
  readonly outbox: Outbox
  readonly fragmentSize: number
  /** Ends the connection, because a message cannot be finished. */
  onBroken?: (error: unknown) => void
}

type Reader = ReadableStreamDefaultReader<string | Uint8Array>

/**
 * Sends all that `reader` gives as one message; waits for room after each part. Rejects with what the source failed with, a
 * `TypeError` for a chunk that cannot be sent, a `RangeError` for a wrong length, or `signal`'s reason, and then the
 * source is cancelled with it; the target's `onBroken` hears of it where the message had begun.
 */
export async function streamMessage(
  target: StreamTarget,
  reader: Reader,
  options: SendOptions,
  signal: AbortSignal,
): Promise<void> {
  const message = new StreamedMessage(target, options)
  const waits = new Waits(signal)
  try {
    for (;;) {
      const { done, value } = await waits.for(reader.read())
      if (done) break
      await waits.for(message.write(value))
    }
    message.end()
    await target.outbox.taken() // large chunks were lent
  } catch (error) {
    reader.cancel(error).catch(() => {})
    if (message.begun && !signal.aborted) target.onBroken?.(error)
    throw error
  }
}

/** Waits that a signal ends, one after another. A race against one long promise would keep every chunk until the message's end. */
class Waits {
  readonly #signal: AbortSignal
  #interrupt: ((reason: unknown) => void) | undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.#interrupt?.(signal.reason), { once: true })
  }

  /** What `promise` gives, or a rejection with the signal's reason. */
  for<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(resolve, reject)
      this.#interrupt = reject
      if (this.#signal.aborted) reject(this.#signal.reason)
    })
  }
}

class StreamedMessage {
  readonly #target: StreamTarget
  readonly #type: 'text' | 'binary' | undefined
  readonly #length: number | undefined
  #source: SourceEncoder | undefined
  #opcode: Opcode = Opcode.Binary
  #sent = 0
  /** Whether bytes of it went out. */
  begun = false

  constructor(target: StreamTarget, { type, length }: SendOptions) {
    this.#target = target
    this.#type = type
    this.#length = length === undefined ? undefined : checkByteCount('length', length)
  }

  async write(chunk: unknown): Promise<void> {
    const bytes = this.#open(chunk).encode(chunk)
    const { fragmentSize, outbox } = this.#target
    for (let at = 0; at < bytes.length; at += fragmentSize) {
      this.#part(bytes.subarray(at, at + fragmentSize))
      outbox.schedule()
      await outbox.ready()
    }
  }

  end(): void {
    const rest = this.#open(undefined).end()
    if (rest.length > 0) this.#part(rest)
    const { protocol } = this.#target
    if (this.#length === undefined) {
      protocol.sendFrame(this.begun ? Opcode.Continuation : this.#opcode, rest.subarray(0, 0), true, false)
    } else {
      if (!this.begun) this.#begin(this.#length)
      if (this.#sent < this.#length) throw wrongLength(this.#length, `${this.#sent} in all`)
    }
  }

  /** The first chunk decides the type where the caller did not. */
  #open(chunk: unknown): SourceEncoder {
    if (this.#source !== undefined) return this.#source
    const type = this.#type ?? (typeof chunk === 'string' ? 'text' : 'binary')
    this.#opcode = type === 'text' ? Opcode.Text : Opcode.Binary
    return this.#source = new SourceEncoder(type)
  }

  #part(bytes: Uint8Array): void {
    const { protocol } = this.#target
    if (this.#length === undefined) {
      protocol.sendFrame(this.begun ? Opcode.Continuation : this.#opcode, bytes, false, true)
    } else {
      if (this.#sent + bytes.length > this.#length) {
        throw wrongLength(this.#length, `${this.#sent + bytes.length} or more`)
      }
      if (!this.begun) this.#begin(this.#length)
      protocol.sendPart(bytes, true)
    }
    this.begun = true
    this.#sent += bytes.length
  }

  #begin(length: number): void {
    this.#target.protocol.openFrame(this.#opcode, length, true)
    this.begun = true
  }
}

function wrongLength(want: number, got: string): RangeError {
  return new RangeError(`Cannot send stream: want the declared length of ${want} bytes, got ${got}`)
}
