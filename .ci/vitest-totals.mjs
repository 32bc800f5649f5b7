// Reads vitest's JSON report and prints `PASSED FAILED`. What a report can hide counts as failed: a test file that
// ran no test, a test file that the report does not name, an error outside every test, and a runtime of the matrix that
// ran other tests of the codec than vitest itself did.
// Usage: node .ci/vitest-totals.mjs REPORT

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { codecTests } from '../packages/matrix/dist/bundle.js'
import { runtimeNames } from '../packages/runtimes/dist/index.js'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
// Not from the packages' folders: their node_modules link to each other, and a walk would never end.
const files = [...readdirSync('packages').map((name) => `packages/${name}/test`), 'bench/test']
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`))
  .filter((path) => path.endsWith('.test.ts'))

const resultOf = (path) => report.testResults.find(({ name }) => name === resolve(path))
const isRun = ({ status }) => status === 'passed' || status === 'failed'
const runIn = (path) => resultOf(path)?.assertionResults.filter(isRun) ?? []

let failed = report.numFailedTests
for (const path of files) {
  for (const test of resultOf(path)?.assertionResults ?? []) {
    if (!isRun(test)) console.error(`not run (${test.status}): ${path}: ${test.fullName}`)
  }
  if (runIn(path).length > 0) continue
  console.error(`FAILED  ${path} ran no test`)
  failed++
}
if (files.length === 0) failed++

// The matrix names each test `file > suites > test` below its runtime; two more tests per runtime judge the run. A test that
// was skipped did not run, here as in vitest itself.
const expected = codecTests().reduce((sum, path) => sum + runIn(path).length, 0)
for (const runtime of runtimeNames) {
  const own = runIn('packages/matrix/test/codec.test.ts').filter(({ ancestorTitles }) => ancestorTitles[0] === runtime)
  const ran = own.filter(({ title }) => title.includes('.test.ts > ')).length
  if (ran === expected && own.length === ran + 2) continue
  console.error(`FAILED  ${runtime} ran ${ran} tests of the codec, vitest ${expected}`)
  failed++
}
if (!report.success && failed === 0) failed++ // an error outside every test
console.log(`${report.numPassedTests} ${failed}`)
