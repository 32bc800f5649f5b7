// Starts the suite in another runtime and gathers what it tells, so that each of its tests is one of ours. For Node only.

import { spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { rawAdapterTestNames } from './index.ts'
import type { Result } from './runner.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** After this many milliseconds the suite hangs; each test has its own time within it. */
const LIMIT = 300_000

/** A run of the suite in another runtime. */
export interface SuiteRun {
  /** Every test that must have run. */
  readonly names: readonly string[]
  /** Throws unless the test of that name ran and went well. */
  check(name: string): void
  /** Throws unless every test ran, none ran that is unknown, and the process ended by itself and well. */
  checkEnd(): void
}

/**
 * Runs a file that calls `runTests` with the tests of these names, with `program` and what stands before the file. Never rejects: a fault is
 * told by the checks.
 */
export async function runSuite(
  program: string,
  args: readonly string[],
  file: URL,
  names: readonly string[] = rawAdapterTestNames(),
): Promise<SuiteRun> {
  const child = spawn(program, [...args, fileURLToPath(file)], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const results = new Map<string, Result>()
  let done: number | undefined
  let output = ''
  const keep = (line: string): void => void (output = `${output}${line}\n`.slice(-4000))
  createInterface({ input: child.stderr }).on('line', keep)
  createInterface({ input: child.stdout }).on('line', (line) => {
    const told = parse(line)
    if (told === undefined) keep(line)
    else if ('done' in told) done = told.done
    else results.set(told.name, told)
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT)
  const end = await new Promise<string>((resolve) => {
    child.on('error', ({ message }) => resolve(`did not start: ${message}`))
    child.on('close', (code, signal) => resolve(`ended with ${signal ?? `exit code ${code}`}`))
  })
  clearTimeout(timer)
  return {
    names,
    check(name) {
      const result = results.get(name)
      if (result === undefined) throw new Error(`Did not run; the runtime ${end} and printed:\n${output}`)
      if (result.error !== undefined) throw new Error(result.error)
    },
    checkEnd() {
      const unknown = [...results.keys()].filter((name) => !names.includes(name))
      const good = end === 'ended with exit code 0' && done === names.length && unknown.length === 0
      if (good && results.size === names.length && names.length > 0) return
      const ran = `${results.size} of ${names.length} tests ran, unknown: ${unknown.join(', ') || 'none'}`
      throw new Error(`${ran}; the runtime ${end} and printed:\n${output}`)
    },
  }
}

function parse(line: string): Result | { done: number } | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Result | { done: number }
  } catch {
    return undefined
  }
}
