// One file that holds all test files, the sources that they test and the runner: the same bytes for every runtime.

import { mkdirSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The root of the repository. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url))
const inside = join(root, 'packages/matrix/src/inside')

/** What of the codec's tests stays in Node: tests of documents, which read files, and those that steer V8. */
const ONLY_NODE = /-docs\.test\.ts$|\.node\.test\.ts$/

/**
 * The codec's test files that need no runtime: all of its floors. What lies directly under `test` is about the
 * repository (its architecture, its examples) and stays in Node too.
 */
export function codecTests(): string[] {
  const folder = join(root, 'packages/codec/test')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.test.ts') && path.includes('/') && !ONLY_NODE.test(path))
    .sort()
    .map((path) => join(folder, path))
}

/**
 * Bundles test files into `folder/bundle.mjs` and gives its path. Throws where one imports what not every runtime has,
 * such as a `node:` module, naming the file and the import. `base` is the folder that names are told from.
 */
export async function bundle(tests: readonly string[], folder: string, base: string): Promise<string> {
  const outfile = join(folder, 'bundle.mjs')
  mkdirSync(dirname(outfile), { recursive: true })
  const files = tests.map((path) => {
    const name = relative(base, path).replaceAll('\\', '/')
    return `${JSON.stringify(name)}: () => import(${JSON.stringify(path)}),`
  })
  const contents = [
    `import { begin } from ${JSON.stringify(join(inside, 'run.ts'))}`,
    `export default await begin({`,
    ...files,
    `})`,
  ].join('\n')
  await build({
    stdin: { contents, resolveDir: root, sourcefile: 'entry.mjs' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['@wirestream/source'],
    target: 'es2022',
    alias: { vitest: join(inside, 'vitest.ts') },
    // `sideEffects: false` in a manifest would let esbuild drop every test.
    ignoreAnnotations: true,
    // Stable names of classes: error messages and tests read them.
    keepNames: true,
    logLevel: 'silent',
  })
  return outfile
}
