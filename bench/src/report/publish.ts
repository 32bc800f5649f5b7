// Makes what people read from the JSON of one or more runs: bench/results.md, the charts in docs, and the places in other
// documents that show them. Figures are never typed by hand.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { readFigures } from '../figures-file.ts'
import { line } from '../progress.ts'
import type { Result } from '../result.ts'
import { UsageError } from '../usage-error.ts'
import { codecChart, echoChart } from './charts.ts'
import { summary } from './summary.ts'
import { markdown } from './markdown.ts'
import { type Group, group } from './repeats.ts'
import { lacking } from './shown.ts'

const root = new URL('../../../', import.meta.url)
const CHART = '![Messages echoed, against the server that people use](docs/echo.svg)'

/**
 * Reads these files and writes the documents: those of `home`, which must lose nothing by it, or what can be made of the files into
 * another folder. Throws a `UsageError` before anything is written.
 */
export function publish(files: readonly string[], into?: string, home: URL = root): void {
  const groups = group(files.flatMap(readFigures))
  const folder = into === undefined ? home : pathToFileURL(`${into}/`)
  if (folder.href === home.href) checkComplete(groups.map(({ result }) => result))
  for (const [path, text] of documents(groups, home)) {
    if (text === undefined) line(`left out ${path}: no figures for it`)
    else write(path, text, folder)
  }
}

function checkComplete(results: readonly Result[]): void {
  const missing = lacking(results)
  if (missing.length === 0) return
  const why = `want full figures of all that the documents show, got none of ${missing.join('; ')}`
  throw new UsageError(`Cannot report: ${why} (--into FOLDER writes what there is)`)
}

/** Each document and its text; undefined where nothing was measured that it shows. */
function documents(groups: readonly Group[], home: URL): [path: string, text: string | undefined][] {
  const results = groups.map(({ result }) => result)
  const echo = echoChart(results)
  return [
    ['bench/results.md', markdown(groups)],
    ['docs/echo.svg', echo],
    ['docs/codec.svg', codecChart(results)],
    ['README.md', filled(home, 'README.md', 'chart', echo && CHART)],
    ['docs/performance.md', filled(home, 'docs/performance.md', 'figures', summary(results))],
  ]
}

function write(path: string, text: string, folder: URL): void {
  const target = fileURLToPath(new URL(path, folder))
  try {
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  } catch (error) {
    throw new UsageError(`Cannot report: cannot write ${target} (${(error as NodeJS.ErrnoException).code})`)
  }
  line(`wrote ${path}`)
}

/** A document of ours with other content between `<!-- NAME: … -->` and `<!-- end of NAME -->`. */
function filled(home: URL, path: string, name: string, content: string | undefined): string | undefined {
  if (content === undefined) return undefined
  const text = readFileSync(new URL(path, home), 'utf8')
  const place = new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)[^]*?(<!-- end of ${name} -->)`)
  if (!place.test(text)) throw new Error(`Cannot write ${path}: it has no place for the ${name}`)
  return text.replace(place, (_, start: string, end: string) => `${start}${content}\n${end}`)
}
