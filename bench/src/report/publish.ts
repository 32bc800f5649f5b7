// Makes what people read from the JSON of one or more runs: bench/results.md, the charts in docs, and the places in other
// documents that show them. Figures are never typed by hand.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { line } from '../progress.ts'
import type { Result } from '../result.ts'
import { codecChart, echoChart } from './charts.ts'
import { summary } from './summary.ts'
import { markdown } from './markdown.ts'
import { group } from './repeats.ts'

const root = new URL('../../../', import.meta.url)

/** Reads these files and writes the documents, into another folder if one is named. */
export function publish(files: readonly string[], into?: string): void {
  const groups = group(files.flatMap(read))
  const results = groups.map(({ result }) => result)
  const write = writer(into === undefined ? root : pathToFileURL(`${into}/`))
  write('bench/results.md', markdown(groups))
  write('docs/echo.svg', echoChart(results))
  write('docs/codec.svg', codecChart(results))
  write(
    'README.md',
    filled('README.md', 'chart', '![Messages echoed, against the server that people use](docs/echo.svg)'),
  )
  write('docs/performance.md', filled('docs/performance.md', 'figures', summary(results)))
}

function read(file: string): Result[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { results: Result[] }).results
}

function writer(folder: URL): (path: string, text: string) => void {
  return (path, text) => {
    const target = fileURLToPath(new URL(path, folder))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
    line(`wrote ${path}`)
  }
}

/** A document of ours with other content between `<!-- NAME: … -->` and `<!-- end of NAME -->`. */
function filled(path: string, name: string, content: string): string {
  const text = readFileSync(new URL(path, root), 'utf8')
  const place = new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)[^]*?(<!-- end of ${name} -->)`)
  if (!place.test(text)) throw new Error(`Cannot write ${path}: it has no place for the ${name}`)
  return text.replace(place, (_, start: string, end: string) => `${start}${content}\n${end}`)
}
