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

/** The chosen runtimes that are here; what is missing is told. A quick look at Node is one at the newest. */
export async function targetsOf(choice: string, quick: boolean): Promise<Target[]> {
  const found = await Promise.all(choices[choice]!.map(findRuntime))
  const targets: Target[] = []
  for (const runtime of found) {
    if ('missing' in runtime) console.error(`${runtime.name} is left out: ${runtime.missing}`)
    else targets.push({ ...runtime, adapter: adapterOf(runtime.name) })
  }
  return quick && choice === 'node' ? targets.slice(-1) : targets
}

function adapterOf(name: RuntimeName): Target['adapter'] {
  return name === 'Deno' ? 'deno' : name === 'Bun' ? 'bun' : 'node'
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
