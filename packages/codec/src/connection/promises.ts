// Promises that a connection keeps for others.

/** A promise and what settles it. Counts as handled: a connection's end is told by `closed`, and must not crash who forgot a promise. */
export interface Deferred {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** The promise of what is done already; recognised where a promise would cost more than what it waits for. */
export const DONE: Promise<void> = Promise.resolve()

/** A promise to be settled later. */
export function deferred(): Deferred {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const promise = handled(new Promise<void>((yes, no) => [resolve, reject] = [yes, no]))
  return { promise, resolve, reject }
}

/** The same promise, which nobody has to catch. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
