// A process that a suite starts: a server, the load, a codec at work. One JSON line in asks, one JSON line out answers (answer.ts
// is the other end). Every child is ended by whoever started it, and none outlives this process.

import { type ChildProcess, spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface, type Interface } from 'node:readline'

/** How long an answer may take before the child counts as hanging, in milliseconds. */
const PATIENCE = 120_000

const running = new Set<ChildProcess>()

/** Ends every child that still runs, when this process ends or is told to. */
export function endChildrenWithUs(): void {
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL')
  })
  process.on('SIGINT', () => process.exit(130))
  process.on('SIGTERM', () => process.exit(143))
}

/** Ends that process too, if it still runs then. */
export function endWithUs(child: ChildProcess): void {
  running.add(child)
  child.once('exit', () => running.delete(child))
}

/** A running child. */
export class Child {
  readonly #process: ChildProcess
  readonly #lines: Interface
  readonly #name: string
  #ended: string | undefined

  /** Starts a program; `name` says in errors which one it was. */
  constructor(name: string, [program, ...args]: readonly string[], env: Record<string, string> = {}) {
    this.#name = name
    const child = spawn(program!, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process = child
    running.add(child)
    child.stdin!.on('error', () => {}) // the end of the process is told by its exit
    child.once('error', ({ message }) => this.#end(message))
    child.once('exit', (code, signal) => this.#end(`it ended with ${signal ?? `exit code ${code}`}`))
    this.#lines = createInterface(child.stdout!)
  }

  /** Asks for one thing; one at a time. Rejects with what went wrong in the child, or when it ends or says nothing. */
  ask<T>(what: { do: string; [key: string]: unknown }): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const fail = (why: string) => settle(() => reject(new Error(`Cannot ${what.do} with ${this.#name}: ${why}`)))
      const timer = setTimeout(() => fail(`no answer within ${PATIENCE / 1000} s`), PATIENCE)
      const onLine = (line: string) => {
        const { value, error } = JSON.parse(line) as { value: T; error?: string }
        if (error === undefined) settle(() => resolve(value))
        else fail(error)
      }
      const onExit = () => fail(this.#ended!)
      const settle = (done: () => void) => {
        clearTimeout(timer)
        this.#lines.off('line', onLine)
        this.#process.off('close', onExit)
        done()
      }
      if (this.#ended !== undefined) return fail(this.#ended)
      this.#lines.on('line', onLine)
      this.#process.once('close', onExit)
      this.#process.stdin!.write(`${JSON.stringify(what)}\n`)
    })
  }

  /** Ends it, and resolves when it has ended. */
  stop(): Promise<void> {
    if (this.#ended !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#process.once('close', () => resolve())
      this.#process.kill('SIGKILL')
    })
  }

  #end(how: string): void {
    this.#ended ??= how
    running.delete(this.#process)
  }
}
