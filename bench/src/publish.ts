// Makes what people read from the JSON of one or more runs: bench/results.md and the charts in docs.

import { readFileSync, writeFileSync } from 'node:fs'
import { chart, type Panel } from './chart.ts'
import { line } from './progress.ts'
import { limit, short, spread } from './report.ts'
import { reaches, type Result } from './result.ts'
import { PLAIN_WS, TCP } from './rivals.ts'

const root = new URL('../../', import.meta.url)

/** Reads these files, the later ones in place of the same figures in earlier ones, and writes the documents. */
export function publish(files: readonly string[], _into?: string): void {
  const newest = new Map<string, Result>()
  for (const file of files) {
    const { results } = JSON.parse(readFileSync(file, 'utf8')) as { results: Result[] }
    for (const result of results) newest.set(`${result.suite} ${result.case} ${result.runtime} ${result.rival}`, result)
  }
  const results = [...newest.values()]
  write('bench/results.md', markdown(results))
  write(
    'docs/echo.svg',
    chart('Echo through Web Streams, against the server that people use there', echoPanels(results)),
  )
  write('docs/codec.svg', chart('The codec alone, against receiver and sender of ws', codecPanels(results)))
}

function write(path: string, text: string): void {
  writeFileSync(new URL(path, root), text)
  line(`wrote ${path}`)
}

// ── Tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

function markdown(results: Result[]): string {
  const judged = results.filter(({ bar }) => bar !== undefined)
  const count = (states: string[]) => judged.filter((result) => states.includes(state(result))).length
  const quick = results.some(({ quick }) => quick)
  return `# Results

Written by \`npm run bench -- report\` from measured figures; do not edit.${
    quick ? ' **From a quick run: not for quoting.**' : ''
  }

${conditions(results)}

Ours : theirs, the median of the rounds, and the lowest and highest round. All sides of a case take turns within each
round, so a ratio is worth more than the figures that it comes from. Rates: higher is better; memory: lower.

## What has to be reached

${count(['goal', 'floor'])} of ${judged.length} floors are reached, ${count(['goal'])} of as many goals.

${
    table(
      ['suite', 'case', 'runtime', 'against', 'measured', 'floor', 'goal', ''],
      judged.map((result) => [
        result.suite,
        result.case,
        result.runtime,
        result.rival,
        spread(result),
        limit(result),
        String(result.goal),
        state(result),
      ]),
    )
  }
${[...new Set(results.map(({ suite }) => suite))].map((suite) => section(suite, results)).join('\n')}`
}

function conditions(results: Result[]): string {
  const runtimes = new Set(
    results.map(({ runtime, version, machine, date }) => `${runtime} (${version}): ${machine}, ${date.slice(0, 10)}`),
  )
  return [...runtimes].map((text) => `- ${text}`).join('\n')
}

function state(result: Result): string {
  if (reaches(result, result.goal!)) return 'goal'
  return reaches(result, result.bar!) ? 'floor' : '**below**'
}

function section(suite: string, results: Result[]): string {
  const own = results.filter((result) => result.suite === suite)
  const rows = own.map((result) => [
    result.runtime,
    result.case,
    `${result.rival} ${result.rivalVersion}`,
    `${short(result.ours)} : ${short(result.theirs)} ${result.unit}`,
    spread(result),
  ])
  return `\n## ${suite}\n\n${table(['runtime', 'case', 'against', 'ours : theirs', 'measured'], rows)}`
}

function table(heads: string[], rows: string[][]): string {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n') + '\n'
}

// ── Charts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

function echoPanels(results: Result[]): Panel[] {
  const own = results.filter(({ suite, rival, case: name }) =>
    suite === 'echo' && ![PLAIN_WS, TCP].includes(rival) && name.endsWith(', pipe')
  )
  return panels(own, (name) => name.replace(/, pipe$/, ''))
}

function codecPanels(results: Result[]): Panel[] {
  const own = results.filter(({ suite, rival, case: name }) =>
    suite === 'codec' && rival !== PLAIN_WS && /^(decode|encode) binary, ((server|client), )?\d+ \w+$/.test(name)
  )
  return panels(own, (name) => name.replace(' binary', ''))
}

/** One for each runtime and rival. */
function panels(results: Result[], label: (name: string) => string): Panel[] {
  const heads = new Set(results.map(headOf))
  return [...heads].map((head) => ({
    head,
    bars: results.filter((result) => headOf(result) === head).map((result) => ({
      ...result,
      label: label(result.case),
    })),
  }))
}

function headOf({ runtime, version, rival, rivalVersion, machine, date, quick }: Result): string {
  const versions = version === rivalVersion ? rival : `${rival} ${rivalVersion}`
  return `${runtime} (${version}) against ${versions}, ${machine}, ${date.slice(0, 10)}${quick ? ', QUICK' : ''}`
}
