// One direction of a connection that runs extensions (RFC 6455 §9): bytes to frames, through the chain, and to bytes again.

import type { FrameDecoder } from '../frame/decoder.ts'
import type { FrameEncoder } from '../frame/encoder.ts'
import { isHeaderAlone } from '../frame/header.ts'
import { isControl, Opcode } from '../values/opcode.ts'
import type { Frame } from '../values/types.ts'

/** Frames are encoded together up to so many bytes, headers included (law 1: as many as may stand in 64 KiB). */
const AT_ONCE = 65536
/** The least that a frame counts. */
const HEADER = 2

/** What an extension makes of a frame. */
export type Step = (frame: Frame) => Iterable<Frame> | AsyncIterable<Frame>

/** Translates chunks, one after another. */
export class Translation {
  /** Set once nobody wants data any more. */
  unwanted = false
  /** Set once nothing is wanted any more: from then on no extension is given anything. */
  over = false
  /** Whether an extension is at work. */
  working = false
  readonly #from: FrameDecoder
  readonly #steps: readonly Step[]
  readonly #to: FrameEncoder
  readonly #onClose: (() => void) | undefined
  /** Whether a frame that was given is to be continued. */
  #inside = false
  /** Whether a Close came through: what comes behind it is not looked at (RFC 6455 §5.5.1). */
  #closed = false

  constructor(from: FrameDecoder, steps: readonly Step[], to: FrameEncoder, onClose?: () => void) {
    this.#from = from
    this.#steps = steps
    this.#to = to
    this.#onClose = onClose
  }

  /** What a chunk becomes, in few chunks. Throws what a room or an extension throws, after what came before it. */
  async *translate(chunk: Uint8Array): AsyncGenerator<Uint8Array[]> {
    let made: Frame[] = []
    let size = 0
    let failure: { readonly error: unknown } | undefined
    try {
      for await (const frame of this.#framesOf(chunk)) {
        made.push(frame)
        size += HEADER + frame.payload.length
        if (size < AT_ONCE) continue
        const full = made
        made = []
        size = 0
        yield* this.#encode(full)
      }
    } catch (error) {
      failure = { error }
    }
    yield* this.#encode(made)
    if (failure !== undefined) throw failure.error
  }

  /** Throws for a frame that an extension made wrong, after those before it. */
  *#encode(frames: readonly Frame[]): Generator<Uint8Array[]> {
    let chunks: Uint8Array[] = []
    try {
      chunks = this.#to.encode(frames)
    } catch (error) {
      if (frames.length < 2) throw error
      for (const frame of frames) yield* this.#encode([frame]) // none of them was written yet
    }
    if (chunks.length > 0) yield chunks
  }

  async *#framesOf(chunk: Uint8Array): AsyncGenerator<Frame> {
    if (this.#closed || this.over) return
    for (const frame of this.#from.decode(chunk)) {
      if (!isControl(frame.opcode)) {
        if (!this.#dropping && !isHeaderAlone(frame)) yield* this.#through(frame)
        if (this.over) return
        continue
      }
      yield frame
      if (frame.opcode !== Opcode.Close) continue
      this.#closed = true
      return this.#onClose?.()
    }
  }

  async *#through(frame: Frame): AsyncGenerator<Frame> {
    this.working = true
    try {
      for await (const one of through(frame, this.#steps)) {
        if (this.over) return
        this.#inside = one.offset + one.payload.length < one.payloadLength
        this.working = false
        yield one
        if (this.#dropping || this.over) return
        this.working = true
      }
    } finally {
      this.working = false
    }
  }

  /** Whether data is dropped: a frame that was begun is finished, or a control frame behind it would be taken for its payload. */
  get #dropping(): boolean {
    return this.unwanted && !this.#inside
  }
}

/** What becomes of a frame on its way through all the steps. */
async function* through(frame: Frame, [step, ...rest]: readonly Step[]): AsyncGenerator<Frame> {
  if (step === undefined) yield frame
  else for await (const one of step(frame)) yield* through(one, rest)
}
