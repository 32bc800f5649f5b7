// A process for one side of one case: does its work for so long, when it is asked. Each has its own, since what one side leaves to the
// collector is not the others' to collect.

import { answer } from '../answer.ts'
import { PLAIN_WS, WS } from '../rivals.ts'
import type { CodecCase, Form } from './cases.ts'
import { doors } from './doors.ts'
import type { Batch } from './material.ts'
import { rooms } from './rooms.ts'
import { ws } from './ws.ts'

let batch: Batch

answer({
  /** The first batch compares every byte; a side that does other work than the case is no side. */
  async prepare({ one, side }: { one: CodecCase; side: string }) {
    batch = make(side, one)
    await batch()
  },
  run: ({ seconds }: { seconds: number }) => rate(seconds),
})

function make(name: string, one: CodecCase): Batch {
  if (name === WS || name === PLAIN_WS) return ws(one, name === WS)
  return name === 'per item' || name === 'batched' ? doors(one, name) : rooms(one, name as Form)
}

/** Messages per second over at least that time. */
async function rate(seconds: number): Promise<number> {
  const start = performance.now()
  let [messages, elapsed] = [0, 0]
  do {
    const done = batch()
    messages += typeof done === 'number' ? done : await done
    elapsed = (performance.now() - start) / 1000
  } while (elapsed < seconds)
  return messages / elapsed
}
