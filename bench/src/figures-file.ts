// The JSON file of figures: written while suites run, read by the report. What it holds is judged when it is read.

import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import type { Result } from './result.ts'
import { UsageError } from './usage-error.ts'

/** What a run writes. */
export interface Figures {
  quick: boolean
  machine: string
  date: string
  results: readonly Result[]
}

const texts = ['suite', 'case', 'runtime', 'version', 'unit', 'rival', 'rivalVersion', 'machine', 'date'] as const
const numbers = ['ours', 'theirs', 'ratio', 'low', 'high', 'rounds'] as const

/** Throws a `UsageError` where the file cannot be written. What is in it stays. */
export function checkWritable(file: string): void {
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    throw new UsageError(`Cannot run bench: --json must be a file that can be written, got ${named(file, error)}`)
  }
}

/** Writes the file anew. */
export function writeFigures(file: string, figures: Figures): void {
  writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`)
}

/** The results in a file, at least one. Throws a `UsageError` for any other file. */
export function readFigures(file: string): Result[] {
  const wrong = (what: string) =>
    new UsageError(`Cannot report: want a file that --json wrote, got ${JSON.stringify(file)}, ${what}`)
  const results = resultsIn(parsed(readText(file), wrong))
  if (results.length === 0) throw wrong('which has no results')
  const odd = results.findIndex((result) => !isResult(result))
  if (odd >= 0) throw wrong(`whose result ${odd + 1} of ${results.length} is none`)
  return results as Result[]
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`Cannot report: want a file that can be read, got ${named(file, error)}`)
  }
}

function parsed(text: string, wrong: (what: string) => Error): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong('which is not JSON')
  }
}

function resultsIn(content: unknown): unknown[] {
  const { results } = (content ?? {}) as { results?: unknown }
  return Array.isArray(results) ? results : []
}

function isResult(value: unknown): value is Result {
  const one = (value ?? {}) as Record<string, unknown>
  return texts.every((name) => typeof one[name] === 'string') && numbers.every((name) => typeof one[name] === 'number')
}

/** A file and the system's word for what is wrong with it. */
function named(file: string, error: unknown): string {
  return `${JSON.stringify(file)} (${(error as NodeJS.ErrnoException).code})`
}
