// The server: Deno listens and accepts, the codec reads heads and does the rest.

import {
  type Accepted,
  type ConnectionHandler,
  type Listener,
  type ListenTarget,
  type ResolvedTarget,
  serveSockets,
  type ServingOptions,
  type SocketSource,
} from '@wirestream/codec/adapter'
import { duplexOf } from './byte-streams.ts'
import { inDeno } from './environment.ts'

/** Where and how to serve. */
export interface ServeOptions extends ServingOptions, ListenTarget {
  /** Serves over TLS, with a certificate and its key in PEM. */
  tls?: { cert: string; key: string } | undefined
}

/**
 * Listens for WebSocket connections and hands each to `onConnection`. Resolves once it listens. Rejects with a `WebSocketError`
 * whose cause is the system's error where it cannot listen, `TypeError` or `RangeError` for unusable options, or the signal's reason.
 *
 * Needs the permission `--allow-net` for host and port; for a Unix socket `--allow-net` for `unix:` and its path, and `--allow-read` and
 * `--allow-write` for its path.
 *
 * ```ts
 * import { serve } from '@wirestream/deno'
 *
 * const listener = await serve({ port: 8080 }, (connection) => connection.readable.pipeTo(connection.writable))
 * console.log(`listening on ${listener.url}`)
 * ```
 */
export async function serve(options: ServeOptions, onConnection: ConnectionHandler): Promise<Listener> {
  return await serveSockets(inDeno(options), onConnection, listen)
}

function listen(target: ResolvedTarget, accepted: Accepted, options: ServeOptions): SocketSource {
  const listener = open(target, options)
  return {
    ...(listener.addr as Deno.NetAddr),
    async accept() {
      const conn = await listener.accept().catch(ignoreGone)
      if (conn === undefined) return
      if ('setNoDelay' in conn) (conn as Deno.TcpConn).setNoDelay(true)
      const { remoteAddr } = conn
      accepted(duplexOf(conn), 'hostname' in remoteAddr ? remoteAddr.hostname : undefined)
    },
    stop: () => listener.close(),
  }
}

/** A peer that reset its connection before it was accepted is no fault of the listener, and must not make the others wait. */
function ignoreGone(error: unknown): undefined {
  const { ConnectionAborted, ConnectionReset, NotConnected } = Deno.errors
  if (![ConnectionAborted, ConnectionReset, NotConnected].some((gone) => error instanceof gone)) throw error
}

function open({ hostname, port, unix }: ResolvedTarget, { tls }: ServeOptions): Deno.Listener {
  if (!tls) {
    return unix === undefined ? Deno.listen({ hostname, port }) : Deno.listen({ transport: 'unix', path: unix })
  }
  if (unix !== undefined) throw new TypeError('Cannot serve WebSocket: Deno has no TLS over Unix sockets')
  return Deno.listenTls({ hostname, port, ...tls, alpnProtocols: ['http/1.1'] })
}
