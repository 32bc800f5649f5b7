// The server: Bun listens and accepts, the codec reads heads and does the rest.

import {
  type ConnectionHandler,
  type Listener,
  type ListenTarget,
  serveSockets,
  type ServingOptions,
} from '@wirestream/codec/adapter'
import { duplexOf, socketHandlers } from './byte-streams.ts'
import { ALPN } from './dial.ts'
import { inBun } from './environment.ts'

/** Where and how to serve. */
export interface ServeOptions extends ServingOptions, ListenTarget {
  /** Serves over TLS, with a certificate and its key in PEM. */
  tls?: { cert: string; key: string; passphrase?: string | undefined } | undefined
}

/**
 * Listens for WebSocket connections and hands each to `onConnection`. Resolves once it listens. Rejects with a `WebSocketError`
 * whose cause is the system's error where it cannot listen, `TypeError` or `RangeError` for unusable options, or the signal's reason.
 *
 * ```ts
 * import { serve } from '@wirestream/bun'
 *
 * const listener = await serve({ port: 8080 }, (connection) => connection.readable.pipeTo(connection.writable))
 * console.log(`listening on ${listener.url}`)
 * ```
 */
export async function serve(options: ServeOptions, onConnection: ConnectionHandler): Promise<Listener> {
  return await serveSockets(inBun(options), onConnection, ({ hostname, port, unix }, accepted, { tls }) =>
    Bun.listen({
      ...(unix === undefined ? { hostname, port } : { unix }),
      ...(tls ? { tls: { ...tls, ALPNProtocols: ALPN } } : {}),
      allowHalfOpen: true,
      socket: socketHandlers((socket) => accepted(duplexOf(socket), socket.remoteAddress)),
    }))
}
