// The runtimes that are measured, and how to start our programs in them.

import { fileURLToPath } from 'node:url'
import process from 'node:process'
import { findRuntime, type RuntimeName } from '@wirestream/runtimes'
import { Child } from './child.ts'

/** A runtime that is here. */
export interface Target {
  name: RuntimeName
  version: string
  program: string
  /** Our adapter for it. */
  adapter: 'node' | 'deno' | 'bun'
}

/** What `--runtime` takes, and what it stands for. */
export const choices: Record<string, readonly RuntimeName[]> = {
  node: ['Node 20', 'Node 26'],
  node20: ['Node 20'],
  node26: ['Node 26'],
  deno: ['Deno'],
  bun: ['Bun'],
  all: ['Node 20', 'Node 26', 'Deno', 'Bun'],
}

/** The chosen runtimes that are here. A quick look at Node is one at the newest. */
export async function targetsOf(choice: string, quick: boolean): Promise<Target[]> {
  const names = choice === 'node' && quick ? (['Node 26'] as const) : choices[choice]!
  const found = await Promise.all(names.map(findRuntime))
  return found.flatMap((runtime) => {
    if ('missing' in runtime) {
      console.error(`${runtime.name} is left out: ${runtime.missing}`)
      return []
    }
    return [{ ...runtime, adapter: runtime.name.startsWith('Node') ? 'node' : runtime.name.toLowerCase() } as Target]
  })
}

const before: Record<Target['adapter'], string[]> = {
  node: ['--expose-gc'],
  deno: ['run', '--quiet', '--allow-all', '--v8-flags=--expose-gc'],
  bun: ['run'],
}

/** Starts one of our scripts, named from this folder. */
export function start(
  { program, adapter, name }: Pick<Target, 'program' | 'adapter' | 'name'>,
  [script, ...args]: readonly string[],
  env?: Record<string, string>,
): Child {
  const path = fileURLToPath(new URL(`${script}.js`, import.meta.url))
  return new Child(`${[script, ...args].join(' ')} on ${name}`, [program, ...before[adapter], path, ...args], env)
}

/** Starts the load, in the Node that runs the bench, whatever is measured. */
export function startLoad(): Child {
  return start({ program: process.execPath, adapter: 'node', name: 'Node 20' }, ['load/main'])
}
