// Backpressure as an order of events: large writes resolve only as the reader reads.

import { expect, test } from 'vitest'
import { measure, PATIENCE } from './figures.ts'

interface Order {
  /** How many of sixteen writes had resolved when the reader had read nothing, four messages, eight, and twelve. */
  resolved: number[]
  right: boolean
}

test('sixteen large writes resolve as the reader reads, through WebSocketStream and a server, both ways', async () => {
  const cases = await measure<Order>('order')
  expect(cases.map((each) => each.case)).toEqual([
    'WebSocketStream to raw socket',
    'server to raw socket',
    'WebSocketStream to server',
    'server to WebSocketStream',
  ])
  for (const { case: name, resolved, right } of cases) {
    expect(resolved, name).toHaveLength(4)
    // What the reader has not read is in the system's buffers, which take less than four messages of 8 MiB.
    for (const [step, count] of resolved.entries()) {
      expect(count, `${name}, ${step * 4} messages read`).toBeLessThan((step + 1) * 4 + 4)
    }
    expect(right, `the sum of what arrived, ${name}`).toBe(true)
  }
}, PATIENCE)
