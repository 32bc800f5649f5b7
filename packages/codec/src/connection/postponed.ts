// A step that waits for the end of this turn, so that the application can take what came before it, and answer.

import type { Environment } from './environment.ts'

/** Holds one step at a time; what is put off behind it is forgotten. */
export class Postponed {
  readonly #environment: Environment
  #step: (() => void) | undefined

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** Takes the step at the end of this turn, unless another one waits already. */
  put(step: () => void): void {
    if (this.#step !== undefined) return
    this.#step = step
    this.#environment.defer(() => this.run())
  }

  /** Takes the step now, if one waits. */
  run(): void {
    const step = this.#step
    this.#step = undefined
    step?.()
  }
}
