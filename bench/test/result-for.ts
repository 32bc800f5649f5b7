// Results that nobody measured, for tests.

import { type Result, resultOf } from '../src/result.ts'
import { WS } from '../src/rivals.ts'
import type { Target } from '../src/target.ts'

/** A full result of ours against `ws`. */
export function resultFor(
  suite: string,
  name: string,
  ratio: number,
  runtime: Target['name'] = 'Node 26',
): Result {
  const target = { name: runtime, version: '26.0.0' }
  const sides = { unit: 'msg/s', ours: [ratio], theirs: [1], rival: { name: WS, version: '8.0.0' } }
  return resultOf(suite, { case: name, target, ...sides }, { quick: false, machine: 'a machine', date: '2026-01-01' })
}
