// What an adapter writes for its runtime's sockets; all else about their two directions is the `Duplex`'s.

/** What an adapter does to its socket. */
export interface DuplexSocket {
  /** Whether the socket has done with a chunk's memory when its write is done. Default true; a transport that hands chunks on says false. */
  readonly keepsNothing?: boolean | undefined
  /** Chunks that have at most so many bytes together are copied into one before `write`; for systems that take one chunk a call. Default 0. */
  readonly joins?: number | undefined
  /** Lets chunks come, each to be told by `push`. Called while none come. */
  resume(): void
  /** Lets no more come. */
  pause(): void
  /**
   * Sends, in one call of the system if it can; returns when the system has taken all of it, or gives a promise of that. Not called
   * while that promise is pending. A failure must be told by `fail`, too.
   */
  write(chunks: readonly Uint8Array[]): Promise<void> | void
  /** Takes the memory of a chunk back that was pushed, and of which nobody looks at a byte any more. */
  readonly reclaim?: ((this: void, chunk: Uint8Array) => void) | undefined
  /** Of how many bytes on a chunk is wanted back. Default 0. */
  readonly reclaimsFrom?: number | undefined
  /** Ends our direction behind all that was sent. A failure must be told by `fail`, too. */
  shutdown(): Promise<void> | void
  /** Both directions have ended: closes. Called at most once, and never with `destroy`. */
  close(): void
  /** Closes at once. */
  destroy(): void
}
