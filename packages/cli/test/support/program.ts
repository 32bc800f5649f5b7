// Runs the built program as a user does, in a process of its own that never outlives its test.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** How a run ended. */
export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

/** For a program that should take standard error for a terminal. */
export const terminal = { NODE_OPTIONS: '--import=data:text/javascript,process.stderr.isTTY=true' }

/** A program that runs. */
export class Program {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves when it has ended and everything it wrote was read. */
  readonly finished: Promise<Finished>
  #stdout = ''
  #stderr = ''
  #onOutput = () => {}

  /** Starts `dist/main.js`, or another entry; `variables` are added to the environment. */
  constructor(args: readonly string[], entry = 'main.js', variables: Readonly<Record<string, string>> = {}) {
    const path = fileURLToPath(new URL(`../../dist/${entry}`, import.meta.url))
    // A test that hangs is given up on after 30 s without its `await using` ever running.
    const limit = { timeout: 25_000, killSignal: 'SIGKILL' } as const
    const child = this.child = spawn(process.execPath, [path, ...args], {
      env: { ...process.env, ...variables },
      ...limit,
    })
    child.stdin.on('error', () => {}) // it may end before it has read everything
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#onOutput()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#onOutput()
    })
    this.finished = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr })
        this.#onOutput()
      })
    })
  }

  /** Waits until what was written so far to standard output, or to standard error, matches. Rejects where it ends before. */
  async output(pattern: RegExp, from: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    let ended = false
    void this.finished.then(() => ended = true)
    for (;;) {
      const match = pattern.exec(from === 'stdout' ? this.#stdout : this.#stderr)
      if (match !== null) return match
      if (ended) throw new Error(`Ended without ${pattern}:\n${this.#stdout}\n${this.#stderr}`)
      await new Promise<void>((resolve) => this.#onOutput = () => setImmediate(resolve))
    }
  }

  /** Ends it, whatever it does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.finished
  }
}

/** Runs the program to its end with this standard input. */
export async function run(args: readonly string[], input: string | Uint8Array = '', entry?: string): Promise<Finished> {
  await using program = new Program(args, entry)
  program.child.stdin.end(input)
  return await program.finished
}

/** Starts an echo server; its URL comes from its first line. */
export async function startEcho(...args: string[]): Promise<Program & { url: string }> {
  const program = new Program(['serve', '--echo', ...args])
  const [, url] = await program.output(/^listening on (ws:\/\/127\.0\.0\.1:\d+)\n/)
  return Object.assign(program, { url: url! })
}

/** A failure as a user should see it: nothing but lines of words, no stack trace. */
export function expectOneComplaint({ stderr }: Finished): string {
  const [first, ...hints] = stderr.trimEnd().split('\n')
  if (!/^(?:wirestream|demo): \S/.test(first!) || hints.some((hint) => !hint.startsWith('Try: '))) {
    throw new Error(`Want one line of complaint, got\n${stderr}`)
  }
  return first!
}
