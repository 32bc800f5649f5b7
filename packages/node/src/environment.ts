// What Node gives a connection: its own "later", timers that keep no process alive, and memory that is not zeroed first.

import type { Environment } from '@wirestream/codec'
import { createEnvironment, type InRuntime, inRuntime } from '@wirestream/codec/adapter'
import { Buffer } from 'node:buffer'
import process from 'node:process'
import { withBallast } from './ballast.ts'

// V8 keeps the smallest arrays on its own heap; below a page zeroing costs less than the way around it.
const UNZEROED_FROM = 4096

/** Node's timers, clock and memory, for codecs, streams and connections that you create yourself. */
export const nodeEnvironment: Environment = /* @__PURE__ */ createEnvironment({
  // The check phase: behind all the microtasks of what was received, before the loop waits again.
  later: (callback) => void setImmediate(callback),
  unref: (timer) => (timer as NodeJS.Timeout).unref(),
  allocate(length) {
    if (length < UNZEROED_FROM) return new Uint8Array(length)
    const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length)
    return new Uint8Array(buffer, byteOffset, length)
  },
})

/** The same, with memory that is collected in time; Node 20 and 22 need no help for that (docs/decisions/0026). */
export const connectionEnvironment: Environment = /* @__PURE__ */ parseInt(process.versions.node) >= 24
  ? { ...nodeEnvironment, allocate: withBallast(nodeEnvironment.allocate) }
  : nodeEnvironment

/** Options with that environment beneath. Throws a `NotSupportedError` in a Node that is too old for us. */
export const inNode: InRuntime = /* @__PURE__ */ inRuntime(
  'Node',
  () => process.versions.node,
  '20.0',
  connectionEnvironment,
)
