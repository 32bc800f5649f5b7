// Starting programs of their own, asking them things, and ending them. Owns every process that a measurement starts; none of
// them outlives this one, because each ends when its channel to us does.

import { fork } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** A program in a process of its own, on the Node that runs us. */
export class Program {
  #process
  #name
  #asked = new Map()
  #count = 0
  #ended

  /** Starts `programs/NAME.mjs`, with `arguments` for Node itself. */
  constructor(name, nodeArguments = []) {
    this.#name = name
    const file = fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url))
    this.#process = fork(file, [], {
      execArgv: ['--expose-gc', ...nodeArguments],
      serialization: 'advanced', // JSON has no Infinity
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#process.on('message', ({ id, value, error }) => {
      const { resolve, reject } = this.#asked.get(id)
      this.#asked.delete(id)
      if (error === undefined) resolve(value)
      else reject(new Error(`${this.#name}: ${error}`))
    })
    this.#process.on('exit', (code, signal) => {
      this.#ended = `${this.#name} ended with ${signal ?? `exit code ${code}`}`
      for (const { reject } of this.#asked.values()) reject(new Error(this.#ended))
      this.#asked.clear()
    })
  }

  /** Has the program do something that it knows; gives its answer, or rejects with its error. */
  ask(verb, options = {}) {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended))
    const id = this.#count++
    const answer = new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }))
    answer.catch(() => {}) // an answer may be waited for later
    this.#process.send({ id, verb, options })
    return answer
  }

  /** Ends the process; resolves when it is gone. */
  async stop() {
    if (this.#ended !== undefined) return
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await gone
  }
}

/** Starts programs by name, hands them to `use`, and ends them whatever happens. */
export async function withPrograms(names, use, nodeArguments) {
  const programs = names.map((name) => new Program(name, nodeArguments))
  try {
    return await use(...programs)
  } finally {
    await Promise.all(programs.map((program) => program.stop()))
  }
}

/** What a program knows, by name: the other end of `ask`. */
export function answer(verbs) {
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ id, verb, options }) => {
    try {
      process.send({ id, value: await verbs[verb](options) })
    } catch (error) {
      process.send({ id, error: `${error?.stack ?? error}` })
    }
  })
}

/** Waits. Only scripts that print times, and polls, may. */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Asks until the answer has stayed the same for so many polls; gives it. */
export async function settled(ask, { polls = 20, every = 25 } = {}) {
  let last = await ask()
  for (let same = 0; same < polls;) {
    await sleep(every)
    const now = await ask()
    same = now === last ? same + 1 : 0
    last = now
  }
  return last
}
