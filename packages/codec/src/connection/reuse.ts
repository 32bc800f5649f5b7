// Which transports have done with a chunk's memory when its write resolves. Only their maker knows: what a socket has sent may be
// written again, what a TransformStream was given is with its reader now.

const reusing: WeakSet<WritableStream<Uint8Array>> = new WeakSet()

/**
 * For adapters: says that a write to `writable` resolves only when nobody will look at the chunk's memory again, so that a
 * connection may write its own blocks anew. Never true of a stream that hands chunks on. Gives the stream back.
 */
export function reuseWritten(writable: WritableStream<Uint8Array>): WritableStream<Uint8Array> {
  reusing.add(writable)
  return writable
}

/** Whether that was said. */
export function mayReuse(writable: WritableStream<Uint8Array>): boolean {
  return reusing.has(writable)
}
