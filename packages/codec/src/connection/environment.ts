// What a connection needs from the world: time, "later", memory and randomness. They come in through options, so that
// adapters give what their runtime does best and every test is deterministic (law 9).

import type { MaskingKeySource } from '../frame/mask.ts'
import { type Allocate, allocateZeroed } from '../values/growing-bytes.ts'

/** What a runtime gives a connection. */
export interface Environment {
  /**
   * Runs `callback` once the microtasks of this turn of the event loop have drained, and before the next turn waits:
   * outgoing frames of one turn leave in one write then.
   */
  defer(callback: () => void): void
  /** Runs `callback` after `ms` milliseconds unless the returned function is called first. Must not keep a process alive. */
  startTimer(callback: () => void, ms: number): () => void
  /** Milliseconds from any fixed point, never going back. */
  now(): number
  /** Memory for bytes that are written before anybody reads them. */
  allocate: Allocate
  /** For tests only; see `FrameEncoderOptions.insecureMaskingKeys`. Undefined means the platform's randomness. */
  insecureMaskingKeys?: MaskingKeySource | undefined
}

/** The environment that every runtime can give. */
export const portableEnvironment: Environment = {
  defer: (callback) => void setTimeout(callback, 0),
  startTimer(callback, ms) {
    // Longer than timers can count means never.
    const timer = ms < 2 ** 31 ? setTimeout(callback, ms) : undefined
    return () => clearTimeout(timer)
  },
  now: () => performance.now(),
  allocate: allocateZeroed,
}

/** What a runtime gave, with the portable for what it did not. */
export function environmentOf({ environment }: { environment?: Partial<Environment> | undefined }): Environment {
  if (environment === undefined) return portableEnvironment
  const { defer, startTimer, now, allocate, insecureMaskingKeys } = environment
  // An adapter gives all of it: one object for all its connections.
  if (defer && startTimer && now && allocate) return environment as Environment
  return {
    defer: defer ?? portableEnvironment.defer,
    startTimer: startTimer ?? portableEnvironment.startTimer,
    now: now ?? portableEnvironment.now,
    allocate: allocate ?? portableEnvironment.allocate,
    insecureMaskingKeys,
  }
}
