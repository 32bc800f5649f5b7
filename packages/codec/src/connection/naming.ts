// What hosts and errors are called in URLs and messages.

/** A host and port as they stand in a URL: an IPv6 address gets its brackets (RFC 3986 §3.2.2). */
export function formatHost(hostname: string, port: number): string {
  return `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}

/** An error's message; that of an `AggregateError` is empty, and its parts say more. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
