// What a suite is: one file in `suites/` whose default export is one of these. The command line finds it by its file name.

import type { Child } from './child.ts'
import type { Effort } from './harness.ts'
import type { Measured } from './result.ts'
import type { Target } from './target.ts'

/** What a suite is to measure. */
export interface SuitePlan {
  target: Target
  effort: Effort
  quick: boolean
}

/** How a suite is asked to run. */
export interface SuiteOptions extends SuitePlan {
  /** The load process; idle between the suites. */
  load: Child
  /** Takes each comparison when it is done: prints and keeps it. */
  report(measured: Measured): void
  /** Prints what is not a comparison. */
  note(text: string): void
  /** Says what is being measured, to whoever waits. */
  doing(what: string): void
}

/** One suite of measurements. */
export interface Suite {
  /** One line for the list of suites. */
  about: string
  /** Whether `all` runs it. */
  inAll: boolean
  /** The adapters it can run with; all unless told. */
  adapters?: readonly Target['adapter'][]
  /** About how long it takes, in seconds. */
  seconds(plan: SuitePlan): number
  /** Measures, and reports as it goes. Throws where a check fails. */
  run(options: SuiteOptions): Promise<void>
}
