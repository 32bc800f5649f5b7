// Streams by hand: sources, readers that keep what they got, and waiting without clocks.

/** A stream of these chunks; `cancelled` is told why nobody wants the rest. */
export function source<T>(chunks: Iterable<T>, cancelled?: (reason: unknown) => void): ReadableStream<T> {
  const rest = chunks[Symbol.iterator]()
  return new ReadableStream<T>({
    pull(controller) {
      const next = rest.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    },
    cancel: (reason) => cancelled?.(reason),
  }, { highWaterMark: 0 })
}

/** All chunks of a stream, and the error that ended it, if one did. */
export async function readAll<T>(readable: ReadableStream<T>): Promise<{ items: T[]; error?: unknown }> {
  const items: T[] = []
  const reader = readable.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) items.push(next.value)
    return { items }
  } catch (error) {
    return { items, error }
  }
}

/** What a promise rejects with; undefined where it resolves. */
export function closing(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => undefined, (error: unknown) => error)
}

/** Lets everything happen that can happen without input: a number of turns of the event loop, no clock. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => void later(resolve))
}

const later: (act: () => void) => unknown = globalThis.setImmediate ?? ((act: () => void) => setTimeout(act, 0))

/** Whether a promise is still pending when nothing moves any more. */
export async function pendingAfter(promise: Promise<unknown>): Promise<boolean> {
  let pending = true
  promise.then(() => pending = false, () => pending = false)
  await turns()
  return pending
}

/** Items of batches, or single items, in one list. */
export function flat<T>(items: readonly (T | T[])[]): T[] {
  return items.flat() as T[]
}
