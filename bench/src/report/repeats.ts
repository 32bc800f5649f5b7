// Repeated runs of one comparison: which run counts, and how far apart they are.

import { median } from '../harness.ts'
import type { Result } from '../result.ts'

/** What was measured of one comparison, in one run or in several. */
export interface Group {
  /** The run in the middle. */
  result: Result
  /** The ratio of each run. */
  ratios: readonly number[]
}

/** Groups the same comparisons of several runs, in the order in which they first came. Quick runs count only among themselves. */
export function group(all: readonly Result[]): Group[] {
  const full = all.filter(({ quick }) => !quick)
  const groups = new Map<string, Result[]>()
  for (const result of full.length > 0 ? full : all) {
    const { suite, case: name, runtime, rival } = result
    const key = [suite, name, runtime, rival].join('\n')
    groups.set(key, [...groups.get(key) ?? [], result])
  }
  return [...groups.values()].map((runs) => {
    const ratios = runs.map(({ ratio }) => ratio)
    const middle = median(ratios)
    const [result] = [...runs].sort((a, b) => Math.abs(a.ratio - middle) - Math.abs(b.ratio - middle))
    return { result: result!, ratios }
  })
}

/** How far the highest of the runs' ratios is above the lowest: 0.1 is ten percent. A difference has no such figure. */
export function movement({ result, ratios }: Group): number | undefined {
  if (result.by === 'difference' || ratios.length < 2) return undefined
  return Math.max(...ratios) / Math.min(...ratios) - 1
}
