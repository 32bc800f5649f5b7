// Runs bundled test files inside a runtime, one test after the other, and prints how each ended. Uses nothing that one
// of the eight runtimes lacks; `console.log` is the only way out that all of them have.

import { type File, startTests, type Suite, type Task, type Test, type VitestRunner } from '@vitest/runner'
import { type Line, write } from '../protocol.ts'

/** A test file's path with `/`, and what loads it. */
export type Files = Record<string, () => Promise<unknown>>

/** Of one test, in milliseconds; twice that of vitest.config.ts, because other runtimes run beside this one. */
const TIMEOUT = 60_000

/**
 * What the bundle exports. workerd calls `test`, where the rules of a request hold; all others run the files as soon as
 * they have read the bundle.
 */
export async function begin(files: Files): Promise<{ test(): Promise<void> }> {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } }
  const inWorkerd = navigator?.userAgent === 'Cloudflare-Workers'
  if (!inWorkerd) await run(files)
  return { test: () => run(files) }
}

async function run(files: Files): Promise<void> {
  watchRejections()
  const runner: VitestRunner = {
    config: {
      root: '/',
      name: undefined,
      setupFiles: [],
      passWithNoTests: false,
      testNamePattern: undefined,
      allowOnly: false,
      sequence: { seed: 0, hooks: 'stack', setupFiles: 'list' },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: TIMEOUT,
      hookTimeout: TIMEOUT,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: true,
    },
    importFile: (path) => files[path.slice(1)]!(),
    onBeforeRunTask: (test) => print({ kind: 'start', name: nameOf(test) }),
    onAfterRunTask: (test) => printEnd(test),
  }
  // The runner's timeouts do not keep Node alive: without this, a test that waits for ever would end the process.
  const alive = setInterval(() => {}, 1000)
  const done = await startTests(Object.keys(files).map((path) => `/${path}`), runner)
  clearInterval(alive)
  for (const file of done) printFaults(file)
  print({ kind: 'done' })
}

function printEnd(test: Test): void {
  const state = test.result?.state === 'pass' ? 'passed' : test.result?.state === 'fail' ? 'failed' : 'skipped'
  if (state !== 'failed') return print({ kind: 'end', name: nameOf(test), state })
  print({ kind: 'end', name: nameOf(test), state, error: errorOf(test) })
}

/** What failed around the tests: a file that does not load, a file or a suite without a test, a hook. */
function printFaults(suite: File | Suite): void {
  if (suite.tasks.length === 0 || (suite.result?.errors ?? []).length > 0) {
    print({ kind: 'fault', error: `${nameOf(suite)}: ${errorOf(suite) || 'has no test'}` })
  }
  for (const task of suite.tasks) {
    if (task.type === 'suite') printFaults(task)
    // A test that a failed hook kept from running never came to its end.
    else if (task.result === undefined || task.mode !== 'run') {
      print({ kind: 'end', name: nameOf(task), state: 'skipped' })
    }
  }
}

function errorOf(task: Task): string {
  return (task.result?.errors ?? []).map(({ message, stack }) => `${message}\n${stack ?? ''}`).join('\n')
}

function nameOf(task: Task): string {
  const names = []
  for (let at: Task | undefined = task; at && at !== task.file; at = at.suite) names.unshift(at.name)
  return [task.file.filepath.slice(1), ...names].join(' > ')
}

interface RejectionEvent {
  reason: unknown
  preventDefault(): void
}

/** A rejection that nobody handles is a fault, as in vitest; Node and Bun have no event for it on the global. */
function watchRejections(): void {
  const fault = (reason: unknown) => {
    print({ kind: 'fault', error: `unhandled rejection: ${(reason as Error | undefined)?.stack ?? String(reason)}` })
  }
  const { process, addEventListener } = globalThis as unknown as {
    process?: { on?(event: string, listener: (reason: unknown) => void): void }
    addEventListener(event: string, listener: (event: RejectionEvent) => void): void
  }
  if (process?.on) return process.on('unhandledRejection', fault)
  addEventListener('unhandledrejection', (event) => {
    event.preventDefault()
    fault(event.reason)
  })
}

function print(line: Line): void {
  console.log(write(line))
}
