// How a connection is to behave, as its user says it.

import { describe } from '../values/bytes.ts'
import type { Extension } from '../values/extension.ts'
import { type Limits, type LimitsInit, resolveLimits } from '../values/limits.ts'
import type { Frame, Role } from '../values/types.ts'
import type { Connection } from './connection.ts'
import type { Environment } from './environment.ts'
import { type KeepAlive, resolveKeepAlive } from './heartbeat.ts'

/**
 * Sees every frame that passes, control frames and parts included, and on which connection; where extensions run, as it is for messages, not
 * as it is on the wire. The payload is lent for the call: copy what
 * you keep. What it throws fails the connection.
 */
export type Observe = (direction: 'in' | 'out', frame: Readonly<Frame>, connection: Connection) => void

/** What both ends may choose. */
export interface CommonOptions {
  /** Limits that differ from `DEFAULT_LIMITS`. */
  limits?: LimitsInit | undefined
  /** Pings an idle connection and ends a dead one; off unless given. */
  keepAlive?: KeepAlive | undefined
  /** Whether pings are answered automatically. Default true; if off, watch for pings with `observe` and answer them with `pong`. */
  autoPong?: boolean | undefined
  /**
   * `copy` (default): each binary message is an exact array that the receiver owns. `view`: it may be a view of received bytes, which is
   * faster, but transferring its buffer would take other messages' bytes along.
   */
  binary?: 'copy' | 'view' | undefined
  /** Sees every frame in both directions. */
  observe?: Observe | undefined
  /** The runtime's clock, timers and memory; adapters set it. */
  environment?: Partial<Environment> | undefined
}

/** Options of a {@linkcode Connection} over a transport that has been upgraded already. */
export interface ConnectionOptions extends CommonOptions {
  /** Which end we are (RFC 6455 §5.1). */
  role: Role
  /** The subprotocol that was chosen. Default: none, the empty string. */
  protocol?: string | undefined
  /** The extensions that were negotiated, as in the response's header field. Default: none. */
  extensions?: string | undefined
  /** The same to run, in that order; taken over, and closed when the connection has ended. Default: none. */
  chain?: readonly Extension[] | undefined
  /** Bytes after the upgrade that have been read from the transport already; taken over. */
  head?: Uint8Array | undefined
}

/**
 * The numbers among the options, complete. Throws `RangeError` for those that cannot be used, and `TypeError` for others that make no
 * sense, before anything is taken over.
 */
export function resolveOptions(
  options: CommonOptions,
): { limits: Limits; keepAlive: Required<KeepAlive> | undefined } {
  const { limits, keepAlive, binary = 'copy' } = options
  checkFunction(options, 'observe', 'Cannot open WebSocket')
  if (binary !== 'copy' && binary !== 'view') {
    throw new TypeError(`Cannot open WebSocket: binary must be copy or view, got ${String(binary)}`)
  }
  return { limits: resolveLimits(limits), keepAlive: keepAlive && resolveKeepAlive(keepAlive) }
}

/** Throws `TypeError` for an option that should be a function and is something else; `what` starts it. */
export function checkFunction<K extends string>(
  options: { readonly [name in K]?: unknown },
  name: K,
  what: string,
): void {
  const value = options[name]
  if (value === undefined || typeof value === 'function') return
  throw new TypeError(`${what}: ${name} must be a function, got ${describe(value)}`)
}
