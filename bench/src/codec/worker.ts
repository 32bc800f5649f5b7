// A process for one case: does the work of one side or another for so long, when it is asked.

import { answer } from '../answer.ts'
import { PLAIN_WS, WS } from '../rivals.ts'
import type { CodecCase } from './cases.ts'
import { doors } from './doors.ts'
import type { Batch } from './material.ts'
import { rooms } from './rooms.ts'
import { ws } from './ws.ts'

let sides: Record<string, Batch> = {}

answer({
  prepare({ one }: { one: CodecCase }) {
    sides = { ours: one.doors ? doors(one) : rooms(one), [WS]: ws(one, true), [PLAIN_WS]: ws(one, false) }
  },
  run({ side, seconds }: { side: string; seconds: number }) {
    globalThis.gc!() // the garbage of one side is not the other's to collect
    return rate(sides[side]!, seconds)
  },
})

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
