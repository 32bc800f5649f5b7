// Law: the house stands as docs/architecture.md draws it. Each rule is first shown to catch a bad sample.

import {
  codecRooms,
  deepImports,
  entriesOf,
  foreignDependencies,
  functionsInProperties,
  imports,
  longFiles,
  type Manifest,
  readSources,
  roomCycles,
  runtimesNamed,
  type SourceFile,
  upwardImports,
} from '@wirestream/testing'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const packages = fileURLToPath(new URL('../../', import.meta.url))
const codec = readSources(`${packages}codec/src`)
const published = readdirSync(packages)
  .filter((name) => existsSync(`${packages}${name}/package.json`))
  .map((name) => ({ name, manifest: JSON.parse(readFileSync(`${packages}${name}/package.json`, 'utf8')) as Manifest }))
  .filter(({ manifest }) => manifest.private !== true)

const sample = (path: string, text: string): SourceFile[] => [{ path, text }]

test('there is something to judge: the codec has sources and five packages are published', () => {
  expect(codec.length).toBeGreaterThan(5)
  expect(published.map(({ name }) => name)).toEqual(expect.arrayContaining(['bun', 'cli', 'codec', 'deno', 'node']))
})

describe('imports are read from code, not from comments or strings', () => {
  test('each form of import is found', () => {
    const text = [
      `import a from './a.ts'`,
      `import type { B } from "./b.ts"`,
      `import './c.ts'`,
      `export * from './d.ts'`,
      'const e = await import(`./e.ts`)',
      `export {`,
      `  f,`,
      `} from './f.ts'`,
    ].join('\n')
    expect(imports(text).map(({ specifier }) => specifier)).toEqual([
      './a.ts',
      './b.ts',
      './c.ts',
      './d.ts',
      './e.ts',
      './f.ts',
    ])
    expect(imports(text).at(-1)?.line).toBe(8)
  })

  test('what looks like an import in a comment, a string, a template or a regular expression is none', () => {
    const text = [
      `// import a from './a.ts'`,
      `/** import './b.ts' */`,
      `const s = "import './c.ts'"`,
      'const t = `from ${`x${{}}`} import`, u = /from "[/]/g, v = 4 / 2',
      `/* from './d.ts' */ const w = u / v // from './e.ts'`,
    ].join('\n')
    expect(imports(text)).toEqual([])
  })
})

describe('imports point downward only', () => {
  test('a frame that imports a message is caught, a message that imports a frame is not', () => {
    expect(upwardImports(sample('frame/a.ts', `import '../message/b.ts'`), codecRooms)).toHaveLength(1)
    expect(upwardImports(sample('values/a.ts', `export * from '../index.ts'`), codecRooms)).toHaveLength(1)
    expect(upwardImports(sample('handshake/a.ts', `import '../frame/b.ts'`), codecRooms)).toHaveLength(1)
    expect(upwardImports(sample('connection/a.ts', `import type { B } from '../streams/b.ts'`), codecRooms))
      .toHaveLength(1)
    expect(upwardImports(sample('connection/a.ts', `import '../adapter/b.ts'`), codecRooms)).toHaveLength(1)
    expect(upwardImports(sample('message/a.ts', `import '../frame/b.ts'; import './c.ts'`), codecRooms)).toEqual([])
  })

  test('what only adapters need is caught in the main entry', () => {
    expect(upwardImports(sample('index.ts', `export * from './adapter/index.ts'`), codecRooms)).toHaveLength(1)
    expect(upwardImports(sample('adapter/index.ts', `export * from '../index.ts'`), codecRooms)).toHaveLength(1)
  })

  test('a file outside the rooms is caught', () => {
    expect(upwardImports(sample('utils/a.ts', `import '../values/b.ts'`), codecRooms)).toHaveLength(1)
  })

  test('the codec obeys', () => expect(upwardImports(codec, codecRooms)).toEqual([]))
})

describe('no ring of rooms', () => {
  test('a ring is caught once', () => {
    const ring = [
      ...sample('a/1.ts', `import '../b/1.ts'`),
      ...sample('b/1.ts', `import '../c/1.ts'`),
      ...sample('c/1.ts', `import '../a/1.ts'`),
      ...sample('d/1.ts', `import '../a/1.ts'`),
    ]
    expect(roomCycles(ring)).toEqual(['a → b → c → a'])
    expect(roomCycles(ring.slice(1))).toEqual([])
  })

  test('the codec obeys', () => expect(roomCycles(codec)).toEqual([]))
})

