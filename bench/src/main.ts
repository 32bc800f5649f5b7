// Runs suites by name: `npm run bench -- echo --runtime bun --quick --json figures.json`. One file in `suites/` is one suite.

import { readdirSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { endChildrenWithUs } from './child.ts'
import { FULL, QUICK } from './harness.ts'
import { line, machine, row } from './report.ts'
import { type Result, resultOf } from './result.ts'
import { publish } from './publish.ts'
import type { Suite } from './suite.ts'
import { choices, startLoad, type Target, targetsOf } from './target.ts'

/** The suites by file name, those of `all` in the order in which they run. */
const order = ['codec', 'streams', 'echo', 'fanout', 'connect', 'memory']
const suites = await findSuites()

const { names, files, runtime, quick, json } = readArguments()
const common = { quick, machine: machine(), date: new Date().toISOString() }
const results: Result[] = []
if (files !== undefined) publish(files)
else await runAll()

async function runAll(): Promise<void> {
  endChildrenWithUs()
  const targets = await targetsOf(runtime, quick)
  for (const target of targets) {
    for (const name of names) await run(name, target)
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ ...common, results }, null, 2)}\n`)
  if (targets.length === 0) process.exitCode = 1
}

async function run(name: string, target: Target): Promise<void> {
  const suite = suites.get(name)!
  if (suite.adapters !== undefined && !suite.adapters.includes(target.adapter)) return
  const effort = quick ? QUICK : FULL
  line(`\n${name} on ${target.name} (${target.version})${quick ? '   QUICK: for a look, not for quoting' : ''}`)
  line(`${common.date} · ${common.machine} · ${effort.rounds} rounds of ${effort.seconds} s, the median and the spread`)
  const load = startLoad()
  try {
    await suite.run({
      target,
      effort,
      quick,
      load,
      note: line,
      report(measured) {
        const result = resultOf(name, measured, common)
        results.push(result)
        row(result)
      },
    })
  } finally {
    await load.stop()
  }
}

async function findSuites(): Promise<Map<string, Suite>> {
  const folder = new URL('suites/', import.meta.url)
  const names = readdirSync(fileURLToPath(folder)).flatMap((file) => /^([a-z-]+)\.js$/.exec(file)?.[1] ?? [])
  names.sort((a, b) => order.indexOf(a) - order.indexOf(b))
  const modules = await Promise.all(names.map((name) => import(new URL(`${name}.js`, folder).href)))
  return new Map(names.map((name, i) => [name, (modules[i] as { default: Suite }).default]))
}

function readArguments() {
  const all = [...suites.keys()].filter((name) => suites.get(name)!.inAll)
  try {
    const { values, positionals } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        runtime: { type: 'string', default: 'node' },
        json: { type: 'string' },
      },
      allowPositionals: true,
    })
    if (positionals[0] === 'report' && positionals.length > 1) {
      return { names: [], files: positionals.slice(1), runtime: 'all', quick: false, json: undefined }
    }
    const names = [...new Set(positionals.flatMap((name) => (name === 'all' ? all : [name])))]
    const unknown = names.filter((name) => !suites.has(name))
    if (unknown.length > 0) throw new Error(`Cannot run bench: ${unknown.join(', ')} is not known`)
    if (names.length === 0) throw new Error('Cannot run bench: no suite was named')
    if (choices[values.runtime!] === undefined) throw new Error(`Cannot run bench: ${values.runtime} is not known`)
    return { names, files: undefined, runtime: values.runtime!, quick: values.quick!, json: values.json }
  } catch (error) {
    console.error((error as Error).message)
    console.error('usage: npm run bench -- SUITE… [--runtime R] [--quick] [--json FILE]   with SUITE one of:')
    for (const [name, { about }] of suites) console.error(`  ${name.padEnd(12)} ${about}`)
    console.error(`  ${'all'.padEnd(12)} ${all.join(', ')}`)
    console.error(`and R one of: ${Object.keys(choices).join(', ')}`)
    console.error(
      '   or: npm run bench -- report FILE…   writes bench/results.md and the charts in docs from such files',
    )
    process.exit(2)
  }
}
