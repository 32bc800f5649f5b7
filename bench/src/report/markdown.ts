// The pages of figures, as Markdown.

import { short, spread } from '../format.ts'
import { reaches, type Result } from '../result.ts'
import { ITSELF, PLAIN_WS, TCP } from '../rivals.ts'
import { type Group, movement } from './repeats.ts'
import { runtimes, shown } from './shown.ts'

const suites = Object.keys(shown)
/** By how much a median may move from run to run. */
const STEADY = 0.15

/** All of it: what has to be reached, how steady it is, and everything that was measured. */
export function markdown(groups: readonly Group[]): string {
  const results = inOrder(groups.map(({ result }) => result))
  const quick = results.some(({ quick }) => quick)
  return `# Results

Written by \`npm run bench -- report\` from measured figures; do not edit.${
    quick ? ' **From a quick run: not for quoting.**' : ''
  }

${conditions(results)}

All sides of a case take turns within each round, so a ratio is worth more than the rates that it comes from. A figure is
the median of ${
    rounds(results)
  } rounds, and in brackets the lowest and the highest of them. How it is measured, and what to
make of it: [docs/performance.md](../docs/performance.md).

## What has to be reached

${reached(results)}
${repeated(groups)}${[...new Set(results.map(({ suite }) => suite))].map((suite) => section(suite, results)).join('')}`
}

function rounds(results: readonly Result[]): string {
  const counts = results.filter(({ suite }) => suite !== 'linear').map(({ rounds }) => rounds)
  return [...new Set(counts)].join(' or ')
}

/** A Markdown table. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n') + '\n'
}

/** Machine, versions and date, a line for each runtime. */
export function conditions(results: readonly Result[]): string {
  const lines = inOrder(results).map(({ runtime, version, machine, date, quick }) =>
    `- ${runtime} (${version}): ${machine}, ${date.slice(0, 10)}${quick ? ', QUICK' : ''}`
  )
  return [...new Set(lines)].join('\n')
}

/** The runtimes that were measured, in the order of the tables. */
export function measuredOn(results: readonly Result[]): string[] {
  return runtimes.filter((name) => results.some(({ runtime }) => runtime === name))
}

function inOrder(results: readonly Result[]): Result[] {
  const place = ({ suite, runtime }: Result) => suites.indexOf(suite) * runtimes.length + runtimes.indexOf(runtime)
  return [...results].sort((a, b) => place(a) - place(b))
}

function reached(results: readonly Result[]): string {
  const judged = results.filter(({ bar }) => bar !== undefined)
  const count = (what: 'bar' | 'goal') => judged.filter((result) => reaches(result, result[what]!)).length
  const names = measuredOn(judged)
  const rows = new Map<string, Result[]>()
  for (const result of judged) {
    const name = `${result.suite}: ${result.case}${result.rival === PLAIN_WS ? ', against ws without add-ons' : ''}`
    rows.set(name, [...rows.get(name) ?? [], result])
  }
  const cells = [...rows].map(([name, row]) => [
    name,
    ...names.map((runtime) => row.filter((result) => result.runtime === runtime).map(cell).join('<br>')),
  ])
  return `${count('bar')} of ${judged.length} floors are reached, and ${
    count('goal')
  } goals. Below a figure: the floor → the goal, and
which of them it reaches. Memory, crowds and instructions are to stay at or below theirs.

${table(['', ...names], cells)}`
}

function cell(result: Result): string {
  const { bar, goal, rival } = result
  const figures = bar === goal ? `${bar}` : `${bar} → ${goal}`
  const state = !reaches(result, bar!) ? '**below**' : reaches(result, goal!) ? 'goal' : 'floor'
  return `${spread(result)}${rival === TCP ? ' of TCP' : ''}<br>${figures}: ${state}`
}

function repeated(groups: readonly Group[]): string {
  const moved = groups.flatMap((group) => {
    const by = movement(group)
    return by === undefined ? [] : [{ ...group, by }]
  })
  if (moved.length === 0) return ''
  const far = moved.filter(({ by }) => by > STEADY).sort((a, b) => b.by - a.by)
  const rows = far.map(({ result, ratios, by }) => [
    `${result.suite}: ${result.case}`,
    result.runtime,
    result.rival,
    ratios.map((ratio) => `${ratio.toFixed(2)}×`).join(', '),
    `${Math.ceil(by * 100)} %`,
  ])
  return `
## How steady it is

${moved.length} comparisons were measured in ${Math.max(...moved.map(({ ratios }) => ratios.length))} runs. In ${
    moved.length - far.length
  } of them the highest median is at most ${STEADY * 100} % above the lowest.

${far.length === 0 ? '' : `The others:\n\n${table(['case', 'runtime', 'against', 'medians', 'apart'], rows)}`}`
}

function section(suite: string, results: readonly Result[]): string {
  const rows = results.filter((result) => result.suite === suite).map((result) => [
    result.runtime,
    result.case,
    result.rival === ITSELF ? ITSELF : `${result.rival} ${result.rivalVersion}`,
    `${short(result.ours)} : ${short(result.theirs)} ${result.unit}`,
    spread(result),
  ])
  return `\n## ${suite}\n\n${table(['runtime', 'case', 'against', 'ours : theirs', 'measured'], rows)}`
}
