// The codec's tests in every runtime: one bundle, eight times.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findRuntime, type MissingRuntime, type RuntimeName, runtimeNames } from '@wirestream/runtimes'
import { bundle, codecTests, root } from './bundle.ts'
import type { Outcome } from './outcome.ts'
import { runIn } from './run-in.ts'

/** After this many milliseconds a runtime hangs. The slowest needs a tenth of it on a machine of two cores. */
const LIMIT = 300_000

/** Runs the codec's tests in all runtimes, two at a time, and says of each what happened or why it is not here. */
export function runMatrix(): Promise<(Outcome | MissingRuntime)[]> {
  return runEverywhere(codecTests(), join(root, 'packages/codec/test'), LIMIT)
}

/** The same for any test files; `base` is the folder that they are named from. Throws where they do not bundle. */
export async function runEverywhere(
  tests: readonly string[],
  base: string,
  limit: number,
  names: readonly RuntimeName[] = runtimeNames,
): Promise<(Outcome | MissingRuntime)[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wirestream-'))
  try {
    const path = await bundle(tests, folder, base)
    const outcomes: (Outcome | MissingRuntime)[] = []
    const waiting = [...names.entries()]
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const runtime = await findRuntime(next[1])
        outcomes[next[0]] = 'missing' in runtime ? runtime : await runIn(runtime, path, limit)
      }
    }
    await Promise.all([work(), work()])
    return outcomes
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
