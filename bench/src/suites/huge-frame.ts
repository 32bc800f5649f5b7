// One frame larger than memory should ever be, through encoder and decoder in parts, synchronously. Fails above 64 MiB of
// growth, except where fresh memory for each part is asked for: how much of that garbage waits is the collector's affair.

import type { Passage, Way } from '../codec/huge-frame.ts'
import { short, size } from '../format.ts'
import type { Suite } from '../suite.ts'
import { start } from '../target.ts'

/** In MiB. */
const MOST_GROWTH = 64

const ways: Way[] = [
  { name: 'unmasked: payloads are lent', sender: 'server', reuse: false },
  { name: 'masked, the allocator reuses its memory', sender: 'client', reuse: true },
  { name: 'masked, fresh memory for each part', sender: 'client', reuse: false },
]

const suite: Suite = {
  about: 'one frame of 5 GiB through encoder and decoder in parts, without streams',
  inAll: false,
  adapters: ['node'],
  seconds: ({ quick }) => quick ? 2 : 8,
  async run({ target, quick, note, doing }) {
    const payloadLength = (quick ? 1 : 5) * 2 ** 30
    const child = start(target, ['codec/huge-frame'])
    try {
      for (const way of ways) {
        doing(way.name)
        const { growth, seconds } = await child.ask<Passage>({ do: 'pass', ...way, payloadLength })
        const rate = short(payloadLength / seconds)
        note(`${size(payloadLength)}, ${way.name}: growth ${growth.toFixed(1)} MiB, ${rate}B/s encoded and decoded`)
        if (growth > MOST_GROWTH && (way.reuse || way.sender === 'server')) {
          throw new Error(`Memory grew by ${growth.toFixed(1)} MiB, wanted at most ${MOST_GROWTH}`)
        }
      }
    } finally {
      await child.stop()
    }
  },
}

export default suite
