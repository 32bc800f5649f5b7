// What Bun gives a connection: its own "later", timers that keep no process alive, and memory that is not zeroed first.

import type { Environment } from '@wirestream/codec'
import { deferTogether, requireVersion } from '@wirestream/codec/adapter'

/** The environment of a connection in Bun. */
export const bunEnvironment: Environment = {
  // Behind all the microtasks of what was received, before the loop waits again.
  defer: deferTogether((run) => void setImmediate(run)),
  startTimer(callback, ms) {
    // Longer than timers can count means never.
    if (ms >= 2 ** 31) return () => {}
    const timer = setTimeout(callback, ms) as unknown as Bun.Timer
    timer.unref()
    return () => clearTimeout(timer as unknown as number)
  },
  now: () => performance.now(),
  allocate: (length) => Bun.allocUnsafe(length),
}

/** Throws a `NotSupportedError` in a Bun that is too old for us. */
export function requireRuntime(): void {
  requireVersion('Bun', Bun.version, '1.4')
}
