// What users pay in bytes: the bars, the report in the README, and that importing a floor brings no floor above it.

import { expect, it } from 'vitest'
import { entries, type Entry, readReadme, report, staleLines, weigh, withReport } from '../src/sizes.ts'

const sizes = await Promise.all(entries.map(weigh))
const size = (title: string) => sizes.find(({ entry }) => entry.title.startsWith(title))!

it.each(sizes.filter(({ entry }) => entry.bar !== undefined).map((size) => [size.entry.title, size] as const))(
  '%s stays under its bar',
  (_title, { entry, gzipped }) => expect(gzipped).toBeLessThanOrEqual(entry.bar!),
)

it('the README tells the sizes as they are', () => {
  expect(staleLines(readReadme().text, sizes)).toEqual([])
})

it('importing one floor leaves the floors above it out', () => {
  expect(size('`FrameDecoder`').floors).toEqual(['frame', 'values'])
  expect(size('the same and').floors).toEqual(['frame', 'message', 'values'])
  expect(size('the four streams').floors).toEqual(['frame', 'message', 'streams', 'values'])
  expect(size('`createUpgradeRequest`').floors).toEqual(['handshake', 'values'])
})

it('importing one class brings a part of the codec only', async () => {
  const source = `export { StatusCode } from '@wirestream/codec'`
  const { minified, floors } = await weigh({ title: 'StatusCode', source } satisfies Entry)
  expect(floors).toEqual(['values'])
  expect(minified).toBeLessThan(1024)
})

it('a stale report is noticed, and writing it again mends it', () => {
  const readme = `# Name\n<!-- sizes: written by \`npm run sizes\` -->\nold\n<!-- end of sizes -->\nmore\n`
  expect(staleLines(readme, sizes)).toHaveLength(sizes.length)
  const fresh = withReport(readme, report(sizes))
  expect(staleLines(fresh, sizes)).toEqual([])
  const { gzipped } = sizes[0]!
  const kib = (gzipped / 1024).toFixed(1)
  expect(staleLines(fresh.replace(`${kib} KiB`, `${(gzipped / 1024 * 1.1).toFixed(1)} KiB`), sizes)).toHaveLength(1)
  expect(() => withReport('no marks', '')).toThrow('Cannot write the report')
})
