// Whose fault an error is: what the application's own functions throw is none of the peer's, whatever its class. They may well call a
// parser of ours, which then throws a `ProtocolError`.

import { ProtocolError } from '../values/protocol-error.ts'

/** What the application's functions threw. */
export const hookErrors: WeakSet<WeakKey> = /* @__PURE__ */ new WeakSet()

/** Calls one of the application's functions. */
export function callHook<T>(hook: () => T): T {
  try {
    return hook()
  } catch (error) {
    if (error instanceof Error) hookErrors.add(error)
    throw error
  }
}

/** Whether the peer broke a rule. */
export function isPeersFault(error: unknown): error is ProtocolError {
  return error instanceof ProtocolError && !hookErrors.has(error)
}
