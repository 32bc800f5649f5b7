// Runs suites by name: `npm run bench -- echo --runtime bun --quick --json figures.json`. One file in `suites/` is one suite.

import { readdirSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type Command, readCommand } from './command.ts'
import { endChildrenWithUs } from './child.ts'
import { checkWritable, writeFigures } from './figures-file.ts'
import { FULL, QUICK } from './harness.ts'
import { begin, end, line, position, show } from './progress.ts'
import { publish } from './report/publish.ts'
import { machine, row } from './format.ts'
import { type Measured, type Result, resultOf } from './result.ts'
import type { Suite, SuitePlan } from './suite.ts'
import { startLoad, targetsOf } from './target.ts'
import { UsageError } from './usage-error.ts'

/** The suites of `all`, in the order in which they run. */
const order = ['codec', 'streams', 'echo', 'fanout', 'connect', 'crowd', 'memory']

const suites = await findSuites()
try {
  const command = readCommand(process.argv.slice(2), suites)
  if (command.do === 'help') line(command.text)
  else if (command.do === 'report') publish(command.files, command.into)
  else await runAll(command)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}

async function runAll({ names, runtime, quick, json }: Command & { do: 'run' }): Promise<void> {
  if (json !== undefined) checkWritable(json)
  endChildrenWithUs()
  const common = { quick, machine: machine(), date: new Date().toISOString() }
  const effort = quick ? QUICK : FULL
  const targets = await targetsOf(runtime, quick)
  const plans = targets.flatMap((target) =>
    names.map((name) => ({ name, suite: suites.get(name)!, plan: { target, effort, quick } }))
      .filter(({ suite: { adapters } }) => adapters === undefined || adapters.includes(target.adapter))
  )
  begin(plans.reduce((sum, { suite, plan }) => sum + suite.seconds(plan), 0))
  const results: Result[] = []
  const save = () => {
    if (json !== undefined) writeFigures(json, { ...common, results })
  }
  for (const { name, suite, plan } of plans) {
    const report = (measured: Measured) => {
      const result = resultOf(name, measured, common)
      results.push(result)
      row(result)
    }
    const fail = (what: string) => (error: unknown) => {
      line(`FAILED ${what}: ${(error as Error).message}`)
      process.exitCode = 1
    }
    // A suite that fails costs its own figures, not those of the others; so does a disk that is full.
    await run(name, suite, plan, report).catch(fail(`${name} on ${plan.target.name}`))
    await Promise.resolve().then(save).catch(fail('to save the figures'))
  }
  end()
  if (plans.length === 0) process.exitCode = 1
}

async function run(
  name: string,
  suite: Suite,
  plan: SuitePlan,
  report: (measured: Measured) => void,
): Promise<void> {
  const { target, effort, quick } = plan
  const rounds = `${effort.rounds} rounds of ${effort.seconds} s, the median and the spread`
  line(`\n${name} on ${target.name} (${target.version})${quick ? '   QUICK: for a look, not for quoting' : ''}`)
  line(`${machine()} · ${rounds} · ${position()}`)
  const load = startLoad()
  try {
    const doing = (what: string) => show(`${name} on ${target.name}: ${what}`)
    await suite.run({ ...plan, load, note: line, doing, report })
  } finally {
    await load.stop()
  }
}

async function findSuites(): Promise<Map<string, Suite>> {
  const folder = new URL('suites/', import.meta.url)
  const names = readdirSync(fileURLToPath(folder)).flatMap((file) => /^([a-z-]+)\.js$/.exec(file)?.[1] ?? [])
  const place = (name: string) => order.includes(name) ? order.indexOf(name) : order.length
  names.sort((a, b) => place(a) - place(b))
  const modules = await Promise.all(names.map((name) => import(new URL(`${name}.js`, folder).href)))
  return new Map(names.map((name, i) => [name, (modules[i] as { default: Suite }).default]))
}
