// What Node gives a connection: its own "later", timers that keep no process alive, and memory that is not zeroed first.

import type { Environment } from '@wirestream/codec'
import { deferTogether } from '@wirestream/codec/adapter'
import { Buffer } from 'node:buffer'

// V8 keeps the smallest arrays on its own heap; below a page zeroing costs less than the way around it.
const UNZEROED_FROM = 4096

/** The environment of a connection in Node. */
export const nodeEnvironment: Environment = {
  // The check phase: behind all the microtasks of what was received, before the loop waits again.
  defer: deferTogether((run) => void setImmediate(run)),
  startTimer(callback, ms) {
    // Node takes a longer time for none at all; to us it means never.
    if (ms >= 2 ** 31) return () => {}
    const timer = setTimeout(callback, ms).unref()
    return () => clearTimeout(timer)
  },
  now: () => performance.now(),
  allocate(length) {
    if (length < UNZEROED_FROM) return new Uint8Array(length)
    const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length)
    return new Uint8Array(buffer, byteOffset, length)
  },
}
