// What people see while they wait: what is being measured, for how long, and how long all of it takes. On a terminal one live
// line below the results; elsewhere nothing between them. Owns standard output: nothing else in the benches prints to it.

import process from 'node:process'

const CLEAR = '\r\x1b[2K'
const start = performance.now()
let total = 0
let doing = ''
let timer: NodeJS.Timeout | undefined

/** Prints a line, above the live one. */
export function line(text = ''): void {
  process.stdout.write(`${timer === undefined ? '' : CLEAR}${text}\n`)
  draw()
}

/** Tells how long everything will take, in seconds, and starts the live line where there is a terminal. */
export function begin(seconds: number): void {
  total = seconds
  line(`about ${duration(seconds)} in all`)
  if (process.stdout.isTTY) timer = setInterval(draw, 1000).unref()
}

/** What is being measured from now on. */
export function show(what: string): void {
  doing = what
  draw()
}

/** Ends the live line, and says how long everything took. */
export function end(): void {
  clearInterval(timer)
  if (timer !== undefined) process.stdout.write(CLEAR)
  timer = undefined
  line(`\ntook ${duration(elapsed())}, expected were ${duration(total)}`)
}

/** `3:05 of about 12:30`, for the head of a suite. */
export function position(): string {
  return `${clock(elapsed())} of about ${clock(Math.max(total, elapsed()))}`
}

/** `45 s`, `12 min`. */
export function duration(seconds: number): string {
  return seconds < 100 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`
}

function draw(): void {
  if (timer === undefined) return
  const text = `${position()} · ${doing} …`
  process.stdout.write(`${CLEAR}${text.slice(0, (process.stdout.columns ?? 80) - 1)}`)
}

function elapsed(): number {
  return (performance.now() - start) / 1000
}

function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
}
