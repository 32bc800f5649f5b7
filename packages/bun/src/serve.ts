// The server: Bun listens, the codec reads heads and does the rest. Owns the listening socket and every socket that it accepted.

import {
  ConnectionGroup,
  type ConnectionHandler,
  type Duplex,
  type Listener,
  type ListeningSocket,
  type ListenTarget,
  listenWith,
  type ServingOptions,
} from '@wirestream/codec/adapter'
import { duplexOf, socketHandlers } from './byte-streams.ts'
import { ALPN } from './dial.ts'
import { bunEnvironment, requireRuntime } from './environment.ts'

/** Where and how to serve. */
export interface ServeOptions extends ServingOptions, ListenTarget {
  /** Serves over TLS, with a certificate and its key in PEM. */
  tls?: { cert: string; key: string; passphrase?: string | undefined } | undefined
}

/**
 * Listens for WebSocket connections and hands each to `onConnection`. Resolves when it listens; rejects with a `WebSocketError`
 * whose cause is the system's error where it cannot, with the signal's reason, and with a `TypeError` for options that cannot be used.
 *
 * ```ts
 * import { serve } from '@wirestream/bun'
 *
 * const listener = await serve({ port: 8080 }, (connection) => connection.readable.pipeTo(connection.writable))
 * console.log(`listening on ${listener.url}`)
 * ```
 */
export async function serve(options: ServeOptions, onConnection: ConnectionHandler): Promise<Listener> {
  requireRuntime()
  const environment = { ...bunEnvironment, ...options.environment }
  const secure = options.secure ?? options.tls !== undefined
  const group = new ConnectionGroup({ ...options, environment, secure }, onConnection)
  return await listenWith(group, { ...options, environment }, (target) => new BunListener(target, options, group))
}

type Target = { hostname: string; port: number; unix: string | undefined }

class BunListener implements ListeningSocket {
  readonly hostname: string
  readonly port: number
  readonly #listener: Bun.Listener
  readonly #group: ConnectionGroup
  readonly #open = new Set<Duplex>()

  constructor({ hostname, port, unix }: Target, { tls }: ServeOptions, group: ConnectionGroup) {
    this.#group = group
    this.#listener = Bun.listen({
      ...(unix === undefined ? { hostname, port } : { unix }),
      ...(tls === undefined ? {} : { tls: { ...tls, ALPNProtocols: ALPN } }),
      allowHalfOpen: true,
      socket: socketHandlers((socket) => this.#take(socket)),
    })
    this.hostname = unix === undefined ? this.#listener.hostname : ''
    this.port = unix === undefined ? this.#listener.port : 0
  }

  async stop(): Promise<void> {
    this.#listener.stop()
    await Promise.all([...this.#open].map(({ closed }) => closed))
  }

  cut(): void {
    for (const streams of this.#open) streams.destroy()
  }

  #take(socket: Bun.Socket): void {
    const streams = duplexOf(socket)
    this.#open.add(streams)
    void streams.closed.then(() => this.#open.delete(streams))
    void this.#group.accept(streams, { remoteAddress: socket.remoteAddress })
  }
}
