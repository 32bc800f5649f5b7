// Shows how far a long job is: a bar that redraws itself where a terminal watches, a line every tenth otherwise.

import type { Output } from '../output.ts'
import { formatSize } from '../size.ts'

const WIDTH = 40
const REDRAW = 100 // milliseconds

/** Progress towards a total in bytes. */
export class Progress {
  readonly #output: Output
  readonly #total: number
  readonly #begun = performance.now()
  #done = 0
  #tenths = 0
  #drawn = -Infinity

  constructor(output: Output, total: number) {
    this.#output = output
    this.#total = total
  }

  /** Counts `bytes` more. Resolves when what there was to show is written; undefined where there was nothing. */
  add(bytes: number): Promise<void> | undefined {
    this.#done += bytes
    return this.#output.isTerminal ? this.#draw() : this.#tell()
  }

  #draw(): Promise<void> | undefined {
    const now = performance.now()
    const complete = this.#done === this.#total
    if (!complete && now - this.#drawn < REDRAW) return undefined
    this.#drawn = now
    const filled = Math.floor(this.#share * WIDTH)
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
    return this.#output.write(`\r${bar} ${this.#figures()}\x1b[K${complete ? '\n' : ''}`)
  }

  #tell(): Promise<void> | undefined {
    const tenths = Math.floor(this.#share * 10)
    if (tenths === this.#tenths) return undefined
    this.#tenths = tenths
    return this.#output.write(`  ${this.#figures()}\n`)
  }

  #figures(): string {
    const percent = `${Math.floor(this.#share * 100)}`.padStart(3)
    const rate = this.#done / Math.max((performance.now() - this.#begun) / 1000, 0.001)
    return `${percent} %  ${formatSize(this.#done)} of ${formatSize(this.#total)} back, ${formatSize(rate)}/s`
  }

  get #share(): number {
    return this.#total === 0 ? 1 : this.#done / this.#total
  }
}
