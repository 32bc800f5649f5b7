// Measures what a connection costs and guarantees when much goes through it:
// node packages/node/test/acceptance/scripts/main.mjs [PART…] [--short] [--runs N] [--json]

import process from 'node:process'
import { parseArgs } from 'node:util'
import { Report } from './report.mjs'

const known = ['receive', 'send', 'echo', 'connections', 'order']
const { values, positionals } = parseArgs({
  options: { short: { type: 'boolean' }, runs: { type: 'string', default: '1' }, json: { type: 'boolean' } },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`Cannot measure ${unknown.join(', ')}: want ${known.join(', ')}, or nothing for all of them`)
  process.exit(2)
}
const report = new Report({ json: values.json })
for (const name of positionals.length > 0 ? positionals : known) {
  const { about, run } = await import(`./${name}.mjs`)
  report.heading(about)
  await run({ short: values.short, runs: Number(values.runs), report })
}
