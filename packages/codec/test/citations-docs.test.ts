// Law: what a comment or a test's name cites can be looked up: a rule of the RFC, a law, a fault that hurt others, a clause of the
// WebSockets standard, a document.

import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const numbersIn = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern), ([, number]) => Number(number))

const [, laws = ''] = read('docs/architecture.md').split(/^## Laws$/m)
const known = {
  rule: numbersIn(read('docs/rfc6455-map.md'), /^\| (\d+) \|/gm),
  law: numbersIn(laws.split(/^## /m)[0]!, /^(\d+)\. /gm),
  row: numbersIn(read('docs/security.md'), /^\| (\d+) \|/gm),
  clause: numbersIn(read('packages/testing/src/adapter-suite/websocket-stream.ts'), /^ +(?:async )?'(\d+): /gm),
}
const documents = ['.', 'docs', 'docs/decisions'].flatMap((folder) => readdirSync(root + folder))
  .filter((name) => name.endsWith('.md'))

/** What a text cites that is nowhere. */
function missing(text: string): string[] {
  const numbers = Array.from(text.matchAll(/\b(rule|law|row|clause)s? (\d+(?:(?:, | and | to )\d+)*)\b/g))
    .flatMap(([, kind, list]) => list!.match(/\d+/g)!.map((number) => ({ kind: kind as keyof typeof known, number })))
    .filter(({ kind, number }) => !known[kind].includes(Number(number)))
    .map(({ kind, number }) => `${kind} ${number}`)
  const names = Array.from(text.matchAll(/(?:[\w./-]*\/)?[\w-]+\.md\b/g), ([path]) => basename(path))
    .filter((name) => !documents.includes(name))
  return [...numbers, ...names]
}

const files = ['codec', 'node', 'deno', 'bun', 'cli', 'testing'].flatMap((name) =>
  ['src', 'test'].flatMap((folder) =>
    readdirSync(`${root}packages/${name}/${folder}`, { recursive: true, encoding: 'utf8' })
      .map((file) => `packages/${name}/${folder}/${file}`)
  )
).filter((path) => path.endsWith('.ts') && !/-docs\.test|docs-links|examples\.test/.test(path))

describe('citations', () => {
  test('there are some of each kind, and files that cite them', () => {
    expect(Object.values(known).map((numbers) => numbers.length > 8)).toEqual([true, true, true, true])
    expect(files.filter((path) => /\brules? \d/.test(read(path))).length).toBeGreaterThan(10)
  })

  test('what is nowhere is caught', () => {
    expect(missing('// rule 33; security.md, rows 7 and 22; law 4; WebSocketStream, clause 9')).toEqual([])
    expect(missing('// rules 1, 999 and 33; law 10')).toEqual(['rule 999', 'law 10'])
    expect(missing('// security.md, row 99; docs/nowhere.md')).toEqual(['row 99', 'nowhere.md'])
  })

  test('all of them can be looked up', () => {
    expect(files.flatMap((path) => missing(read(path)).map((what) => `${path} cites ${what}`))).toEqual([])
  })
})
