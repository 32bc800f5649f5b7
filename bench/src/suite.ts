// What a suite is: one file in `suites/` whose default export is one of these. The command line finds it by its file name.

import type { Effort } from './harness.ts'
import type { Reporter } from './report.ts'

/** How a suite is asked to run. */
export interface SuiteOptions {
  effort: Effort
  quick: boolean
  report: Reporter
}

/** One suite of measurements. */
export interface Suite {
  /** One line for the list of suites. */
  about: string
  /** Whether `all` runs it. */
  inAll: boolean
  /** The packages whose versions matter to the figures. */
  packages: readonly string[]
  /** Measures, reports as it goes, and gives what belongs in the JSON file. Throws where a check fails. */
  run(options: SuiteOptions): Promise<unknown>
}
