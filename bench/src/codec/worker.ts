// A process for one case: does the work of one side or another for so long, when it is asked.

import { answer } from '../answer.ts'
import { PLAIN_WS, WS } from '../rivals.ts'
import type { CodecCase, Form } from './cases.ts'
import { doors } from './doors.ts'
import type { Batch } from './material.ts'
import { rooms } from './rooms.ts'
import { ws } from './ws.ts'

const sides = new Map<string, Batch>()

answer({
  /** The first batch of each side compares every byte; a side that does other work than the case is no side. */
  async prepare({ one, sides: names }: { one: CodecCase; sides: string[] }) {
    for (const name of names) {
      const batch = make(name, one)
      sides.set(name, batch)
      await batch()
    }
  },
  run({ side, seconds }: { side: string; seconds: number }) {
    globalThis.gc!() // the garbage of one side is not the other's to collect
    return rate(sides.get(side)!, seconds)
  },
})

function make(name: string, one: CodecCase): Batch {
  if (name === WS || name === PLAIN_WS) return ws(one, name === WS)
  return name === 'per item' || name === 'batched' ? doors(one, name) : rooms(one, name as Form)
}

/** Messages per second over at least that time. */
async function rate(batch: Batch, seconds: number): Promise<number> {
  const start = performance.now()
  let [messages, elapsed] = [0, 0]
  do {
    const done = batch()
    messages += typeof done === 'number' ? done : await done
    elapsed = (performance.now() - start) / 1000
  } while (elapsed < seconds)
  return messages / elapsed
}
