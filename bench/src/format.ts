// How figures are written: one line for each comparison, and its parts for the tables.

import { cpus, totalmem } from 'node:os'
import process from 'node:process'
import { line } from './progress.ts'
import { reaches, type Result } from './result.ts'

/** The machine, in one line. */
export function machine(): string {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpu?.model.trim() ?? 'unknown'} × ${cpus().length}, ${memory} GiB, ${process.platform} ${process.arch}`
}

/** One comparison. */
export function row(result: Result): void {
  const { case: name, ours, theirs, unit, rival, bar } = result
  const judged = bar === undefined ? '' : `${reaches(result, bar) ? 'ok' : 'BELOW'} (${limit(result)})`
  const figures = `${short(ours)} : ${short(theirs)} ${unit}`
  line(`${name.padEnd(40)} ${rival.padEnd(21)} ${figures.padEnd(31)} ${spread(result).padEnd(24)} ${judged}`.trimEnd())
}

/** What a result has to reach: `at least 1.2`. */
export function limit({ bar, atMost }: Result): string {
  return bar === undefined ? '' : `${atMost ? 'at most' : 'at least'} ${bar}`
}

/** `2.41× (2.30–2.55)`, or `+3.2 (1.0–4.1) MiB`. */
export function spread({ ratio, low, high, by, unit }: Result): string {
  if (by === 'difference') {
    return `${ratio < 0 ? '' : '+'}${ratio.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)}) ${unit}`
  }
  return `${ratio.toFixed(2)}× (${low.toFixed(2)}–${high.toFixed(2)})`
}

/** `1.23 M`, `45.6 k`, `789`. */
export function short(value: number): string {
  for (const [unit, size] of [['G', 1e9], ['M', 1e6], ['k', 1e3]] as const) {
    if (Math.abs(value) >= size) return `${(value / size).toPrecision(3)} ${unit}`
  }
  return value.toPrecision(3)
}

/** `16 B`, `64 KiB`, `1 MiB`. */
export function size(bytes: number): string {
  if (bytes >= 2 ** 30) return `${bytes / 2 ** 30} GiB`
  if (bytes >= 2 ** 20) return `${bytes / 2 ** 20} MiB`
  return bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`
}
