// Law: every example that a reader can copy compiles, and those marked `ts run` do what they claim.

import { compile, docExamples, markdownExamples, readSources, writeExamples } from '@wirestream/testing'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
// Within this package, so that examples resolve our packages and Node's types as a user's program does.
const folder = join(root, 'packages/testing/dist/examples')
const examples = [...documents().flatMap(markdownExamples), ...sources().flatMap(docExamples)]
const files = writeExamples(join(folder, 'ours'), examples)

describe('examples are found', () => {
  test('in a document: blocks marked ts, and no other', () => {
    const text = 'a\n```ts\nlet a = 1\n```\n```sh\nnpm start\n```\n- b\n\n  ```ts run\n  let b = 2\n  ```\n'
    expect(markdownExamples({ path: 'a.md', text })).toEqual([
      { path: 'a.md', line: 3, code: 'let a = 1\n', run: false },
      { path: 'a.md', line: 11, code: 'let b = 2\n', run: true },
    ])
  })

  test('in a doc comment, and not in a plain one', () => {
    const text = 'x()\n/**\n * A.\n * ```ts run\n * let a = 1\n *\n * ```\n */\n/*\n```ts\n```\n*/'
    expect(docExamples({ path: 'a.ts', text })).toEqual([{ path: 'a.ts', line: 5, code: 'let a = 1\n\n', run: true }])
  })

  test('a block without an end is an error', () => {
    expect(() => markdownExamples({ path: 'a.md', text: '```ts\nlet a' })).toThrow(
      'Cannot read a.md: the block at line 1',
    )
  })
})

describe('examples compile', () => {
  test('a wrong one is caught, with its place', () => {
    const bad = { path: 'docs/bad.md', line: 7, code: 'const n: number = "one"\n', run: false }
    writeExamples(join(folder, 'bad'), [bad])
    expect(typeCheck(join(folder, 'bad'))).toMatch(/docs~bad~7\.ts\(1,7\): error TS2322/)
  })

  test('a promise, a stream and a package of ours are known to them', () => {
    const code = `import '@wirestream/node'\nawait new ReadableStream<Uint8Array>().cancel()\nconsole.log(1)\n`
    writeExamples(join(folder, 'good'), [{ path: 'good.md', line: 1, code, run: false }])
    expect(typeCheck(join(folder, 'good'))).toBe('')
  })

  test(`ours do: ${examples.length} examples`, () => {
    expect(examples.length).toBeGreaterThan(0)
    expect(typeCheck(join(folder, 'ours'))).toBe('')
  })
})

describe('examples marked ts run hold', () => {
  const assert = console.assert
  beforeAll(() => {
    console.assert = (holds: unknown, ...what: unknown[]) => {
      if (!holds) throw new Error(['Assertion failed', ...what].join(' '))
    }
    vi.spyOn(console, 'log').mockImplementation(() => {})
  })
  afterAll(() => {
    console.assert = assert
    vi.restoreAllMocks()
  })

  test('a false assertion is caught', async () => {
    const bad = { path: 'false.md', line: 1, code: 'console.assert(1 > 2, "one is less")\n', run: true }
    const [file] = writeExamples(join(folder, 'false'), [bad])
    await expect(import(file!)).rejects.toThrow('Assertion failed one is less')
  })

  const runnable = examples.map((example, i) => ({ ...example, file: files[i]! })).filter(({ run }) => run)
  for (const { path, line, file } of runnable) {
    test(`${path}:${line}`, async () => {
      await import(file)
    })
  }
})

/** The compiler's complaints about every module in `folder`; empty when there is none. */
function typeCheck(folder: string): string {
  if (readdirSync(folder).length === 0) return ''
  const compilerOptions = {
    ...{ composite: false, incremental: false, declaration: false, declarationMap: false, isolatedDeclarations: false },
    ...{ noEmit: true, rewriteRelativeImportExtensions: false, noUnusedLocals: false, noImplicitReturns: false },
    // Without our own condition: what examples see is what was built, as users do.
    ...{
      noUnusedParameters: false,
      types: ['node'],
      customConditions: [],
      skipLibCheck: true,
      rootDir: root,
      tsBuildInfoFile: null,
    },
  }
  return compile(folder, { extends: join(root, 'tsconfig.base.json'), compilerOptions })
}

function documents(): { path: string; text: string }[] {
  const inDocs = existsSync(`${root}docs`) ? readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }) : []
  const ofPackages = readdirSync(`${root}packages`).map((name) => `packages/${name}/README.md`)
  return ['README.md', ...inDocs.map((name) => `docs/${name}`), ...ofPackages]
    .filter((path) => path.endsWith('.md') && existsSync(root + path))
    .map((path) => ({ path, text: readFileSync(root + path, 'utf8') }))
}

function sources(): { path: string; text: string }[] {
  return readdirSync(`${root}packages`).flatMap((name) =>
    readSources(`${root}packages/${name}/src`).map(({ path, text }) => ({ path: `packages/${name}/src/${path}`, text }))
  )
}
