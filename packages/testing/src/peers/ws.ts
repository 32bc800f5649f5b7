// The npm package `ws`, as a server and as a client.

import type { AddressInfo } from 'node:net'
import type { ClientOptions, ServerOptions, WebSocket, WebSocketServer } from 'ws'

/** A `ws` server on loopback. */
export interface WsServer {
  url: string
  server: WebSocketServer
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a `ws` server; `onConnection` gets each socket. */
export async function wsServer(
  onConnection: (socket: WebSocket) => void,
  options: ServerOptions = {},
): Promise<WsServer> {
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  server.on('connection', onConnection)
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** An open `ws` client. */
export async function wsClient(
  url: string,
  options: ClientOptions & { protocols?: string[] } = {},
): Promise<WebSocket> {
  const { WebSocket } = await import('ws')
  const { protocols = [], ...rest } = options
  const socket = new WebSocket(url, protocols, rest)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return socket
}
