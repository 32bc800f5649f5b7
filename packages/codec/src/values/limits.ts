// Every limit of a connection in one place, each finite unless a caller says otherwise (law 3).

/** The largest message taken as a whole unless told otherwise: 16 MiB. */
export const DEFAULT_MAX_MESSAGE_SIZE: number = 16 * 1024 * 1024

/** What a connection allows its peer and its user. Sizes in bytes, times in milliseconds. */
export interface Limits {
  /** The largest message for `readable`, `bytes()`, `text()`, after extensions; above it the connection fails with 1009. Default 16 MiB. */
  maxMessageSize: number
  /** The longest payload that a frame may declare; above it the connection fails with 1009. Default 2^53 − 1: no frame is held whole. */
  maxFrameSize: number
  /** How much may be read ahead of the application, as kept chunks plus 64 bytes a part, before socket reads stop. Default 64 KiB. */
  readAhead: number
  /** How much may wait to go out before `write` and `send` wait too; at most `maxQueued` counts. Default 64 KiB. */
  highWaterMark: number
  /** How much may wait to go out at all; beyond it `send` rejects, and a `writable` that ignores `ready` fails. Default 16 MiB. */
  maxQueued: number
  /** The largest part in which a stream given to `send` goes out; longer chunks are cut. Default 64 KiB. */
  fragmentSize: number
  /** The largest head of an upgrade request or response. Default 16 KiB. */
  headSize: number
  /** The longest line of such a head. Default 8 KiB. */
  headLine: number
  /** How many header fields such a head may have. Default 100. */
  headCount: number
  /** How long the upgrade may take. Default 10 000. */
  handshakeTimeout: number
  /** How long each wait of the closing handshake may take; then the transport is cut. Default 10 000. */
  closeTimeout: number
}

/** Limits that differ from the defaults; those left out or undefined keep them. */
export type LimitsInit = { [K in keyof Limits]?: Limits[K] | undefined }

/** The limits that hold where a caller says nothing. */
export const DEFAULT_LIMITS: Readonly<Limits> = {
  maxMessageSize: DEFAULT_MAX_MESSAGE_SIZE,
  maxFrameSize: 2 ** 53 - 1, // as a number: bundlers keep an object that reads a property
  readAhead: 65536,
  highWaterMark: 65536,
  maxQueued: 16 * 1024 * 1024,
  fragmentSize: 65536,
  headSize: 16384,
  headLine: 8192,
  headCount: 100,
  handshakeTimeout: 10_000,
  closeTimeout: 10_000,
}

// What is infinite for a caller must still be a number that arithmetic and timers can take.
const smallest: Partial<Record<keyof Limits, number>> = {
  fragmentSize: 1,
  headSize: 1,
  headLine: 1,
  headCount: 1,
  handshakeTimeout: 1,
  closeTimeout: 1,
}

/** Limits that were resolved already: a server resolves its own once for all connections. */
const known: WeakSet<LimitsInit> = new WeakSet()

/** The defaults, overridden by the caller's limits. Throws `RangeError` for a value that is not a whole number or is too small. */
export function resolveLimits(limits: LimitsInit = {}): Limits {
  if (known.has(limits)) return limits as Limits
  const resolved = { ...DEFAULT_LIMITS }
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]) {
    const value = limits[name]
    if (value === undefined) continue
    const least = smallest[name] ?? 0
    if (!(value === Infinity || Number.isSafeInteger(value)) || value < least) {
      throw new RangeError(
        `Cannot use limits.${name}: must be a whole number of at least ${least}, got ${String(value)}`,
      )
    }
    resolved[name] = Math.min(value, Number.MAX_SAFE_INTEGER)
  }
  // Whoever waits for room must never meet the other limit; and where nothing may wait, one byte still has to.
  resolved.highWaterMark = Math.max(1, Math.min(resolved.highWaterMark, resolved.maxQueued))
  known.add(resolved)
  return resolved
}

/** A whole number of bytes from 0 to 2^53 − 1, or a `RangeError` that names the option. */
export function checkByteCount(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new RangeError(`Cannot use ${name}: must be a whole number of bytes from 0 to 2^53 - 1, got ${value}`)
}

/** A byte count as a limit, where `Infinity` means 2^53 − 1; else a `RangeError` that names the option. */
export function checkLimit(name: string, value: number): number {
  return value === Infinity ? Number.MAX_SAFE_INTEGER : checkByteCount(name, value)
}
