// Law: a link in a document leads somewhere: to a file of this repository, and to a heading where it names one.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const documents = findDocuments()

describe('links in documents', () => {
  test('there are documents, and links in them', () => {
    expect(documents).toContain('README.md')
    expect(documents).toContain('packages/codec/examples/README.md')
    expect(documents.flatMap((path) => linksOf(read(path))).length).toBeGreaterThan(20)
  })

  test('a missing file and a missing heading are caught', () => {
    expect(broken('README.md', 'see [a](docs/nowhere.md)')).toEqual(['docs/nowhere.md'])
    expect(broken('README.md', 'see [a](docs/streams.md#nowhere)')).toEqual(['docs/streams.md#nowhere'])
    expect(broken('docs/streams.md', '## One `two`, three!\n[a](#one-two-three) [b](#one-two)')).toEqual(['#one-two'])
    expect(broken('docs/streams.md', '[a](connection.md) ![b](architecture.svg) [c](https://example.com/x)')).toEqual(
      [],
    )
    expect(broken('docs/streams.md', '```ts\nrow[0](1)\n```')).toEqual([])
  })

  for (const path of documents) {
    test(`${path} leads somewhere`, () => expect(broken(path, read(path))).toEqual([]))
  }
})

/** The relative links in a document that lead nowhere. */
function broken(path: string, text: string): string[] {
  return linksOf(text).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false // the web is not ours to check
    const [file = '', heading] = link.split('#')
    const target = normalize(file === '' ? path : join(dirname(path), file))
    if (target.startsWith('..') || !existsSync(root + target)) return true
    if (heading === undefined) return false
    return !headingsOf(target === path ? text : read(target)).includes(heading)
  })
}

function linksOf(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, 'code')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!)
}

/** Headings as code hosts name them in links. */
function headingsOf(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
  )
}

function read(path: string): string {
  return statSync(root + path).isDirectory() ? '' : readFileSync(root + path, 'utf8')
}

/** Every document of ours: at the top, below `docs`, and beside each package. */
function findDocuments(): string[] {
  const below = (folder: string, deep: boolean) =>
    readdirSync(root + folder, { recursive: deep, encoding: 'utf8' }).map((name) => join(folder, name))
  const packages = readdirSync(`${root}packages`).flatMap((name) => [`packages/${name}`, `packages/${name}/examples`])
    .filter((folder) => existsSync(root + folder)).flatMap((folder) => below(folder, false))
  return [...below('.', false), ...below('docs', true), ...below('bench', false), ...packages].filter((path) =>
    path.endsWith('.md')
  ).sort()
}
