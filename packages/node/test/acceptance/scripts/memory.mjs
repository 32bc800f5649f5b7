// How much memory this process takes: sampled, in MiB, against what it took when the watch began.

import process from 'node:process'

const MiB = 2 ** 20
const EVERY = 5

let start
let highest
let began

/** Begins to watch; what is garbage already does not count. */
export function watchMemory() {
  globalThis.gc?.()
  const first = start === undefined
  start = process.memoryUsage.rss()
  highest = { rss: start, arrayBuffers: 0, heapUsed: 0 }
  began = process.cpuUsage()
  if (first) setInterval(sample, EVERY).unref()
}

/** The growth of resident memory so far, at its highest; and the highest of what it consists of. */
export function memoryGrowth() {
  sample()
  const { rss, arrayBuffers, heapUsed } = highest
  return { growth: (rss - start) / MiB, arrayBuffers: arrayBuffers / MiB, heapUsed: heapUsed / MiB, cpu: cpuSeconds() }
}

function sample() {
  const { rss, arrayBuffers, heapUsed } = process.memoryUsage()
  highest.rss = Math.max(highest.rss, rss)
  highest.arrayBuffers = Math.max(highest.arrayBuffers, arrayBuffers)
  highest.heapUsed = Math.max(highest.heapUsed, heapUsed)
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1e6
}
