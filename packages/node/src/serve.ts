// The server: Node's HTTP server listens and reads heads, the codec's group of connections does the rest. Owns the listening
// socket and every socket that it accepted.

import { DEFAULT_LIMITS } from '@wirestream/codec'
import {
  ConnectionGroup,
  type ConnectionHandler,
  type Listener,
  type ListeningSocket,
  type ListenTarget,
  listenWith,
  Members,
  type ServingOptions,
} from '@wirestream/codec/adapter'
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions as HttpsOptions } from 'node:https'
import { type AddressInfo, type ListenOptions, Server as NetServer, type Socket } from 'node:net'
import { inNode } from './environment.ts'
import { ignoreUpgrade } from './ignore-upgrade.ts'
import { Responses } from './responses.ts'
import { describeUpgrade, takeSocket } from './upgrade.ts'

/** Where and how to serve. */
export interface ServeOptions extends Omit<ServingOptions, 'onRequest'>, ListenTarget {
  /** Serves over TLS, with the options of `node:https`: `cert` and `key` at least. */
  tls?: HttpsOptions | undefined
  /** Answers plain HTTP requests. Default: 426 Upgrade Required. If it throws, the client gets a 500, and `onError` gets the error. */
  onRequest?: ((request: IncomingMessage, response: ServerResponse) => void | Promise<void>) | undefined
}

/**
 * Listens for WebSocket connections and hands each to `onConnection`. Resolves once it listens. Rejects with a `WebSocketError`
 * whose cause is the system's error where it cannot listen, `TypeError` or `RangeError` for unusable options, or the signal's reason.
 *
 * ```ts
 * import { serve } from '@wirestream/node'
 *
 * const listener = await serve({ port: 8080 }, (connection) => connection.readable.pipeTo(connection.writable))
 * console.log(`listening on ${listener.url}`)
 * ```
 */
export async function serve(options: ServeOptions, onConnection: ConnectionHandler): Promise<Listener> {
  const { onRequest, ...serving } = inNode(options)
  const group = new ConnectionGroup(serving, onConnection)
  return await listenWith(group, serving, async ({ hostname, port, unix }) => {
    const server = createHttpServer(options)
    const responses = new Responses()
    server.on('request', (request, response) => {
      responses.add(request, response)
      void answer(request, response, onRequest, group)
    })
    server.on('upgrade', (request, socket, head) => {
      responses.whenAnswered(request, socket, () => {
        if (isWebSocket(request)) void group.accept(takeSocket(socket, head), describeUpgrade(request, options))
        else ignoreUpgrade(server, request, socket, head)
      })
    })
    const listening = new NodeListener(server, responses)
    await listen(server, unix === undefined ? { port, host: hostname } : { path: unix })
    server.on('error', (error) => void group.report(error, { where: 'listener' }))
    return listening
  })
}

function createHttpServer({ tls, limits }: ServeOptions): Server {
  const { headSize = DEFAULT_LIMITS.headSize, handshakeTimeout = DEFAULT_LIMITS.handshakeTimeout } = limits ?? {}
  const finite = handshakeTimeout < 2 ** 31
  const options: ServerOptions = {
    maxHeaderSize: Math.min(headSize, Number.MAX_SAFE_INTEGER), // Node takes no Infinity
    // Who opens a socket must say what for; Node looks after that only now and then.
    headersTimeout: finite ? handshakeTimeout : 0,
    requestTimeout: finite ? Math.max(handshakeTimeout, 300_000) : 0,
    connectionsCheckingInterval: finite ? Math.min(Math.ceil(handshakeTimeout / 2), 30_000) : 30_000,
  }
  // The handshake of TLS goes before all that; Node would wait for it for two minutes, and takes no 0 for an answer.
  const server = tls
    ? createSecureServer({ ...options, handshakeTimeout: finite ? handshakeTimeout : 2 ** 31 - 1, ...tls })
    : createServer(options)
  server.maxHeadersCount = 0 // Node would drop the others in silence; the codec refuses the request
  return server
}

/** Looks at the fields as they came: to make an object of them, as `headers` does, costs more than all of this. */
function isWebSocket({ rawHeaders }: IncomingMessage): boolean {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const isUpgrade = rawHeaders[i]!.length === 7 && rawHeaders[i]!.toLowerCase() === 'upgrade'
    if (isUpgrade && /(?:^|,)\s*websocket\s*(?:,|$)/i.test(rawHeaders[i + 1]!)) return true
  }
  return false
}

function listen(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** A plain HTTP request. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  onRequest: ServeOptions['onRequest'] = upgradeRequired,
  group: ConnectionGroup,
): Promise<void> {
  try {
    await onRequest(request, response)
  } catch (error) {
    void group.report(error, { where: 'request' })
    fail(response)
  }
}

/** Answers 500, unless another response is on its way. Never throws. */
function fail(response: ServerResponse): void {
  try {
    if (response.headersSent) return void response.destroy()
    for (const name of response.getHeaderNames()) response.removeHeader(name) // they described another response
    const body = 'Internal Server Error\n'
    const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length }
    // Reason and length said, as Node keeps those of the other response, though it refused to send it.
    response.writeHead(500, 'Internal Server Error', headers).end(body)
  } catch {
    response.destroy() // the handler may have put methods of its own in place of Node's
  }
}

function upgradeRequired(_: IncomingMessage, response: ServerResponse): void {
  const headers = { Upgrade: 'websocket', Connection: 'Upgrade, close', 'Content-Type': 'text/plain; charset=utf-8' }
  response.writeHead(426, headers).end('Want Upgrade: websocket; this is a WebSocket server\n')
}

class NodeListener implements ListeningSocket {
  readonly #server: Server
  readonly #responses: Responses
  readonly #sockets = new Members<Socket>()

  constructor(server: Server, responses: Responses) {
    this.#server = server
    this.#responses = responses
    server.on('connection', (socket: Socket) => {
      const place = this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.remove(place))
    })
  }

  get hostname(): string {
    return addressOf(this.#server)?.address ?? ''
  }

  get port(): number {
    return addressOf(this.#server)?.port ?? 0
  }

  async stop(): Promise<void> {
    // What an HTTP server does in its own `close` cuts responses that are complete but not sent, and stops looking for clients that never
    // finish their heads. So that is done when all are gone.
    const stopped = new Promise<void>((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()))
    this.#responses.end()
    await stopped
    this.#server.close()
  }

  cut(): void {
    for (const socket of this.#sockets.list()) socket.destroy()
  }
}

function addressOf(server: Server): AddressInfo | undefined {
  const address = server.address()
  return address !== null && typeof address === 'object' ? address : undefined
}
