// Law 2 for the doors: what waits for a reader costs no more for waiting behind, or before, much else.

import { expect, it } from 'vitest'
import { type Frame, MessageDecoderStream, Opcode } from '../support/floors.ts'
import { frame } from '../support/frames.ts'

it('work for a reader is the same however much waits: nothing is moved up', async () => {
  const door = new MessageDecoderStream({}, undefined, { highWaterMark: 30_000 })
  await door.writable.getWriter().write(Array<Frame>(29_999).fill(frame(Opcode.Ping)))
  const reader = door.readable.getReader()
  let moved = 0
  const { shift, splice } = Array.prototype
  Array.prototype.shift = function (this: unknown[]) {
    moved += this.length
    return shift.call(this)
  }
  Array.prototype.splice = function (this: unknown[], ...args: Parameters<typeof splice>) {
    moved += this.length
    return splice.apply(this, args)
  } as typeof splice
  try {
    for (let i = 0; i < 29_999; i++) await reader.read()
  } finally {
    Object.assign(Array.prototype, { shift, splice })
  }
  expect(moved).toBeLessThan(64 * 29_999) // some platform moves what it has in its own queue
})
