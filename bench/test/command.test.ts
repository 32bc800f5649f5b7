// Law: what the command line got wrong is told in one line, with what is known instead, before anything is measured.

import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Runs the built bench in the root of the repository. */
function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const limit = { timeout: 25_000, killSignal: 'SIGKILL' } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: root,
    encoding: 'utf8',
    ...limit,
  })
  return { status, stdout, stderr }
}

const options = 'want one of --help, --quick, --runtime, --json, --into'

test.each([
  [['report'], 'Cannot report: no file was named, want at least one that --json wrote'],
  [['report', '/nope.json'], 'Cannot report: want a file that can be read, got "/nope.json" (ENOENT)'],
  [['report', 'docs'], 'Cannot report: want a file that can be read, got "docs" (EISDIR)'],
  [
    ['report', 'package.json'],
    'Cannot report: want a file that --json wrote, got "package.json", which has no results',
  ],
  [['report', 'README.md'], 'Cannot report: want a file that --json wrote, got "README.md", which is not JSON'],
  [['report', 'a.json', '--into='], 'Cannot report: --into must be a folder, got ""'],
  [['report', 'a.json', '--json', 'b.json'], 'Cannot report: --json is for running suites, got it with report'],
  [
    ['codec', '--runtime', 'constructor'],
    'Cannot run bench: unknown runtime "constructor", want one of node, node20, node26, deno, bun, all',
  ],
  [
    ['codec', 'nonsense'],
    'Cannot run bench: unknown suite "nonsense", want one of codec, streams, echo, fanout, connect, crowd, memory, ' +
    'huge-frame, linear, all',
  ],
  [['codec', '--nonsense'], `Cannot run bench: unknown option "--nonsense", ${options}`],
  [['codec', '-q'], `Cannot run bench: unknown option "-q", ${options}`],
  [['codec', '--json'], "Cannot run bench: Option '--json <value>' argument missing"],
  [['codec', '--into', 'a'], 'Cannot run bench: --into is for report, got it with suites'],
  [
    ['codec', '--json', 'nowhere/a.json'],
    'Cannot run bench: --json must be a file that can be written, got "nowhere/a.json" (ENOENT)',
  ],
  [['codec', '--json', 'docs'], 'Cannot run bench: --json must be a file that can be written, got "docs" (EISDIR)'],
])('refuses %j', (args, complaint) => {
  expect(bench(...args)).toEqual({ status: 2, stdout: '', stderr: `${complaint}\n` })
})

test('lists the suites where none was named, and for those who ask', () => {
  const { status, stderr } = bench()
  expect({ status, first: stderr.split('\n')[0] }).toEqual({ status: 2, first: 'Cannot run bench: no suite was named' })
  for (const text of [stderr, bench('--help').stdout]) {
    expect(text).toContain('  echo         messages echoed by servers')
  }
})
