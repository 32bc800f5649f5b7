// What Bun gives a connection: its own "later", timers that keep no process alive, and memory that is not zeroed first.

import type { Environment } from '@wirestream/codec'
import { createEnvironment, type InRuntime, inRuntime } from '@wirestream/codec/adapter'

/** The environment of a connection in Bun. */
export const bunEnvironment: Environment = /* @__PURE__ */ createEnvironment({
  later: (callback) => void setImmediate(callback),
  unref: (timer) => (timer as Bun.Timer).unref(),
  allocate: (length) => Bun.allocUnsafe(length),
})

/** Options with that environment beneath. Throws a `NotSupportedError` in a Bun that is too old for us. */
export const inBun: InRuntime = /* @__PURE__ */ inRuntime('Bun', () => Bun.version, '1.4', bunEnvironment)
