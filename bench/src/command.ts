// What the command line asks for.

import process from 'node:process'
import { parseArgs } from 'node:util'
import type { Suite } from './suite.ts'
import { choices } from './target.ts'

/** Suites to run, or documents to write from what was measured. */
export type Command =
  | { do: 'run'; names: string[]; runtime: string; quick: boolean; json: string | undefined }
  | { do: 'report'; files: string[]; into: string | undefined }

/** Reads the arguments of this process; ends it with the usage where they make no sense. */
export function readCommand(suites: ReadonlyMap<string, Suite>): Command {
  const all = [...suites.keys()].filter((name) => suites.get(name)!.inAll)
  try {
    return read(suites, all)
  } catch (error) {
    console.error((error as Error).message)
    console.error(usage(suites, all))
    process.exit(2)
  }
}

function read(suites: ReadonlyMap<string, Suite>, all: string[]): Command {
  const { values: { help, quick, runtime, json, into }, positionals } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      quick: { type: 'boolean', default: false },
      runtime: { type: 'string', default: 'node' },
      json: { type: 'string' },
      into: { type: 'string' },
    },
    allowPositionals: true,
  })
  if (help) {
    console.log(usage(suites, all))
    process.exit()
  }
  if (positionals[0] === 'report') {
    if (positionals.length === 1) throw new Error('Cannot report: no file was named')
    return { do: 'report', files: positionals.slice(1), into }
  }
  const names = [...new Set(positionals.flatMap((name) => (name === 'all' ? all : [name])))]
  const unknown = names.filter((name) => !suites.has(name))
  if (unknown.length > 0) throw new Error(`Cannot run bench: ${unknown.join(', ')} is not known`)
  if (names.length === 0) throw new Error('Cannot run bench: no suite was named')
  if (choices[runtime!] === undefined) throw new Error(`Cannot run bench: ${runtime} is not known`)
  return { do: 'run', names, runtime: runtime!, quick: quick!, json }
}

function usage(suites: ReadonlyMap<string, Suite>, all: string[]): string {
  return [
    'usage: npm run bench -- SUITE… [--runtime R] [--quick] [--json FILE]   with SUITE one of:',
    ...[...suites].map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`),
    `  ${'all'.padEnd(12)} ${all.join(', ')}`,
    `and R one of: ${Object.keys(choices).join(', ')}`,
    '   or: npm run bench -- report FILE… [--into FOLDER]   writes bench/results.md, the charts in docs and the lines that',
    '       name them from such files; several of the same runtime are held against each other',
    '',
    'for example:',
    '  npm run bench -- echo --runtime bun --quick',
    '  npm run bench -- all --runtime all --json figures.json',
    '  npm run bench -- report figures.json',
  ].join('\n')
}
