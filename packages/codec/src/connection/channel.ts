// What a connection reads and writes: bytes in both directions, without streams in between where there need be none. A pair of streams
// costs a fifth of the speed of small messages and 7 KiB for each idle connection (docs/decisions/0013).

/** What comes through a channel, in order. Nothing follows `end` or `failed`. */
export interface ChannelEvents {
  /** A chunk came; taken over. */
  chunk(chunk: Uint8Array): void
  /** The peer's direction ended. */
  end(): void
  /** Neither direction can be used any more, but for what the other one still does by itself. */
  failed(error: unknown): void
}

/** A byte transport as a connection uses it. One user at a time. */
export interface Channel {
  /**
   * Whether a chunk's memory is nobody's business but ours once its write is done, so that blocks may be written again, and chunks may
   * share memory; streams transfer buffers instead.
   */
  readonly keepsNothing: boolean
  /** Whether something on our side of the transport is at work, so that silence says nothing about the peer. Absent where nothing is. */
  readonly busy?: boolean
  /** Who is told what comes, from now on. Nothing comes before `resume`. */
  listen(events: ChannelEvents): void
  /** Lets chunks come; the first may come at once. */
  resume(): void
  /** Lets no more chunks come, nor the end, before `resume`. Called while one is told. */
  pause(): void
  /**
   * Sends chunks behind those before. Gives nothing where the system has taken them already, else a promise of it. They must not change
   * until then. A failure is told by `failed`, too.
   */
  write(chunks: readonly Uint8Array[]): Promise<void> | undefined
  /** Ends our direction behind all that was written; resolves when it has ended. */
  shutdown(): Promise<void>
  /** Nobody wants what comes any more. */
  discard(): void
  /** Takes the memory of a chunk back that it has told, of which nobody looks at a byte any more. Absent where nobody wants it. */
  readonly reclaim: ((chunk: Uint8Array) => void) | undefined
  /** Of how many bytes on a chunk is wanted back. */
  readonly reclaimsFrom: number
  /** Cuts the transport. Tells nothing after that. */
  abort(reason: unknown): void
  /** Hands a paused channel to its next user; nothing is told any more. */
  release(): void
}
