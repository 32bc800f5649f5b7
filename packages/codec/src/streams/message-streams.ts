// The doors of the message floor: frames to messages and back as streams.

import { MessageDecoder, type MessageDecoderOptions } from '../message/decoder.ts'
import { MessageEncoder, type MessageEncoderOptions } from '../message/encoder.ts'
import { isIterable } from '../values/bytes.ts'
import type { Control, Frame, Message } from '../values/types.ts'
import { type Batched, type DoorOptions, DoorStream, Encoding, type Room } from './door.ts'

/**
 * {@linkcode MessageDecoder} as a stream. Takes frames or arrays of frames. Messages from before a violation can still be read; then
 * reading fails with the `ProtocolError`, and so does writing. Closing inside a message fails with `unexpected-end`.
 */
export class MessageDecoderStream<B extends boolean = false>
  extends DoorStream<Frame | Frame[], Batched<Message | Control, B>> {
  /** Strategies default to `TransformStream`'s: high-water marks of 1 and 0 chunks. Throws as `MessageDecoder` does, and for strategies. */
  constructor(
    options: MessageDecoderOptions & DoorOptions<B> = {},
    writableStrategy?: QueuingStrategy<Frame | Frame[]>,
    readableStrategy?: QueuingStrategy<Batched<Message | Control, B>>,
  ) {
    super(new Decoding(new MessageDecoder(options)), options.batch, writableStrategy, readableStrategy)
  }
}

/** The decoder as a room: what one frame after another completes. */
class Decoding implements Room<Frame | Frame[], Message | Control> {
  readonly #decoder: MessageDecoder
  #frames: Frame[] = []
  #at = 0

  constructor(decoder: MessageDecoder) {
    this.#decoder = decoder
  }

  push(frames: Frame | Frame[]): void {
    this.#frames = Array.isArray(frames) ? frames : [frames]
    this.#at = 0
  }

  pull(): Message | Control | undefined {
    while (this.#at < this.#frames.length) {
      const frame = this.#frames[this.#at++]!
      if (isIterable(frame)) throw new TypeError('Cannot decode message: want a frame or an array of frames')
      const item = this.#decoder.decode(frame)
      if (item !== undefined) return item
    }
    this.push([]) // they pin chunks
    return undefined
  }

  end(): void {
    this.#decoder.end()
  }
}

/**
 * {@linkcode MessageEncoder} as a stream. Takes messages and control data, or arrays of them. What the protocol forbids fails the
 * stream with a `TypeError` or `RangeError`.
 */
export class MessageEncoderStream<B extends boolean = false>
  extends DoorStream<Message | Control | (Message | Control)[], Batched<Frame, B>> {
  /** Strategies default to `TransformStream`'s: high-water marks of 1 and 0 chunks. Throws as `MessageEncoder` does, and for strategies. */
  constructor(
    options: MessageEncoderOptions & DoorOptions<B> = {},
    writableStrategy?: QueuingStrategy<Message | Control | (Message | Control)[]>,
    readableStrategy?: QueuingStrategy<Batched<Frame, B>>,
  ) {
    const encoder = new MessageEncoder(options)
    super(new Encoding((items) => encoder.encode(items)), options.batch, writableStrategy, readableStrategy)
  }
}
