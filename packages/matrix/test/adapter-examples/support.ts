// Runs the examples of the adapters as a user does: with the command line that their README gives, each in its own runtime and
// in a process that never outlives its test.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { findRuntime } from '@wirestream/runtimes'
import { describe } from 'vitest'
import { root } from '../../src/bundle.ts'
import { need } from '../need.ts'

/** The adapters that have examples, and how their READMEs call the runtime. */
export const adapters = ['node', 'deno', 'bun'] as const

/** One of them. */
export type Adapter = (typeof adapters)[number]

/** Where its examples are. */
export const folderOf = (adapter: Adapter): string => join(root, `packages/${adapter}/examples`)

/** The examples of an adapter that are code, by their paths below its folder. */
export function filesOf(adapter: Adapter): string[] {
  const names = readdirSync(folderOf(adapter), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.mjs')).sort()
}

/** The README's command lines: what stands before a program, by the program; by program and first option where it comes again. */
export function commandsOf(adapter: Adapter): Map<string, string[]> {
  const readme = readFileSync(join(folderOf(adapter), 'README.md'), 'utf8')
  const commands = new Map<string, string[]>()
  for (const [, before, program, option] of readme.matchAll(new RegExp(`^${adapter} (.*?)(\\S+\\.mjs) (\\S+)`, 'gm'))) {
    commands.set(commands.has(program!) ? `${program} ${option}` : program!, before!.split(' ').filter(Boolean))
  }
  return commands
}

/** Starts examples of one adapter. */
export interface Start {
  (file: string, ...args: string[]): Program
  /** What it would start, in `folder`. */
  command(file: string, ...args: string[]): { program: string; args: string[] }
  folder: string
}

/** Declares tests for each adapter; where its runtime is not here they are not run, by name. */
export async function describeAdapters(tests: (start: Start, adapter: Adapter) => void): Promise<void> {
  for (const adapter of adapters) {
    const runtime = adapter === 'node' ? undefined : await findRuntime(adapter === 'deno' ? 'Deno' : 'Bun')
    const missing = runtime !== undefined && need(runtime)
    const program = runtime !== undefined && 'program' in runtime ? runtime.program : process.execPath
    describe.skipIf(missing)(adapter, () => tests(starter(adapter, program), adapter))
  }
}

function starter(adapter: Adapter, program: string): Start {
  const folder = folderOf(adapter)
  const commands = commandsOf(adapter)
  const command: Start['command'] = (file, ...args) => {
    const key = args.map((arg) => `${file} ${arg}`).find((key) => commands.has(key)) ?? file
    const before = commands.get(key)
    if (before === undefined) {
      throw new Error(`Cannot start ${file}: the README of ${adapter} has no command line for it`)
    }
    return { program, args: [...before, file, ...args] }
  }
  const start = (file: string, ...args: string[]) => new Program(program, command(file, ...args).args, folder)
  return Object.assign(start, { command, folder })
}

/** How a program ended. */
export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

/** A program that runs. */
export class Program {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves when it has ended and everything that it wrote was read. */
  readonly finished: Promise<Finished>
  readonly #written = { stdout: '', stderr: '' }
  #ended = false
  #onOutput = (): void => {}

  constructor(program: string, args: readonly string[], cwd: string) {
    // DENO_NO_PROMPT: a permission that the README does not name is an error, and no question.
    const env = { ...process.env, NO_COLOR: '1', DENO_NO_PROMPT: '1', DENO_NO_UPDATE_CHECK: '1' }
    const child = this.child = spawn(program, args, { cwd, env, timeout: 60_000, killSignal: 'SIGKILL' })
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        this.#written[name] += text
        this.#onOutput()
      })
    }
    this.finished = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        this.#ended = true
        resolve({ code, ...this.#written })
        this.#onOutput()
      })
    })
  }

  /** Waits until what it wrote so far matches. Rejects where it ends before. */
  async output(pattern: RegExp, from: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#written[from])
      if (match !== null) return match
      if (this.#ended) throw new Error(`Ended without ${pattern}:\n${this.#written.stdout}\n${this.#written.stderr}`)
      await new Promise<void>((resolve) => this.#onOutput = resolve)
    }
  }

  /** The URL that a server says it listens on, without a path. */
  async url(): Promise<string> {
    return (await this.output(/^listening on (wss?:\/\/[\d.:]+)/))[1]!
  }

  /** Presses Ctrl-C; gives how it ended. */
  interrupt(): Promise<Finished> {
    this.child.kill('SIGINT')
    return this.finished
  }

  /** The most memory that it ever had, in MiB; NaN where the system does not tell. */
  peakMemory(): number {
    try {
      const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8')
      return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024
    } catch {
      return NaN
    }
  }

  /** Ends it, whatever it does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.finished
  }
}
