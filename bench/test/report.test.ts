// Law: a report takes nothing away from the documents that it has no figures for, and says what is missing.

import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { publish } from '../src/report/publish.ts'
import { runtimes, shown } from '../src/report/shown.ts'
import type { Result } from '../src/result.ts'
import codec from '../src/suites/codec.ts'
import echo from '../src/suites/echo.ts'
import linear from '../src/suites/linear.ts'
import { resultFor } from './result-for.ts'

/** Something of all that the documents show. */
const complete = Object.entries(shown).flatMap(([suite, names]) =>
  names.map((name) =>
    resultFor(suite, suite === 'echo' ? '64 B, 1 × 1, pipe' : 'decode binary, 16 B', 2, name as never)
  )
)

/** A folder with the documents as they stand in this repository, and a file of these results beside them. */
function setUp(results: readonly unknown[]): { home: string; file: string; into: string } {
  const folder = mkdtempSync(join(tmpdir(), 'wirestream-report-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [home, file] = [join(folder, 'home'), join(folder, 'figures.json')]
  for (const path of ['README.md', 'docs/performance.md', 'docs/echo.svg', 'bench/results.md']) {
    cpSync(new URL(`../../${path}`, import.meta.url), join(home, path))
  }
  writeFileSync(file, JSON.stringify({ results }))
  return { home, file, into: join(folder, 'into') }
}

/** Every file of a folder, by its path. */
function filesOf(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.\w+$/.test(path)).sort()
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]))
}

const without = (gone: (result: Result) => boolean) => complete.filter((result) => !gone(result))

describe('the documents of the repository', () => {
  test('are written from full figures of all that they show', () => {
    const { home, file } = setUp(complete)
    publish([file], undefined, pathToFileURL(`${home}/`))
    const written = filesOf(home)
    for (const name of runtimes) expect(written['bench/results.md']).toContain(`| ${name} | 64 B, 1 × 1, pipe |`)
    expect(written['docs/performance.md']).toContain('| 64 B, 1 × 1, pipe | 2.00× | 2.00× | 2.00× | 2.00× |')
  })

  test.each([
    ['no echo', without(({ suite }) => suite === 'echo'), 'none of echo on Node 26, Node 20, Bun, Deno ('],
    ['no echo on Bun', without(({ suite, runtime }) => suite === 'echo' && runtime === 'Bun'), 'none of echo on Bun ('],
    ['quick figures', complete.map((result) => ({ ...result, quick: true })), 'none of echo on Node 26'],
    [
      'quick figures of two suites',
      complete.map((result) => ({ ...result, quick: ['codec', 'linear'].includes(result.suite) })),
      'none of codec on Node 26, Node 20; linear on Node 26, Node 20 (',
    ],
  ])('stay as they are: %s', (_what, results, missing) => {
    const { home, file } = setUp(results)
    const before = filesOf(home)
    for (const into of [undefined, home]) {
      expect(() => publish([file], into, pathToFileURL(`${home}/`))).toThrow(
        `Cannot report: want full figures of all that the documents show, got ${missing}`,
      )
    }
    expect(filesOf(home)).toEqual(before)
  })

  test('show each suite on the runtimes that it can run on', () => {
    const nodes = runtimes.filter((name) => name.startsWith('Node'))
    for (const [name, suite] of Object.entries({ codec, echo, linear })) {
      expect(shown[name]).toEqual(suite.adapters === undefined ? runtimes : nodes)
    }
  })
})

describe('another folder', () => {
  test('gets what there is, and no chart or table without figures', () => {
    const { file, into } = setUp(complete.filter(({ suite }) => suite === 'codec'))
    publish([file], into)
    expect(Object.keys(filesOf(into))).toEqual(['bench/results.md', 'docs/codec.svg'])
  })

  test('gets quick figures with a word that they are', () => {
    const { file, into } = setUp([{ ...complete[0], quick: true }])
    publish([file], into)
    const written = filesOf(into)
    expect(written['bench/results.md']).toContain('**From a quick run: not for quoting.**')
    expect(written['docs/echo.svg']).toContain('QUICK')
    expect(written['docs/performance.md']).toContain('QUICK')
    expect(existsSync(join(into, 'docs/codec.svg'))).toBe(false)
  })
})

test.each([
  ['that has none', [], 'which has no results'],
  ['one of which is none', [complete[0], { suite: 'echo', ratio: null }], 'whose result 2 of 2 is none'],
])('results are wanted, not a file %s', (_what, results, complaint) => {
  const { file, into } = setUp(results)
  expect(() => publish([file], into)).toThrow(complaint)
  expect(existsSync(into)).toBe(false)
})
