// What Deno gives a connection: its own "later", and timers that keep no process alive.

import type { Environment } from '@wirestream/codec'
import { createEnvironment, type InRuntime, inRuntime } from '@wirestream/codec/adapter'

/** The environment of a connection in Deno. */
export const denoEnvironment: Environment = /* @__PURE__ */ createEnvironment({
  // A timer of 0 ms would take two turns of the loop.
  later: (callback) => void setImmediate(callback),
  unref: (timer) => Deno.unrefTimer(timer as number),
})

/** Options with that environment beneath. Throws a `NotSupportedError` in a Deno that is too old for us. */
export const inDeno: InRuntime = /* @__PURE__ */ inRuntime('Deno', () => Deno.version.deno, '2.4', denoEnvironment)
