// The abort of a writable stream, at once. `abort` of its sink waits for the write under way, which may wait for the peer, or for a
// reader who never comes; the signal of its controller does not wait.

/** Calls `act` with the reason when the stream is aborted; a platform whose controllers have no signal calls `abort` only. */
export function onceAborted(controller: WritableStreamDefaultController, act: (reason: unknown) => void): void {
  const { signal } = controller as { readonly signal?: AbortSignal } // Node 20's types lack it
  signal?.addEventListener('abort', () => act(signal.reason), { once: true })
}
