// Runs suites by name: `npm run bench -- codec --quick --json figures.json`. One file in `suites/` is one suite.

import { readdirSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FULL, QUICK } from './harness.ts'
import { environment, Reporter } from './report.ts'
import type { Suite } from './suite.ts'

const folder = new URL('suites/', import.meta.url)
const known = readdirSync(fileURLToPath(folder)).filter((file) => /^[a-z-]+\.js$/.test(file)).map((file) =>
  file.slice(0, -3)
)
const suites = new Map<string, Suite>()
for (const name of known) {
  const module = await import(new URL(`${name}.js`, folder).href) as { default: Suite }
  suites.set(name, module.default)
}

const { names, quick, json } = readArguments()
const options = { effort: quick ? QUICK : FULL, quick, report: new Reporter() }
const results: Record<string, unknown> = {}
const began = environment([...new Set(names.flatMap((name) => suites.get(name)!.packages))])
for (const name of names) results[name] = await suites.get(name)!.run(options)
if (json !== undefined) writeFileSync(json, `${JSON.stringify({ quick, ...began, results }, null, 2)}\n`)

function readArguments(): { names: string[]; quick: boolean; json: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
      allowPositionals: true,
    })
    const names = [...new Set(positionals.flatMap((name) => (name === 'all' ? known.filter(isInAll) : [name])))]
    const unknown = names.filter((name) => !suites.has(name))
    if (unknown.length > 0) throw new Error(`Cannot run bench: ${unknown.join(', ')} is not known`)
    if (names.length === 0) throw new Error('Cannot run bench: no suite was named')
    return { names, quick: values.quick ?? false, json: values.json }
  } catch (error) {
    console.error((error as Error).message)
    console.error('usage: npm run bench -- SUITE… [--quick] [--json FILE]   with SUITE one of:')
    for (const [name, { about }] of suites) console.error(`  ${name.padEnd(12)} ${about}`)
    console.error(`  ${'all'.padEnd(12)} ${known.filter(isInAll).join(', ')}`)
    process.exit(2)
  }
}

function isInAll(name: string): boolean {
  return suites.get(name)!.inAll
}
