// What the command line asks for.

import { parseArgs } from 'node:util'
import type { Suite } from './suite.ts'
import { choices } from './target.ts'
import { UsageError } from './usage-error.ts'

/** Suites to run, documents to write from what was measured, or a text to show. */
export type Command =
  | { do: 'run'; names: string[]; runtime: string; quick: boolean; json: string | undefined }
  | { do: 'report'; files: string[]; into: string | undefined }
  | { do: 'help'; text: string }

const options = {
  help: { type: 'boolean', short: 'h', default: false },
  quick: { type: 'boolean', default: false },
  runtime: { type: 'string', default: 'node' },
  json: { type: 'string' },
  into: { type: 'string' },
} as const

/** Reads the arguments. Throws a `UsageError` where they make no sense. */
export function readCommand(args: string[], suites: ReadonlyMap<string, Suite>): Command {
  const all = [...suites.keys()].filter((name) => suites.get(name)!.inAll)
  const { values: { help, quick, runtime, json, into }, positionals: [first, ...rest] } = parse(args)
  if (help) return { do: 'help', text: usage(suites, all) }
  if (first === undefined) throw new UsageError(`Cannot run bench: no suite was named\n${usage(suites, all)}`)
  if (first === 'report') {
    if (json !== undefined) throw new UsageError('Cannot report: --json is for running suites, got it with report')
    return { do: 'report', files: readFiles(rest), into: readFolder(into) }
  }
  if (into !== undefined) throw new UsageError('Cannot run bench: --into is for report, got it with suites')
  const names = [...new Set([first, ...rest].flatMap((name) => (name === 'all' ? all : [name])))]
  const unknown = names.find((name) => !suites.has(name))
  if (unknown !== undefined) throw notKnown('suite', unknown, [...suites.keys(), 'all'])
  if (!Object.hasOwn(choices, runtime)) throw notKnown('runtime', runtime, Object.keys(choices))
  return { do: 'run', names, runtime, quick, json }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    // The platform's first sentence names the fault; the rest teaches its own syntax.
    const [fault] = (error as Error).message.split(/\. |\.?\n/)
    const [, option] = /^Unknown option '(.*)'$/.exec(fault!) ?? []
    if (option !== undefined) throw notKnown('option', option, Object.keys(options).map((name) => `--${name}`))
    throw new UsageError(`Cannot run bench: ${fault}`)
  }
}

function readFiles(files: string[]): string[] {
  if (files.length > 0) return files
  throw new UsageError('Cannot report: no file was named, want at least one that --json wrote')
}

function readFolder(folder: string | undefined): string | undefined {
  if (folder !== '') return folder
  throw new UsageError('Cannot report: --into must be a folder, got ""')
}

function notKnown(what: string, seen: string, known: readonly string[]): UsageError {
  return new UsageError(`Cannot run bench: unknown ${what} ${JSON.stringify(seen)}, want one of ${known.join(', ')}`)
}

function usage(suites: ReadonlyMap<string, Suite>, all: string[]): string {
  return [
    'usage: npm run bench -- SUITE… [--runtime R] [--quick] [--json FILE]   with SUITE one of:',
    ...[...suites].map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`),
    `  ${'all'.padEnd(12)} ${all.join(', ')}`,
    `and R one of: ${Object.keys(choices).join(', ')}`,
    '   or: npm run bench -- report FILE… [--into FOLDER]   writes bench/results.md, the charts in docs and the lines that',
    '       name them from such files, which must have full figures of all that these show; several of the same runtime are',
    '       held against each other. With --into, what there is, into that folder',
    '',
    'for example:',
    '  npm run bench -- echo --runtime bun --quick',
    '  npm run bench -- all --runtime all --json figures.json',
    '  npm run bench -- report figures.json',
  ].join('\n')
}
