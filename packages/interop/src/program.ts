// One process of a peer: its lines and its end. Each is a group of its own, so that its children end with it; none outlives this process.

import { type ChildProcess, spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'

/** How to start a program. */
export interface Command {
  /** The program and its arguments. */
  run: readonly string[]
  /** Environment variables beside our own. */
  env?: Record<string, string> | undefined
}

const running = new Set<Program>()

process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL')
})

/** Makes a signal end what this process started before the process itself. */
export function endWithUs(): void {
  const end = async (code: number) => {
    for (const program of running) program.signal('SIGKILL')
    await Promise.all([...running].map((program) => program.ended(2_000)))
    process.exit(code)
  }
  process.once('SIGINT', () => void end(130))
  process.once('SIGTERM', () => void end(143))
}

/** A program that was started, and what it printed so far. */
export class Program {
  /** What it wrote on standard output, line by line. */
  readonly lines: string[] = []
  /** The end of what it wrote on standard error. */
  errors = ''
  /** How it ended: an exit code, a signal, or why it could not start; undefined while it runs. */
  ending: string | undefined
  readonly #child: ChildProcess
  /** Settled when the next line has come or the program has ended. */
  #news: Promise<void>
  #tell!: () => void

  constructor({ run: [file, ...args], env }: Command) {
    this.#news = new Promise((resolve) => this.#tell = resolve)
    const child = spawn(file!, args, {
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    running.add(this)
    createInterface(child.stdout).on('line', (line) => {
      this.lines.push(line)
      this.#wake()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.errors = (this.errors + text).slice(-4_000))
    child.once('error', ({ message }) => this.#end(message))
    child.once('close', (code, signal) => this.#end(signal ?? `exit code ${code}`))
  }

  /** Waits for a line, at index `from` or behind, that begins with `prefix`; gives its index, or undefined where none came. */
  async find(prefix: string, ms: number, from = 0): Promise<number | undefined> {
    const find = () => this.lines.findIndex((line, i) => i >= from && line.startsWith(prefix))
    await this.#until(() => find() >= 0 || this.ending !== undefined, ms)
    return find() < 0 ? undefined : find()
  }

  /** Waits for its end; gives whether that came in time. */
  async ended(ms: number): Promise<boolean> {
    await this.#until(() => this.ending !== undefined, ms)
    return this.ending !== undefined
  }

  /** Ends it and its children: asks, then forces. */
  async end(): Promise<void> {
    this.signal('SIGTERM')
    if (!await this.ended(3_000)) this.signal('SIGKILL')
    await this.ended(3_000)
  }

  /** Signals it and its children. */
  signal(name: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, name)
    } catch {
      // All of them have ended already.
    }
  }

  /** Waits till the condition holds or the time is over. */
  async #until(condition: () => boolean, ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    let over = false
    const tooLate = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        over = true
        resolve()
      }, ms)
    })
    while (!condition() && !over) await Promise.race([this.#news, tooLate])
    clearTimeout(timer)
  }

  #wake(): void {
    this.#tell()
    this.#news = new Promise((resolve) => this.#tell = resolve)
  }

  #end(how: string): void {
    if (this.ending !== undefined) return
    this.ending = how
    running.delete(this)
    this.#wake()
  }
}
