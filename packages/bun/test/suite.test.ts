// Law: the adapter for Bun passes the one suite of all adapters, in Bun. Each test of the suite is a test here.

import { findRuntime } from '@wirestream/runtimes'
import { runSuite, type SuiteRun } from '@wirestream/testing'
import { rawAdapterTestNames } from '@wirestream/testing/adapter-suite'
import process from 'node:process'
import { beforeAll, expect, test } from 'vitest'
import { ownTests } from './own.ts'

const bun = await findRuntime('Bun')
const names = [...rawAdapterTestNames(), ...ownTests.map(({ name }) => name)]

if ('missing' in bun) {
  test(`not run: Bun: ${bun.missing}`, (context) => {
    expect(process.env['CI'], 'CI has every runtime').toBeUndefined()
    context.skip()
  })
} else {
  const args = ['--conditions=@wirestream/source']
  let run: SuiteRun

  beforeAll(async () => {
    run = await runSuite(bun.program, args, new URL('suite.ts', import.meta.url), names)
  }, 320_000)

  for (const name of names) test(name, () => run.check(name))

  test('every test ran, and the process ended by itself', () => run.checkEnd())
}
