// What a comparison becomes: one flat record, in the JSON file, in the tables and in the charts.

import { barOf } from './bars.ts'
import { compare, median } from './harness.ts'
import type { Server } from './rivals.ts'
import type { Target } from './target.ts'

/** One comparison of ours with a rival. */
export interface Result {
  suite: string
  case: string
  /** Such as `Node 26`, and its whole version. */
  runtime: string
  version: string
  /** The median of our rounds and that of the rival's, in `unit`. */
  ours: number
  theirs: number
  unit: string
  rival: string
  rivalVersion: string
  /** The median of the rounds' ratios, ours divided by theirs; where `by` is `difference`, ours less theirs, in `unit`. */
  ratio: number
  by: 'ratio' | 'difference'
  /** The spread: the lowest and the highest of the rounds. */
  low: number
  high: number
  rounds: number
  /** What the ratio has to reach, and what it should. */
  bar?: number
  goal?: number
  /** Smaller is better: the ratio has to stay at or below the bar. */
  atMost?: true
  quick: boolean
  machine: string
  date: string
}

/** What a suite knows of a comparison. */
export interface Measured {
  case: string
  target: Pick<Target, 'name' | 'version'>
  unit: string
  ours: readonly number[]
  theirs: readonly number[]
  rival: Pick<Server, 'name' | 'version'>
  by?: 'ratio' | 'difference'
}

/** The record of a comparison, with its bar if it has one. */
export function resultOf(
  suite: string,
  { target, ours, theirs, rival, by = 'ratio', unit, case: name }: Measured,
  common: Pick<Result, 'quick' | 'machine' | 'date'>,
): Result {
  const compared = by === 'ratio' ? compare(ours, theirs) : compare(ours, theirs, (a, b) => a - b)
  return {
    suite,
    case: name,
    runtime: target.name,
    version: target.version,
    ours: median(ours),
    theirs: median(theirs),
    unit,
    rival: rival.name,
    rivalVersion: rival.version,
    ...compared,
    by,
    rounds: ours.length,
    ...barOf(suite, name, target.name, rival.name),
    ...common,
  }
}

/** Whether a result with a bar reaches it. */
export function reaches({ ratio, atMost }: Result, bar: number): boolean {
  return atMost ? ratio <= bar : ratio >= bar
}
