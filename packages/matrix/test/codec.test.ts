// Part 5 of the promise "every JavaScript runtime": each test of the codec, once per runtime. The runs happen while this
// file is collected; each of their results is a test here, so that a total counts it and a failure names it.

import process from 'node:process'
import { afterAll, describe, expect, it } from 'vitest'
import { runMatrix } from '../src/matrix.ts'
import { differences, type Outcome, table } from '../src/outcome.ts'

const outcomes = await runMatrix()
const ran = outcomes.filter((outcome): outcome is Outcome => !('missing' in outcome))

afterAll(() => console.log(table(outcomes)))

describe.each(outcomes.map((outcome) => [outcome.name, outcome] as const))('%s', (_name, outcome) => {
  if ('missing' in outcome) {
    const why = `is not run: ${outcome.missing}`
    if (process.env['CI']) it(why, () => expect.unreachable(why))
    else it.skip(why)
    return
  }
  for (const { name, state, error } of outcome.tests) {
    if (state === 'skipped') it.skip(name)
    else it(name, () => expect(error).toBeUndefined())
  }
  it('ends well', () => expect(outcome.faults).toEqual([]))
  it('runs the same tests as the first', () => expect(differences(ran[0]!, outcome)).toEqual([]))
})
