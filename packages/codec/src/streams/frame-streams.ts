// The doors of the frame floor: bytes to frames and back as streams.

import { FrameDecoder, type FrameDecoderOptions } from '../frame/decoder.ts'
import { FrameEncoder, type FrameEncoderOptions } from '../frame/encoder.ts'
import { useVectorMasking } from '../frame/mask-simd.ts'
import type { Frame, FrameInit } from '../values/types.ts'
import { type Batched, type DoorOptions, DoorStream, Encoding } from './door.ts'

/**
 * {@linkcode FrameDecoder} as a stream. Takes over the chunks written to it. Frames from before a violation can still be read; then
 * reading fails with the `ProtocolError`, and so does writing. Closing inside a frame fails with `unexpected-end`.
 */
export class FrameDecoderStream<B extends boolean = false> extends DoorStream<Uint8Array, Batched<Frame, B>> {
  /** Strategies default to `TransformStream`'s: high-water marks of 1 and 0 chunks. Throws as `FrameDecoder` does, and for strategies. */
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
 * {@linkcode FrameEncoder} as a stream. Takes frames or arrays of frames: an array goes out in few chunks, so write arrays where speed
 * counts. A frame that the protocol forbids fails the stream with a `TypeError` or `RangeError`.
 */
export class FrameEncoderStream extends DoorStream<FrameInit | FrameInit[], Uint8Array> {
  /** Strategies default to `TransformStream`'s: high-water marks of 1 and 0 chunks. Throws as `FrameEncoder` does, and for strategies. */
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
