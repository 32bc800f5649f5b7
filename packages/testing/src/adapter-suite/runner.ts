// Runs the suite in whatever runtime this is, one test after the other, and tells each result in a line of its own. Owns no test.

import process from 'node:process'
import type { SuiteTest } from './adapter.ts'

/** What is told of one test: a line of JSON on standard output. */
export interface Result {
  readonly name: string
  /** What went wrong; undefined where nothing did. */
  readonly error?: string | undefined
  readonly ms: number
}

/** No test takes longer; one that does has failed. */
const TIMEOUT = 20_000

/** Runs all tests and prints a line for each, then one with their number: whoever reads it knows that none is missing. */
export async function runTests(tests: readonly SuiteTest[]): Promise<void> {
  const strays: unknown[] = []
  process.on('unhandledRejection', (error) => strays.push(error))
  process.on('uncaughtException', (error) => strays.push(error))
  for (const { name, run } of tests) {
    const start = performance.now()
    const failed = await outcome(run)
    const [stray] = strays.splice(0)
    const error = failed ?? (stray === undefined ? undefined : `nobody handled: ${describe(stray)}`)
    const result: Result = { name, error, ms: Math.round(performance.now() - start) }
    console.log(JSON.stringify(result))
  }
  console.log(JSON.stringify({ done: tests.length }))
}

async function outcome(run: SuiteTest['run']): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`not done within ${TIMEOUT} ms`), TIMEOUT)
  })
  const done = (async () => {
    try {
      await run()
      return undefined
    } catch (error) {
      return describe(error)
    }
  })()
  const error = await Promise.race([done, timeout])
  clearTimeout(timer)
  return error
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? `${error.name}: ${error.message}` : String(error)
}
