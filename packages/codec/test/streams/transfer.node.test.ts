// Only where the platform refuses to transfer what is locked: Deno takes it all the same.

import { expect, it } from 'vitest'
import { FrameDecoderStream, FrameEncoderStream, MessageDecoderStream, MessageEncoderStream } from '../../src/index.ts'

const doors = [
  () => new FrameDecoderStream({ role: 'client' }),
  () => new FrameEncoderStream({ role: 'client' }),
  () => new MessageDecoderStream(),
  () => new MessageEncoderStream(),
]

it.each(doors)('a door is not transferred as the plain TransformStream that it looks like: %s', async (make) => {
  const door: TransformStream = make()
  expect(() => structuredClone(door, { transfer: [door as unknown as ArrayBuffer] })).toThrow()
  await door.writable.close() // it still is what it was
  expect((await door.readable.getReader().read()).done).toBe(true)
})
