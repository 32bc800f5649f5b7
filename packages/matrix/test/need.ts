// Tests that need a runtime are not run without it, by name; in CI they fail.

import process from 'node:process'
import type { FoundRuntime, MissingRuntime } from '@wirestream/runtimes'

/** Whether to skip; throws where nothing may be skipped. */
export function need(runtime: FoundRuntime | MissingRuntime): boolean {
  if (!('missing' in runtime)) return false
  if (process.env['CI']) throw new Error(`Cannot test in ${runtime.name}: ${runtime.missing}`)
  console.log(`not run: ${runtime.name}: ${runtime.missing}`)
  return true
}
