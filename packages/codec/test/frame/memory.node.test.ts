// What the collector can take away. In Node only: it alone can be asked for a full collection at run time.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { FrameDecoder } from '../support/floors.ts'
import { hex, join, pattern } from '../support/bytes.ts'
import { decodeAll, wire } from '../support/frames.ts'

const key = hex('37 fa 21 3d')
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

it('lets go of a chunk once it was read: an idle decoder pins no memory', async () => {
  for (const cut of [0, 3, 50]) {
    const decoder = new FrameDecoder({ role: 'server' })
    const weak = (() => {
      const bytes = wire({ opcode: 2, payload: pattern(100), key })
      const chunk = join([bytes, bytes.slice(0, cut)])
      decodeAll(decoder, [chunk])
      return new WeakRef(chunk.buffer)
    })()
    for (let i = 0; i < 10 && weak.deref() !== undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0)) // a WeakRef holds on until the turn ends
      collect()
    }
    expect(weak.deref()).toBe(undefined)
    expect(decoder.unread).toBe(0)
  }
})
