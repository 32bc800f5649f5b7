// Figures for people as lines of a table, or for programs as one JSON object a line.

import { availableParallelism, totalmem } from 'node:os'
import process from 'node:process'

/** MiB with one digit. */
export function mib(value) {
  return value.toFixed(1)
}

/** The middle one. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Prints what was measured; a verdict that fails makes the process fail. */
export class Report {
  #json

  constructor({ json }) {
    this.#json = json
  }

  /** What is measured, and on what. */
  heading(about) {
    const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`
    this.text(`\n${about} (Node ${process.versions.node}, ${machine}; sizes and growth in MiB)`)
  }

  /** Something for people alone. */
  text(text) {
    if (!this.#json) console.log(text)
  }

  /** A line: the figures as they are, and for people. */
  line(figures, text) {
    console.log(this.#json ? JSON.stringify(figures) : text)
  }

  /** Whether a figure is as it should be. */
  verdict(text, holds) {
    if (!holds) process.exitCode = 1
    this.text(`  ${holds ? 'ok    ' : 'FAILED'} ${text}`)
  }
}

/** Rows under headings. */
export class Table {
  #report
  #columns
  #headed = false

  constructor(report, columns) {
    this.#report = report
    this.#columns = columns
  }

  /** One row: the figures as they are, and the cells for people. */
  row(figures, cells) {
    if (!this.#headed) this.#report.text(this.#format(this.#columns))
    this.#headed = true
    this.#report.line(figures, this.#format(cells))
  }

  #format(cells) {
    return cells.map((cell, i) => `${cell}`.padEnd(Math.max(this.#columns[i].length, i === 0 ? 18 : 7))).join('  ')
      .trimEnd()
  }
}
