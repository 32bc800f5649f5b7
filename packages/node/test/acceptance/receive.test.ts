// Law 6, receiving: what the application does not read stays with the peer, down to its socket. The peer is another process.

import { expect, test } from 'vitest'
import { measure, PATIENCE } from './figures.ts'

interface Received {
  total: number
  pushed: number
  stalled: number
  right: boolean
}

test('128 MiB pushed at an application that reads nothing stall, and arrive when it reads', async () => {
  const cases = await measure<Received>('receive')
  expect(cases.map((each) => each.case)).toEqual([
    'client readable',
    'client messages',
    'server readable',
    'server messages',
  ])
  for (const { case: name, total, pushed, stalled, right } of cases) {
    expect(pushed, `bytes that the peer got rid of, ${name}`).toBeLessThan(total / 2) // the system's own buffers are large
    expect(stalled, `growth in MiB while nothing was read, ${name}`).toBeLessThan(16 + 1)
    expect(right, `the sum of what arrived, ${name}`).toBe(true)
  }
}, PATIENCE)
