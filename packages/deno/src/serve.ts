// The server: Deno listens, the codec reads heads and does the rest. Owns the listening socket and every connection that it
// accepted.

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
import { duplexOf } from './byte-streams.ts'
import { denoEnvironment, requireRuntime } from './environment.ts'

/** Where and how to serve. */
export interface ServeOptions extends ServingOptions, ListenTarget {
  /** Serves over TLS, with a certificate and its key in PEM. */
  tls?: { cert: string; key: string } | undefined
}

/**
 * Listens for WebSocket connections and hands each to `onConnection`. Needs the permission `--allow-net` for host and port; for a Unix
 * socket `--allow-net` for `unix:` and its path, `--allow-read` and `--allow-write` for its path. Resolves when it listens; rejects with a `WebSocketError`
 * whose cause is the system's error where it cannot, with the signal's reason, and with a `TypeError` for options that cannot be used.
 *
 * ```ts
 * import { serve } from '@wirestream/deno'
 *
 * const listener = await serve({ port: 8080 }, (connection) => connection.readable.pipeTo(connection.writable))
 * console.log(`listening on ${listener.url}`)
 * ```
 */
export async function serve(options: ServeOptions, onConnection: ConnectionHandler): Promise<Listener> {
  requireRuntime()
  const environment = { ...denoEnvironment, ...options.environment }
  const secure = options.secure ?? options.tls !== undefined
  const group = new ConnectionGroup({ ...options, environment, secure }, onConnection)
  return await listenWith(
    group,
    { ...options, environment },
    (target) => new DenoListener(open(target, options), group),
  )
}

type Target = { hostname: string; port: number; unix: string | undefined }

function open({ hostname, port, unix }: Target, { tls }: ServeOptions): Deno.Listener {
  if (tls === undefined) {
    return unix === undefined ? Deno.listen({ hostname, port }) : Deno.listen({ transport: 'unix', path: unix })
  }
  if (unix !== undefined) throw new TypeError('Cannot serve WebSocket: Deno has no TLS over Unix sockets')
  return Deno.listenTls({ hostname, port, ...tls, alpnProtocols: ['http/1.1'] })
}

/** How long to wait after an accept that failed, such as for want of file descriptors: the next would fail at once, too. */
const PAUSE = 100

class DenoListener implements ListeningSocket {
  readonly #listener: Deno.Listener
  readonly #group: ConnectionGroup
  readonly #open = new Set<Duplex>()
  readonly #accepting: Promise<void>
  #stopped = false

  constructor(listener: Deno.Listener, group: ConnectionGroup) {
    this.#listener = listener
    this.#group = group
    this.#accepting = this.#acceptAll()
  }

  get hostname(): string {
    const { addr } = this.#listener
    return 'hostname' in addr ? addr.hostname : ''
  }

  get port(): number {
    const { addr } = this.#listener
    return 'port' in addr ? addr.port : 0
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#listener.close()
    await this.#accepting
    await Promise.all([...this.#open].map(({ closed }) => closed))
  }

  cut(): void {
    for (const streams of this.#open) streams.destroy()
  }

  async #acceptAll(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#take(await this.#listener.accept())
      } catch (error) {
        if (this.#stopped) return
        this.#group.report(error, { where: 'listener' })
        await new Promise((resolve) => setTimeout(resolve, PAUSE))
      }
    }
  }

  #take(conn: Deno.Conn): void {
    if ('setNoDelay' in conn) (conn as Deno.TcpConn).setNoDelay(true)
    const streams = duplexOf(conn)
    this.#open.add(streams)
    void streams.closed.then(() => this.#open.delete(streams))
    const { remoteAddr } = conn
    void this.#group.accept(streams, { remoteAddress: 'hostname' in remoteAddr ? remoteAddr.hostname : undefined })
  }
}
