// What happened in one runtime, gathered from the lines that it printed, and when several together are good.

import type { MissingRuntime, RuntimeName } from '@wirestream/runtimes'
import { read, type TestState } from './protocol.ts'

/** One test in one runtime; `name` is `file > suites > test`. */
export interface TestResult {
  name: string
  state: TestState
  error?: string
}

/** What happened in one runtime. */
export interface Outcome {
  name: RuntimeName
  version: string
  tests: TestResult[]
  /** What failed outside every test: a crash, a hang, a file that does not load, no test at all. */
  faults: string[]
  milliseconds: number
}

/** Gathers what a runtime prints. What is none of our lines is kept, the last 4000 characters of it, for a fault. */
export class Gatherer {
  readonly tests: TestResult[] = []
  readonly faults: string[] = []
  /** Whether the last test is through. */
  done = false
  #running: string | undefined
  #output = ''

  line(text: string): void {
    const line = read(text)
    if (line === undefined) this.#output = `${this.#output}${text}\n`.slice(-4000)
    else if (line.kind === 'start') this.#running = line.name
    else if (line.kind === 'fault') this.faults.push(line.error)
    else if (line.kind === 'done') this.done = true
    else {
      const { name, state, error } = line
      this.tests.push(error === undefined ? { name, state } : { name, state, error })
      this.#running = undefined
    }
  }

  /** `how` says how the runtime ended, where it did not end as it should. */
  end(how: string | undefined): void {
    if (how === undefined && !this.done) how = 'ended before the last test'
    if (how !== undefined) {
      const where = this.#running === undefined ? '' : `, in ${this.#running}`
      this.faults.push(`${how}${where}${this.#output === '' ? '' : `; it printed:\n${this.#output}`}`)
    }
    if (this.tests.length === 0) this.faults.push('no test ran')
  }
}

/** How many tests ended in this way. */
export function count(outcome: Outcome, state: TestState): number {
  return outcome.tests.filter((test) => test.state === state).length
}

/** What one runtime ran and the other did not: at most ten lines each way, and how many more. */
export function differences(a: Outcome, b: Outcome): string[] {
  const namesOf = (outcome: Outcome) => outcome.tests.filter(({ state }) => state !== 'skipped').map(({ name }) => name)
  const lacks = (one: Outcome, other: Outcome) => {
    const ran = namesOf(one)
    for (const name of namesOf(other)) if (ran.includes(name)) ran.splice(ran.indexOf(name), 1)
    const lines = ran.slice(0, 10).map((name) => `${other.name} did not run what ${one.name} ran: ${name}`)
    return ran.length > 10
      ? [...lines, `${other.name} did not run ${ran.length - 10} more that ${one.name} ran`]
      : lines
  }
  return [...lacks(a, b), ...lacks(b, a)]
}

/** Rows of text as a table, the columns as wide as they need to be. */
export function table(outcomes: readonly (Outcome | MissingRuntime)[]): string {
  const rows = outcomes.map((outcome) => {
    if ('missing' in outcome) return [outcome.name, `not run: ${outcome.missing}`]
    const { name, version, milliseconds } = outcome
    const failed = count(outcome, 'failed') + outcome.faults.length
    return [name, version, count(outcome, 'passed'), failed, `${(milliseconds / 1000).toFixed(1)} s`].map(String)
  })
  const all = [['runtime', 'version', 'passed', 'failed', 'time'], ...rows]
  const width = (column: number) => Math.max(...all.filter((row) => row.length > 2).map((row) => row[column]!.length))
  return all.map((row) =>
    row.map((cell, column) => column < 2 ? cell.padEnd(width(column)) : cell.padStart(width(column))).join('  ')
      .trimEnd()
  ).join('\n')
}
