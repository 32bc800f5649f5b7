// What a suite is: one file in `suites/` whose default export is one of these. The command line finds it by its file name.

import type { Child } from './child.ts'
import type { Effort } from './harness.ts'
import type { Measured } from './result.ts'
import type { Target } from './target.ts'

/** How a suite is asked to run. */
export interface SuiteOptions {
  target: Target
  effort: Effort
  quick: boolean
  /** The load process; idle between the suites. */
  load: Child
  /** Takes each comparison when it is done: prints and keeps it. */
  report(measured: Measured): void
  /** Prints what is not a comparison. */
  note(text: string): void
}

/** One suite of measurements. */
export interface Suite {
  /** One line for the list of suites. */
  about: string
  /** Whether `all` runs it. */
  inAll: boolean
  /** The adapters it can run with; all unless told. */
  adapters?: readonly Target['adapter'][]
  /** Measures, and reports as it goes. Throws where a check fails. */
  run(options: SuiteOptions): Promise<void>
}
