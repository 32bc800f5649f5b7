// What hosts and errors are called in URLs and messages.

/** A host and port as they stand in a URL: an IPv6 address gets its brackets (RFC 3986 §3.2.2). */
export function formatHost(hostname: string, port: number): string {
  return `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}

/** An error's message, with the system's code where it lacks that; of an `AggregateError`, whose own is empty, those of its parts. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  if (!(error instanceof Error)) return String(error)
  // Bun's "Failed to listen at 127.0.0.1" leaves out why; its code says it.
  const { code } = error as { code?: unknown }
  const untold = typeof code === 'string' && /^E[A-Z]+$/.test(code) && !error.message.includes(code)
  const message = error.message.trim() // OpenSSL's end with a line feed
  return untold ? `${message} (${code})` : message
}
