// What each entry costs a user who bundles it: minified and gzipped, with the floors that came along. Owns the table in
// the README and the bars that it must stay under.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from './bundle.ts'

/** Something that a user imports. */
export interface Entry {
  title: string
  /** A module that exports it again. */
  source: string
  /** The most bytes that it may take, gzipped. */
  bar?: number
}

/** What an entry takes, in bytes. */
export interface Size {
  entry: Entry
  minified: number
  gzipped: number
  /** The codec's folders that the bundle holds code of: what tree-shaking left. */
  floors: string[]
  /** Bytes of the minified bundle by source file, the largest first. */
  modules: [path: string, bytes: number][]
}

const pick = (names: string, from = 'codec') => `export { ${names} } from '@wirestream/${from}'`

/** What the report names. A bar is what an entry may not grow beyond; whoever raises one says why. */
export const entries: readonly Entry[] = [
  { title: '`FrameDecoder`, `FrameEncoder`', source: pick('FrameDecoder, FrameEncoder'), bar: 4 * 1024 },
  {
    title: 'the same and `MessageDecoder`, `MessageEncoder`',
    source: pick('FrameDecoder, FrameEncoder, MessageDecoder, MessageEncoder'),
  },
  {
    title: 'the four streams',
    source: pick('FrameDecoderStream, FrameEncoderStream, MessageDecoderStream, MessageEncoderStream'),
  },
  {
    title: '`createUpgradeRequest`, `HeadReader`: the upgrade of a client',
    source: pick('createUpgradeRequest, HeadReader'),
  },
  { title: '`openConnection`: a client', source: pick('openConnection') },
  { title: '`acceptConnection`: a server', source: pick('acceptConnection') },
  // Decision 0025 says what it is made of. From 28.8 KiB: small messages that are decoded straight from their chunk (decision 0023) take
  // half the time, and lists of messages that are written without a frame object for each (0021) a third. From 29.8: a pipe that copies
  // from chunk to block (0027) is 1.6 times as fast, and what an application does at odd moments breaks no frame. From 30.7: lists in one flat array (0021).
  // From 31.0: ends that are bounded whatever waits, or comes. From 31.5: connections run extensions (0028). From 32.25: those end when they have
  // done, hooks answer with a `Response`, doors lose nothing in a pipeline (0002), and what cannot be meant is refused.
  { title: 'all of `@wirestream/codec`', source: `export * from '@wirestream/codec'`, bar: 33.5 * 1024 },
  {
    title: 'all of `@wirestream/codec/adapter`: a client and a server but for sockets',
    source: `export * from '@wirestream/codec/adapter'`,
  },
  { title: '`connect` of `@wirestream/node`', source: pick('connect', 'node') },
]

const START = '<!-- sizes: written by `npm run sizes` -->\n'
const END = '<!-- end of sizes -->'

/** Bundles an entry as a user would and weighs it. */
export async function weigh(entry: Entry): Promise<Size> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry.source, resolveDir: join(root, 'packages/matrix') },
    absWorkingDir: root,
    outfile: 'entry.js',
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['@wirestream/source'],
    external: ['node:*'],
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const { contents } = outputFiles[0]!
  const modules = Object.entries(metafile.outputs['entry.js']!.inputs)
    .map(([path, { bytesInOutput }]): [string, number] => [path, bytesInOutput])
    .filter(([, bytes]) => bytes > 0)
    .sort((a, b) => b[1] - a[1])
  const floors = modules.map(([path]) => /^packages\/codec\/src\/(\w+)\//.exec(path)?.[1] ?? '')
  return {
    entry,
    minified: contents.length,
    gzipped: gzipSync(contents, { level: 9 }).length,
    floors: [...new Set(floors)].filter((floor) => floor !== '').sort(),
    modules,
  }
}

/** The report as a table in Markdown. */
export function report(sizes: readonly Size[]): string {
  const rows = sizes.map(({ entry, minified, gzipped, floors }) =>
    `| ${entry.title} | ${kib(minified)} | ${kib(gzipped)} | ${floors.join(', ')} |`
  )
  return ['| import | minified | gzipped | floors that come along |', '|---|---|---|---|', ...rows].join('\n')
}

/** The text with the report between its marks. Throws where the marks are missing. */
export function withReport(text: string, table: string): string {
  const start = text.indexOf(START)
  const end = text.indexOf(END, start)
  if (start < 0 || end < 0) throw new Error(`Cannot write the report: the text must hold ${START}… ${END}`)
  return `${text.slice(0, start + START.length)}${table}\n${text.slice(end)}`
}

/** Where the README's report is off: sizes within a twentieth of what they are count as right, floors must be equal. */
export function staleLines(readme: string, sizes: readonly Size[]): string[] {
  return sizes.flatMap((size) => {
    const line = readme.split('\n').find((line) => line.startsWith(`| ${size.entry.title} |`))
    const cells = (line ?? '').split(' | ')
    const near = (cell: string | undefined, bytes: number) =>
      Math.abs(parseFloat(cell ?? '') * 1024 - bytes) < bytes / 20
    const right = near(cells[1], size.minified) && near(cells[2], size.gzipped) &&
      cells[3] === `${size.floors.join(', ')} |`
    return right
      ? []
      : [`run \`npm run sizes\`: the README has ${line ?? 'no line'}, want ${report([size]).split('\n')[2]}`]
  })
}

/** The README of the repository: its path and its text. */
export function readReadme(): { path: string; text: string } {
  const path = join(root, 'README.md')
  return { path, text: readFileSync(path, 'utf8') }
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`
}
