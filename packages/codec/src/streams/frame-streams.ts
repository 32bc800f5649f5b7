// The doors of the frame floor: bytes to frames and back as streams.

import { FrameDecoder, type FrameDecoderOptions } from '../frame/decoder.ts'
import { FrameEncoder, type FrameEncoderOptions } from '../frame/encoder.ts'
import { useVectorMasking } from '../frame/mask-simd.ts'
import type { Frame, FrameInit } from '../values/types.ts'
import { type Batched, type DoorOptions, DoorStream, Encoding } from './door.ts'

/**
 * {@linkcode FrameDecoder} as a stream. Takes over the chunks written to it. Frames that came before a violation are read
 * first; then reading and writing fail with the `ProtocolError`. Closing inside a frame fails with `unexpected-end`.
 */
export class FrameDecoderStream<B extends boolean = false> extends DoorStream<Uint8Array, Batched<Frame, B>> {
  /** Options of the room and of the door; the strategies are those of `TransformStream`: count-sized 1 and 0. */
  constructor(
    options: FrameDecoderOptions & DoorOptions<B>,
    writableStrategy?: QueuingStrategy<Uint8Array>,
    readableStrategy?: QueuingStrategy<Batched<Frame, B>>,
  ) {
    useVectorMasking()
    super(new FrameDecoder(options), options.batch, writableStrategy, readableStrategy)
  }
}

/**
 * {@linkcode FrameEncoder} as a stream. Takes frames or arrays of them: an array leaves in few chunks, so write arrays where
 * speed counts. What the protocol forbids fails the stream with a `TypeError` or `RangeError`.
 */
export class FrameEncoderStream extends DoorStream<FrameInit | FrameInit[], Uint8Array> {
  /** Options of the room; the strategies are those of `TransformStream`: count-sized 1 and 0. */
  constructor(
    options: FrameEncoderOptions,
    writableStrategy?: QueuingStrategy<FrameInit | FrameInit[]>,
    readableStrategy?: QueuingStrategy<Uint8Array>,
  ) {
    useVectorMasking()
    const encoder = new FrameEncoder(options)
    super(new Encoding((frames) => encoder.encode(frames).values()), false, writableStrategy, readableStrategy)
  }
}
