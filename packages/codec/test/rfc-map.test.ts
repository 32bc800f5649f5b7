// Law: docs/rfc6455-map.md has every rule once, and every file and every test that it names exists under that very name.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const page = readFileSync(`${root}docs/rfc6455-map.md`, 'utf8')

/** How many rules of RFC 6455 the map numbers. */
const RULES = 53

describe('the map of RFC 6455', () => {
  test('has each rule once, in order', () => {
    expect(rowsOf(page).map(({ number }) => number)).toEqual(Array.from({ length: RULES }, (_, i) => i + 1))
  })

  test('names files and tests that exist, and for each rule a source and a test, or why not', () => {
    expect(faultsOf(page)).toEqual([])
  })

  test.each([
    ['a missing source', 'frame/header.ts', 'frame/heads.ts', 'no source frame/heads.ts'],
    ['a missing test file', '`frame/rules.test.ts`', '`frame/role.test.ts`', 'no test file frame/role.test.ts'],
    [
      'a renamed test',
      '"a client refuses a masked frame"',
      '"a client takes a masked frame"',
      'no test "a client takes',
    ],
  ])('%s is caught', (_, here, wrong, fault) => {
    const faults = faultsOf(page.replace(here, wrong))
    expect(faults.length).toBeGreaterThan(0)
    expect(faults[0]).toContain(fault)
  })

  test('a rule without a test is caught', () => {
    const rows = rowsOf(page)
    const row = rows.find(({ tests }) => tests.length > 0)!
    expect(judge({ ...row, tests: [] })).toEqual([`rule ${row.number}: neither tested nor excused`])
    expect(rows.some(({ excuse }) => excuse !== undefined)).toBe(true)
  })
})

interface Row {
  number: number
  sources: string[]
  tests: { file: string; name: string }[]
  /** Why the rule is not ours. */
  excuse: string | undefined
}

/** The rows of every table whose first cell is a number. */
function rowsOf(text: string): Row[] {
  return [...text.matchAll(/^\| (\d+) \|(.+)\|(.+)\|(.+)\|$/gm)].map(([, number, , sources, tests]) => {
    const excuse = /^ not ours: /.test(tests!) ? tests!.trim() : undefined
    return {
      number: Number(number),
      sources: [...sources!.matchAll(/`([^`]+)`/g)].map(([, file]) => file!),
      tests: excuse === undefined ? testsOf(tests!) : [],
      excuse,
    }
  })
}

/** Files in backquotes, each followed by names of tests in double quotes. */
function testsOf(cell: string): Row['tests'] {
  let file = ''
  return [...cell.matchAll(/`([^`]+)`|"([^"]+)"/g)].flatMap(([, path, name]) => {
    if (path !== undefined) file = path
    return name === undefined ? [] : [{ file, name }]
  })
}

function faultsOf(text: string): string[] {
  return rowsOf(text).flatMap(judge)
}

function judge({ number, sources, tests, excuse }: Row): string[] {
  const faults = sources.filter((file) => !existsSync(inside('src', file))).map((file) => `no source ${file}`)
  if (excuse === undefined && (tests.length === 0 || sources.length === 0)) faults.push('neither tested nor excused')
  for (const { file, name } of tests) {
    if (!existsSync(inside('test', file))) faults.push(`no test file ${file}`)
    else if (!hasTest(readFileSync(inside('test', file), 'utf8'), name)) faults.push(`no test "${name}" in ${file}`)
  }
  return faults.map((fault) => `rule ${number}: ${fault}`)
}

/** Where a path of the map leads: below the codec, unless it names another package. */
function inside(folder: 'src' | 'test', path: string): string {
  return root + (path.startsWith('packages/') ? path : `packages/codec/${folder}/${path}`)
}

/** Whether a string of the file is exactly that name. */
function hasTest(text: string, name: string): boolean {
  return ["'", '"', '`'].some((quote) => {
    const written = quote === "'" ? name.replaceAll("'", "\\'") : name
    return text.includes(quote + written + quote)
  })
}
