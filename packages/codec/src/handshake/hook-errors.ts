// Whose fault an error is: what the application's own functions throw is none of the peer's, whatever its class. They may well call a
// parser of ours, which then throws a `ProtocolError`.

import { ProtocolError } from '../values/protocol-error.ts'

/** What the application's functions threw. */
const hookErrors: WeakSet<WeakKey> = /* @__PURE__ */ new WeakSet()

/** One of the application's functions threw that, or its promise was rejected with it. */
export function blameHook(error: unknown): void {
  if (error instanceof Error) hookErrors.add(error)
}

/** Whether one of them threw that. */
export function isHooksFault(error: unknown): boolean {
  return error instanceof Error && hookErrors.has(error)
}

/** Calls one of the application's functions. */
export function callHook<T>(hook: () => T): T {
  try {
    return hook()
  } catch (error) {
    blameHook(error)
    throw error
  }
}

/** Whether the peer broke a rule. */
export function isPeersFault(error: unknown): error is ProtocolError {
  return error instanceof ProtocolError && !isHooksFault(error)
}
