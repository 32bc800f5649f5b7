// What the documents of this repository show: each suite on each of these runtimes, by full runs.

import type { Result } from '../result.ts'

const nodes = ['Node 26', 'Node 20']

/** In the order of the tables. */
export const runtimes: readonly string[] = [...nodes, 'Bun', 'Deno']

/** Suites in the order of the tables, and the runtimes that they can run on. */
export const shown: Readonly<Record<string, readonly string[]>> = {
  echo: runtimes,
  codec: nodes,
  streams: nodes,
  fanout: runtimes,
  connect: runtimes,
  memory: runtimes,
  crowd: runtimes,
  linear: nodes,
}

/** What the documents would lose with no more than these results, such as `echo on Bun, Deno`. A quick figure fills no place. */
export function lacking(results: readonly Result[]): string[] {
  return Object.entries(shown).flatMap(([suite, all]) => {
    const isThere = (name: string) => results.some((one) => one.suite === suite && one.runtime === name && !one.quick)
    const without = all.filter((name) => !isThere(name))
    return without.length === 0 ? [] : [`${suite} on ${without.join(', ')}`]
  })
}
