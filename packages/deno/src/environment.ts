// What Deno gives a connection: its own "later", and timers that keep no process alive.

import type { Environment } from '@wirestream/codec'
import { deferTogether, requireVersion } from '@wirestream/codec/adapter'

/** The environment of a connection in Deno. */
export const denoEnvironment: Environment = {
  // Behind all the microtasks of what was received, before the loop waits again; a timer of 0 ms would take two.
  defer: deferTogether((run) => void setImmediate(run)),
  startTimer(callback, ms) {
    // Longer than timers can count means never.
    if (ms >= 2 ** 31) return () => {}
    const timer = setTimeout(callback, ms)
    Deno.unrefTimer(timer)
    return () => clearTimeout(timer)
  },
  now: () => performance.now(),
  allocate: (length) => new Uint8Array(length),
}

/** Throws a `NotSupportedError` in a Deno that is too old for us. */
export function requireRuntime(): void {
  requireVersion('Deno', Deno.version.deno, '2.4')
}
