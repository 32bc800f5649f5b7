// An environment out of what a runtime has of its own, and how an adapter puts it beneath its user's.

import type { Environment } from '../connection/environment.ts'
import { type Allocate, allocateZeroed } from '../values/growing-bytes.ts'
import { requireVersion } from './runtime-version.ts'

/** What runtimes do each in a way of its own. */
export interface RuntimeParts {
  /** Runs `callback` behind all the microtasks of what was received, before the loop waits again: most often `setImmediate`. */
  later(callback: () => void): void
  /** Lets the process end though this timer of `setTimeout` runs. */
  unref(timer: unknown): void
  /** Memory that need not be zeroed. Default: memory that is. */
  allocate?: Allocate | undefined
}

/** The environment of a runtime that has the platform's clock and timers. */
export function createEnvironment({ later, unref, allocate = allocateZeroed }: RuntimeParts): Environment {
  return {
    defer: deferTogether(later),
    startTimer(callback, ms) {
      // Longer than timers can count means never.
      if (ms >= 2 ** 31) return () => {}
      const timer = setTimeout(callback, ms)
      unref(timer)
      return () => clearTimeout(timer)
    },
    now: () => performance.now(),
    allocate,
  }
}

/** Puts a runtime's environment beneath what options have of one. Throws a `NotSupportedError` where the runtime is too old for us. */
export type InRuntime = <O extends { environment?: Partial<Environment> | undefined }>(
  options: O,
) => O & { environment: Environment }

/** The same for one runtime, whose version must be `oldest`, such as `2.0`, or younger; asked for when it is needed. */
export function inRuntime(
  runtime: string,
  version: () => string,
  oldest: string,
  environment: Environment,
): InRuntime {
  return (options) => {
    requireVersion(runtime, version(), oldest)
    return { ...options, environment: { ...environment, ...options.environment } }
  }
}

/** A `defer` that asks `schedule` once for all callbacks that wait, where each asking costs as much as a small message. */
function deferTogether(schedule: (run: () => void) => void): Environment['defer'] {
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
