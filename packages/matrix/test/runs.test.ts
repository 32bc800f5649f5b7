// A matrix that cannot fail would prove nothing: what is wrong in a fixture is wrong in every runtime.

import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { type RuntimeName, runtimeNames } from '@wirestream/runtimes'
import { runEverywhere } from '../src/matrix.ts'
import { count, differences, type Outcome, table } from '../src/outcome.ts'

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))

async function run(files: string[], limit = 60_000, names?: readonly RuntimeName[]): Promise<Outcome[]> {
  const outcomes = await runEverywhere(files.map((file) => `${fixtures}/${file}`), fixtures, limit, names)
  const ran = outcomes.filter((outcome): outcome is Outcome => !('missing' in outcome))
  expect(ran.length).toBeGreaterThan(0)
  return ran
}

it('tells failed tests, skipped tests and faults apart in every runtime', { timeout: 120_000 }, async () => {
  for (const outcome of await run(['judged.ts', 'empty.ts', 'throwing.ts', 'rejecting.ts'])) {
    const { name, tests, faults } = outcome
    const names = tests.filter(({ state }) => state === 'failed').map((test) => test.name)
    const fails = ['a value', 'a promise', 'an unknown matcher', 'the wrong error', 'time', 'unreachable']
    expect([name, ...names]).toEqual([name, ...fails.map((what) => `judged.ts > fails: ${what}`)])
    expect([name, count(outcome, 'passed'), count(outcome, 'skipped')]).toEqual([name, 8, 1])
    expect(tests.map((test) => test.name)).toContain('judged.ts > suite b > doubles 2')
    expect(tests.find((test) => test.name.endsWith('unknown matcher'))?.error).toContain('toBeLikeNothing')
    const expected = [/unhandled rejection: .*left behind/s, /^empty\.ts: /, /^throwing\.ts: .*does not load/s]
    expect([name, faults.length]).toEqual([name, expected.length])
    for (const what of expected) expect(faults).toContainEqual(expect.stringMatching(what))
  }
})

it('is not fooled by a run without tests', { timeout: 120_000 }, async () => {
  for (const { faults } of await run([])) expect(faults).toContain('no test ran')
})

it('ends a runtime that hangs, and names the test', { timeout: 120_000 }, async () => {
  for (const { name, tests, faults } of await run(['hanging.ts'], 5000, ['Node 20', 'workerd', 'Chromium'])) {
    expect([name, faults.length]).toEqual([name, 1])
    expect(faults[0]).toContain('was still running after 5 s')
    if (name !== 'Chromium') expect(faults[0]).toContain('hanging.ts > spins')
    expect(tests.filter(({ state }) => state === 'failed')).toEqual([])
  }
})

it('notices a runtime that ends too early, though it says that all is well', { timeout: 120_000 }, async () => {
  for (const { name, faults } of await run(['crashing.ts'], 60_000, ['Node 20', 'Deno', 'Bun'])) {
    expect([name, faults.length]).toEqual([name, 1])
    expect(faults[0]).toMatch(/^ended before the last test, in crashing\.ts > leaves; it printed:\nlast words\n/)
  }
})

it('refuses a test file that needs what not every runtime has', async () => {
  await expect(run(['importing.ts'])).rejects.toThrow('fixtures/importing.ts:3:29: ERROR: Could not resolve "node:fs"')
})

it('says what one runtime ran and another did not', () => {
  const outcome = (name: RuntimeName, ...names: string[]): Outcome => ({
    name,
    version: '1',
    tests: names.map((test) => ({ name: test, state: 'passed' })),
    faults: [],
    milliseconds: 1200,
  })
  const [a, b] = [outcome('Node 20', 'x', 'y', 'y'), outcome('Bun', 'x', 'y', 'z')]
  expect(differences(a, a)).toEqual([])
  expect(differences(a, b)).toEqual(['Bun did not run what Node 20 ran: y', 'Node 20 did not run what Bun ran: z'])
  expect(table([a, b, { name: 'Deno', missing: 'not installed' }])).toBe(
    [
      'runtime  version  passed  failed   time',
      'Node 20  1             3       0  1.2 s',
      'Bun      1             3       0  1.2 s',
      'Deno     not run: not installed',
    ].join('\n'),
  )
  expect(runtimeNames).toHaveLength(8)
})
