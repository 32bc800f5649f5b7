// The doors of the message floor: frames to messages and back as streams.

import { MessageDecoder, type MessageDecoderOptions } from '../message/decoder.ts'
import { MessageEncoder, type MessageEncoderOptions } from '../message/encoder.ts'
import type { Control, Frame, Message } from '../values/types.ts'
import { type Batched, type DoorOptions, DoorStream } from './door.ts'

/**
 * {@linkcode MessageDecoder} as a stream. Takes frames or arrays of them. Messages that came before a violation are read
 * first; then reading and writing fail with the `ProtocolError`. Closing inside a message fails with `unexpected-end`.
 */
export class MessageDecoderStream<B extends boolean = false>
  extends DoorStream<Frame | Frame[], Batched<Message | Control, B>> {
  /** Options of the room and of the door; the strategies are those of `TransformStream`: count-sized 1 and 0. */
  constructor(
    options: MessageDecoderOptions & DoorOptions<B> = {},
    writableStrategy?: QueuingStrategy<Frame | Frame[]>,
    readableStrategy?: QueuingStrategy<Batched<Message | Control, B>>,
  ) {
    const decoder = new MessageDecoder(options)
    super({ items: decodeAll, end: () => decoder.end() }, options.batch, writableStrategy, readableStrategy)

    function* decodeAll(frames: Frame | Frame[]): Generator<Message | Control, undefined> {
      for (const frame of itemsOf(frames)) {
        const item = decoder.decode(frame)
        if (item !== undefined) yield item
      }
    }
  }
}

/**
 * {@linkcode MessageEncoder} as a stream. Takes messages and control data, or arrays of them. What the protocol forbids fails the
 * stream with a `TypeError` or `RangeError`.
 */
export class MessageEncoderStream<B extends boolean = false>
  extends DoorStream<Message | Control | (Message | Control)[], Batched<Frame, B>> {
  /** Options of the room and of the door; the strategies are those of `TransformStream`: count-sized 1 and 0. */
  constructor(
    options: MessageEncoderOptions & DoorOptions<B> = {},
    writableStrategy?: QueuingStrategy<Message | Control | (Message | Control)[]>,
    readableStrategy?: QueuingStrategy<Batched<Frame, B>>,
  ) {
    const encoder = new MessageEncoder(options)
    super({ items: encodeAll }, options.batch, writableStrategy, readableStrategy)

    function* encodeAll(items: Message | Control | (Message | Control)[]): Generator<Frame, undefined> {
      for (const item of itemsOf(items)) yield* encoder.encode(item)
    }
  }
}

function itemsOf<T>(input: T | T[]): Iterable<T> {
  return Array.isArray(input) ? input : [input]
}