describe('the codec names no runtime', () => {
  test.each([
    `import { Socket } from 'node:net'`,
    `import ws from 'ws'`,
    `const b = Buffer.from([1])`,
    'const t = `${process.pid}`',
    `globalThis.Deno?.version`,
    `if (typeof Bun === 'object') stop()`,
    `const z = require('zlib')`,
  ])('%s is caught', (text) => expect(runtimesNamed(sample('frame/a.ts', text))).toHaveLength(1))

  test.each([
    `// Buffer, process`,
    `/** On Deno and Bun alike. */`,
    `throw new TypeError('Cannot process the Buffer')`,
    'const s = `process`',
    `import { a } from './process.ts'`,
    `queue.process()`,
    `processFrame()`,
  ])('%s is not', (text) => expect(runtimesNamed(sample('frame/a.ts', text))).toEqual([]))

  test('the codec obeys', () => expect(runtimesNamed(codec)).toEqual([]))
})

describe('packages meet at their front doors', () => {
  const entries = entriesOf(published.map(({ manifest }) => manifest))

  test('a deep import and a relative path out of the package are caught', () => {
    const faults = (path: string, text: string): string[] => deepImports(sample(path, text), entries)
    expect(faults('a.ts', `import '@wirestream/codec/src/index.ts'`)).toHaveLength(1)
    expect(faults('a.ts', `import '@wirestream/codec/connection'`)).toHaveLength(1)
    expect(faults('a.ts', `import '../../codec/src/index.ts'`)).toHaveLength(1)
    expect(faults('a/b.ts', `import '../../codec/src/index.ts'`)).toHaveLength(1)
    expect(faults('a/b.ts', `import '../c.ts'; import '@wirestream/codec'; import '@wirestream/codec/adapter'`))
      .toEqual([])
  })

  test('the codec has two doors, every other package one or none', () => {
    expect(entries.filter((entry) => entry.split('/').length > 2)).toEqual(['@wirestream/codec/adapter'])
  })

  for (const { name } of published) {
    test(`${name} obeys`, () => {
      const files = readSources(`${packages}${name}/src`)
      expect(files.length).toBeGreaterThan(0)
      expect(deepImports(files, entries)).toEqual([])
    })
  }
})

describe('published packages depend on nothing but our own', () => {
  test('a foreign dependency of any kind is caught, and so is one of our private packages', () => {
    const bad = { name: '@wirestream/a', dependencies: { ws: '1' }, peerDependencies: { '@wirestream/hidden': '1' } }
    expect(foreignDependencies([bad, { name: '@wirestream/hidden', private: true }])).toHaveLength(2)
    expect(foreignDependencies([{ name: '@wirestream/b', optionalDependencies: { bufferutil: '1' } }])).toHaveLength(1)
  })

  test('ours obey', () => expect(foreignDependencies(published.map(({ manifest }) => manifest))).toEqual([]))
})

describe('no function is put into a property, where it would outlive its owner (decision 0020)', () => {
  test('each form is caught, and nothing else', () => {
    const caught = [
      'this.#a = () => b',
      'a.b = async () => c',
      'this.a ??= function () {}',
      'a.b = c => d',
      'this.#a = (b: C): D => e',
    ]
    for (const text of caught) expect(functionsInProperties(sample('a.ts', text))).toHaveLength(1)
    const others = ['const a = () => b', 'this.a = (b)', 'a.b = c(() => d)', 'a.b === c', 'this.a = { b: () => c }']
    for (const text of others) expect(functionsInProperties(sample('a.ts', text))).toEqual([])
  })

  for (const { name } of published) {
    test(`${name} has none`, () => {
      expect(functionsInProperties(readSources(`${packages}${name}/src`))).toEqual([])
    })
  }
})

describe('a file can be read in one sitting', () => {
  test('one line too many is caught', () => {
    expect(longFiles(sample('a.ts', '\n'.repeat(321)), 320)).toHaveLength(1)
    expect(longFiles(sample('a.ts', '\n'.repeat(320)), 320)).toEqual([])
  })

  for (const { name } of published) {
    test(`${name} has none of more than 320 lines`, () => {
      expect(longFiles(readSources(`${packages}${name}/src`), 320)).toEqual([])
    })
  }
})
