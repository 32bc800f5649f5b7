// `npm run matrix`: runs the codec's tests in every runtime and prints the table. Exits with 1 unless every runtime that
// is here ran the same tests and passed them; where CI is set, all runtimes must be here.

import process from 'node:process'
import { runMatrix } from './matrix.ts'
import { differences, type Outcome, table } from './outcome.ts'

const outcomes = await runMatrix()
const ran = outcomes.filter((outcome): outcome is Outcome => !('missing' in outcome))
const problems = [
  ...ran.flatMap(({ name, faults }) => faults.map((fault) => `${name}: ${fault}`)),
  ...ran.flatMap(({ name, tests }) =>
    tests.filter(({ state }) => state === 'failed').map((test) => `${name}: ${test.name}: ${test.error}`)
  ),
  ...ran.slice(1).flatMap((outcome) => differences(ran[0]!, outcome)),
]
if (process.env['CI']) {
  problems.push(...outcomes.filter((one) => 'missing' in one).map(({ name }) => `${name}: not run`))
}
for (const problem of problems) console.error(`${problem}\n`)
console.log(table(outcomes))
process.exitCode = problems.length > 0 ? 1 : 0
