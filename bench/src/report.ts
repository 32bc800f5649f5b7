// Where figures go: a table for people, JSON for machines, each with the machine, the runtime and the date.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg, totalmem } from 'node:os'
import process from 'node:process'

/** What a figure is worth nothing without. */
export interface Environment {
  date: string
  machine: string
  /** Load of the last minute when the run began: other work on the machine shows here. */
  load: number
  runtime: string
  versions: Record<string, string>
}

/** The machine, the runtime, and the versions of these packages. */
export function environment(packages: readonly string[] = []): Environment {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return {
    date: new Date().toISOString(),
    machine: `${cpu?.model ?? 'unknown'} × ${cpus().length}, ${memory} GiB, ${process.platform} ${process.arch}`,
    load: Math.round(loadavg()[0]! * 100) / 100,
    runtime: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  }
}

function versionOf(name: string): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** Prints to standard output; nothing else in the benches does. */
export class Reporter {
  line(text = ''): void {
    console.log(text)
  }

  /** The heading of a suite, with all that its figures depend on. */
  heading(title: string, { date, machine, load, runtime, versions }: Environment, quick: boolean): void {
    const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
    this.line(`\n${title}${quick ? '   (QUICK: for a look, not for quoting)' : ''}`)
    this.line([date, machine, `load ${load}`, runtime, ...packages].join(' · '))
  }

  /** A row of cells, padded to these widths; negative widths align to the right. */
  row(cells: readonly string[], widths: readonly number[]): void {
    const padded = cells.map((cell, i) => {
      const width = widths[i] ?? 0
      return width < 0 ? cell.padStart(-width) : cell.padEnd(width)
    })
    this.line(padded.join('  ').trimEnd())
  }
}

/** `1.23 M`, `45.6 k`, `789`; by powers of 1000. */
export function short(value: number): string {
  for (const [unit, size] of [['T', 1e12], ['G', 1e9], ['M', 1e6], ['k', 1e3]] as const) {
    if (value >= size) return `${(value / size).toPrecision(3)} ${unit}`
  }
  return value.toPrecision(3)
}

/** `2.41× (2.30–2.55)`. */
export function ratio({ ratio, low, high }: { ratio: number; low: number; high: number }): string {
  return `${ratio.toFixed(2)}× (${low.toFixed(2)}–${high.toFixed(2)})`
}

/** `16 B`, `64 KiB`, `1 MiB`. */
export function size(bytes: number): string {
  if (bytes >= 2 ** 20) return `${bytes / 2 ** 20} MiB`
  return bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`
}
