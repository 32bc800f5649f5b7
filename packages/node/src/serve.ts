// The server: Node's HTTP server listens and reads heads, the codec's group of connections does the rest. Owns the listening
// socket and every socket that it accepted.

import {
  ConnectionGroup,
  type ConnectionHandler,
  type Listener,
  type ListenerCloseOptions,
  type ServingOptions,
} from '@wirestream/codec'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions as HttpsOptions } from 'node:https'
import type { Socket } from 'node:net'
import { nodeEnvironment } from './environment.ts'
import { describeUpgrade, takeSocket } from './upgrade.ts'

/** Where and how to serve. */
export interface ServeOptions extends ServingOptions {
  /** The port to listen on; 0, the default, takes a free one. */
  port?: number | undefined
  /** The address to listen on. Default `127.0.0.1`: who wants to be reached from elsewhere says so, with `0.0.0.0` or `::`. */
  hostname?: string | undefined
  /** The path of a Unix socket to listen on, in place of a port. */
  unix?: string | undefined
  /** Serves over TLS, with the options of `node:https`: `cert` and `key` at least. */
  tls?: HttpsOptions | undefined
  /** Answers plain HTTP requests. Default: 426 Upgrade Required. What it throws goes to `onError`, and is answered with 500. */
  onRequest?: ((request: IncomingMessage, response: ServerResponse) => void | Promise<void>) | undefined
}

/**
 * Listens for WebSocket connections and hands each to `onConnection`. Resolves when it listens; rejects with the system's error
 * where it cannot, with the signal's reason, and with a `TypeError` for options that cannot be used.
 *
 * ```ts
 * import { serve } from '@wirestream/node'
 *
 * const listener = await serve({ port: 8080 }, (connection) => connection.readable.pipeTo(connection.writable))
 * console.log(`listening on ${listener.url}`)
 * ```
 */
export async function serve(options: ServeOptions, onConnection: ConnectionHandler): Promise<Listener> {
  const { signal } = options
  signal?.throwIfAborted()
  const environment = { ...nodeEnvironment, ...options.environment }
  const group = new ConnectionGroup({ ...options, environment }, onConnection)
  const server = createHttpServer(options)
  server.on('upgrade', (request, socket, head) => {
    void group.accept(takeSocket(socket, head), describeUpgrade(request, options))
  })
  server.on('request', (request, response) => void answer(request, response, options, group))
  const listener = new NodeListener(server, group, options)
  await listen(server, options)
  server.on('error', (error) => group.report(error, { where: 'listener' }))
  const close = (): void => void listener.close()
  signal?.addEventListener('abort', close, { once: true })
  server.once('close', () => signal?.removeEventListener('abort', close))
  if (signal?.aborted) await listener.close()
  signal?.throwIfAborted()
  return listener
}

function createHttpServer({ tls, limits }: ServeOptions): Server {
  const headSize = limits?.headSize
  const options = headSize === undefined ? {} : { maxHeaderSize: headSize }
  return tls === undefined ? createServer(options) : createSecureServer({ ...options, ...tls })
}

function listen(server: Server, { port = 0, hostname = '127.0.0.1', unix }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(unix === undefined ? { port, host: hostname } : { path: unix }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** A plain HTTP request. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { onRequest = upgradeRequired }: ServeOptions,
  group: ConnectionGroup,
): Promise<void> {
  try {
    await onRequest(request, response)
  } catch (error) {
    if (response.headersSent) response.destroy()
    else response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' }).end('Internal Server Error\n')
    group.report(error, { where: 'request' })
  }
}

function upgradeRequired(_: IncomingMessage, response: ServerResponse): void {
  const headers = { Upgrade: 'websocket', Connection: 'Upgrade, close', 'Content-Type': 'text/plain; charset=utf-8' }
  response.writeHead(426, headers).end('Want Upgrade: websocket; this is a WebSocket server\n')
}

class NodeListener implements Listener {
  readonly #server: Server
  readonly #group: ConnectionGroup
  readonly #options: ServeOptions
  readonly #sockets = new Set<Socket>()
  #closed: Promise<void> | undefined
  #address = { hostname: '', port: 0 }

  constructor(server: Server, group: ConnectionGroup, options: ServeOptions) {
    this.#server = server
    this.#group = group
    this.#options = options
    server.once('listening', () => {
      const address = server.address()
      if (address !== null && typeof address === 'object') {
        this.#address = { hostname: address.address, port: address.port }
      }
    })
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  get url(): string {
    const { tls, unix } = this.#options
    if (unix !== undefined) return `ws+unix:${unix}`
    // Nobody can connect to "all addresses".
    const host = hosts[this.hostname] ?? this.hostname
    return `${tls === undefined ? 'ws' : 'wss'}://${host.includes(':') ? `[${host}]` : host}:${this.port}`
  }

  get hostname(): string {
    return this.#address.hostname
  }

  get port(): number {
    return this.#address.port
  }

  get connections(): ConnectionGroup['connections'] {
    return this.#group.connections
  }

  close(options: ListenerCloseOptions = {}): Promise<void> {
    return this.#closed ??= this.#close(options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close({ timeout = 5_000 }: ListenerCloseOptions): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    // What is left then is cut: requests under way, and sockets that wait for their peers.
    const timer = setTimeout(() => this.#sockets.forEach((socket) => socket.destroy()), timeout)
    await this.#group.close({ timeout })
    await stopped
    clearTimeout(timer)
  }
}

const hosts: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
