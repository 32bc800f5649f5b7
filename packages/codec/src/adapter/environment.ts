// The parts of an environment that several runtimes share.

import type { Environment } from '../connection/environment.ts'

/** A `defer` that asks `schedule` once for all callbacks that wait, where each asking costs as much as a small message. */
export function deferTogether(schedule: (run: () => void) => void): Environment['defer'] {
  let waiting: (() => void)[] = []
  const defer = (callback: () => void): void => {
    if (waiting.push(callback) === 1) schedule(run)
  }
  const run = (): void => {
    const callbacks = waiting
    waiting = []
    let i = 0
    try {
      while (i < callbacks.length) callbacks[i++]!()
    } finally {
      // One that throws takes nothing from the others.
      for (const callback of callbacks.slice(i)) defer(callback)
    }
  }
  return defer
}
