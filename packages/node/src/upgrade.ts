// One connection on a server that exists already: Node's HTTP server has read the head, we do the rest.

import { acceptConnection, type ByteStreams, type Connection, type ServerOptions } from '@wirestream/codec'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { byteStreams } from './byte-streams.ts'
import { connectionEnvironment } from './environment.ts'

/** How to accept a connection; everything else comes from the request and its socket. */
export type UpgradeOptions = Omit<ServerOptions, 'requestHead' | 'head' | 'onRequest' | 'remoteAddress'>

/**
 * Upgrades a request on your own `http` or `https` server; call it synchronously in the server's `upgrade` event. Takes the socket
 * over. A request that breaks a rule, or that `accept` refuses, is answered with an HTTP error; then this rejects with an
 * `UpgradeError`. Rejects otherwise as `acceptConnection` does.
 *
 * A client may send an upgrade after a request that your server has not answered yet (RFC 9112 §9.3.2), and Node reports it at once:
 * the late response would then mix with the frames. `serve` ignores such upgrades; a server of your own that answers slowly should, too.
 *
 * ```ts
 * import { upgrade } from '@wirestream/node'
 * import { createServer } from 'node:http'
 *
 * const server = createServer((_, response) => response.end('hello'))
 * server.on('upgrade', async (request, socket, head) => {
 *   if (request.url !== '/echo') return socket.end('HTTP/1.1 404 Not Found\r\n\r\n')
 *   const connection = await upgrade(request, socket, head).catch(() => undefined)
 *   await connection?.readable.pipeTo(connection.writable).catch(() => {})
 * })
 * ```
 */
export function upgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  options: UpgradeOptions = {},
): Promise<Connection> {
  const environment = { ...connectionEnvironment, ...options.environment }
  const known = describeUpgrade(request, options)
  return acceptConnection(takeSocket(socket, head), { ...options, ...known, environment })
}

/** The byte streams of a socket that an HTTP server lets go of, with its own time-outs. */
export function takeSocket(socket: Duplex, head: Uint8Array): ByteStreams {
  // Our frames of one turn leave in one write; Nagle would only delay them.
  if (socket instanceof Socket) socket.setNoDelay(true)
  return byteStreams(socket, { head })
}

/** What an HTTP server knows of a request, as the codec takes it. */
export function describeUpgrade(
  request: IncomingMessage,
  { secure }: Pick<UpgradeOptions, 'secure'>,
): Partial<ServerOptions> {
  const { method = '', url = '', httpVersion, rawHeaders, socket } = request
  const headers: [name: string, value: string][] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.push([rawHeaders[i]!, rawHeaders[i + 1]!])
  return {
    requestHead: { method, target: url, httpVersion, headers },
    remoteAddress: socket.remoteAddress,
    secure: secure ?? 'encrypted' in socket,
  }
}
