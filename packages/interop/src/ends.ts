// How an end of a peer is started: a script under a program, or something compiled first. Owns the folder of what was compiled.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Command } from './program.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const peers = join(root, 'peers')
const shared = join(peers, 'shared')
const cache = join(root, '.cache')

/** One end of a peer; `prepare` compiles what has to be. */
export interface End {
  prepare(): Promise<Command>
}

/** What the scripts of each language need to find what they share. */
const env = {
  PYTHONPATH: shared,
  PYTHONDONTWRITEBYTECODE: '1',
  PERL5LIB: shared,
  RUBYLIB: shared,
  DENO_NO_UPDATE_CHECK: '1',
  NO_COLOR: '1',
}

/** A script that its program runs: the program's own arguments, the file, the script's first arguments. */
export function script(file: string, before: string[] = [], args: string[] = []): (program: string) => End {
  const run = [...before, join(peers, file), ...args]
  return (program) => ({ prepare: () => Promise.resolve({ run: [program, ...run], env }) })
}

/** Builds with a compiler's command line, in which SOURCE and OUT stand for the files. */
export function compiler(line: string[], more: Record<string, string> = {}): (file: string) => () => End {
  return (file) => () => ({
    async prepare() {
      const source = join(peers, file)
      const out = join(cache, `${await digest(dirname(source), line)}-${file.replaceAll(/\W/g, '-')}`)
      const words = (out: string) => line.map((word) => word === 'SOURCE' ? source : word === 'OUT' ? out : word)
      await compile(out, words, { GOCACHE: join(cache, 'go'), ...more })
      return { run: [out], env }
    },
  })
}

/** Compiles Java into a folder and runs the class of the file's name. */
export function java(file: string): (program: string) => End {
  return (program) => ({
    async prepare() {
      const source = join(peers, file)
      const out = join(cache, `${await digest(dirname(source), ['javac'])}-java`)
      await compile(out, (out) => ['javac', '-encoding', 'UTF-8', '-d', out, source])
      return { run: [program, '-cp', out, file.replace(/^.*\/|\.java$/g, '')], env }
    },
  })
}

/** Says what has changed: the sources beside the file, what all share, and the command line. */
async function digest(folder: string, line: string[]): Promise<string> {
  const hash = createHash('sha256').update(line.join(' '))
  for (const place of [folder, shared]) {
    for (const name of (await readdir(place)).sort()) hash.update(name).update(await readFile(join(place, name)))
  }
  return hash.digest('hex').slice(0, 12)
}

/** Compiles unless that was done; what was interrupted never stands where the finished one would. */
async function compile(out: string, line: (out: string) => string[], more: Record<string, string> = {}): Promise<void> {
  if (existsSync(out)) return
  const part = `${out}.part`
  await mkdir(cache, { recursive: true })
  await rm(part, { recursive: true, force: true })
  const [file, ...args] = line(part)
  try {
    await promisify(execFile)(file!, args, { cwd: peers, env: { ...process.env, ...more }, timeout: 300_000 })
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    throw new Error(`Cannot build: ${stderr?.trim() || message}`)
  }
  await rename(part, out)
}
