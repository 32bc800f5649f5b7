// The listener that every adapter's `serve` gives, over whatever listens. Owns the begin and the end: how a failure to listen is
// told, the signal, and the order in which everything is closed.

import { environmentOf } from '../connection/environment.ts'
import { formatHost, reasonOf } from '../connection/naming.ts'
import {
  closeTimeoutOf,
  type ConnectionGroup,
  type Listener,
  type ListenerCloseOptions,
  type ServingOptions,
} from './serving.ts'
import { WebSocketError } from '../values/websocket-error.ts'

/** A socket that listens, as an adapter gives it. */
export interface ListeningSocket {
  /** The address that is listened on; empty for a Unix socket. */
  readonly hostname: string
  /** The port that is listened on; 0 for a Unix socket. */
  readonly port: number
  /** Stops listening. Resolves when every socket that was accepted is closed, too. Called once. */
  stop(): Promise<void>
  /** Destroys the accepted sockets that are left. */
  cut(): void
}

/** Where `serve` is asked to listen. */
export interface ListenTarget {
  /** The port to listen on; 0, the default, takes a free one. */
  port?: number | undefined
  /** The address to listen on. Default `127.0.0.1`; use `0.0.0.0` or `::` to be reachable from other machines. */
  hostname?: string | undefined
  /** The path of a Unix socket to listen on, in place of a port. */
  unix?: string | undefined
}

/**
 * Opens a listener for a group of connections, whose clients speak TLS if `tls` is set. Rejects with a `TypeError` for a hostname
 * that is empty or no string; with the signal's reason; where `listen` fails, with its `TypeError` or `RangeError`, and for any other
 * error with a `WebSocketError` that has it as cause.
 */
export async function listenWith(
  group: ConnectionGroup,
  options: ServingOptions & ListenTarget & { tls?: unknown },
  listen: (
    target: { hostname: string; port: number; unix: string | undefined },
  ) => ListeningSocket | Promise<ListeningSocket>,
): Promise<Listener> {
  const { signal, hostname = '127.0.0.1', port = 0, unix } = options
  // Some systems would take it for all addresses.
  if (typeof hostname !== 'string' || hostname === '') {
    const seen = hostname === '' ? 'an empty string' : String(hostname)
    throw new TypeError(`Cannot serve: hostname must be an address or a name, got ${seen}`)
  }
  if (unix === '') throw new TypeError('Cannot serve: unix must be a path, got an empty string')
  signal?.throwIfAborted()
  let socket: ListeningSocket
  try {
    socket = await listen({ hostname, port, unix })
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error
    const where = unix ?? formatHost(hostname, port)
    throw new WebSocketError(`Cannot serve WebSocket: cannot listen on ${where}: ${reasonOf(error)}`, { cause: error })
  }
  const listener = new GroupListener(group, socket, options)
  if (signal?.aborted) await listener.close()
  signal?.throwIfAborted()
  return listener
}

class GroupListener implements Listener {
  readonly url: string
  readonly hostname: string
  readonly port: number
  readonly #group: ConnectionGroup
  readonly #socket: ListeningSocket
  readonly #options: ServingOptions
  readonly #onAbort = (): void => void this.close()
  #closed: Promise<void> | undefined

  constructor(
    group: ConnectionGroup,
    socket: ListeningSocket,
    options: ServingOptions & ListenTarget & { tls?: unknown },
  ) {
    const { hostname, port } = socket
    this.hostname = hostname
    this.port = port
    const scheme = options.tls ? 'wss' : 'ws'
    // Nobody can connect to "all addresses".
    const host = loopback[hostname] ?? hostname
    this.url = options.unix === undefined ? `${scheme}://${formatHost(host, port)}` : `ws+unix:${options.unix}`
    this.#group = group
    this.#socket = socket
    this.#options = options
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  get connections(): Listener['connections'] {
    return this.#group.connections
  }

  close(options?: ListenerCloseOptions): Promise<void> {
    try {
      return this.#closed ??= this.#close(closeTimeoutOf(options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(timeout: number): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    const { startTimer } = environmentOf(this.#options)
    // After the timeout, cut what is still open: requests under way, and sockets whose peers do not finish.
    const stopTimer = startTimer(() => this.#socket.cut(), timeout)
    await Promise.all([this.#socket.stop(), this.#group.close({ timeout })])
    stopTimer()
  }
}

const loopback: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
