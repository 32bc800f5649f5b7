// Real sockets for tests: two ends of one connection, over TCP, TLS or a Unix socket, and what a process holds open.

import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { makeCertificate } from './certificate.ts'

/** How two sockets are connected. */
export type Transport = 'tcp' | 'tls' | 'unix'

/** The ends of one connection; `server` is the one that was accepted. */
export interface SocketPair {
  client: Socket
  server: Socket
}

let certificate: ReturnType<typeof makeCertificate> | undefined

/** Two connected sockets. Both allow half-open connections; nobody listens to them yet. */
export async function socketPair(transport: Transport = 'tcp'): Promise<SocketPair> {
  certificate ??= makeCertificate()
  const tls = { ...certificate, ca: certificate.cert, allowHalfOpen: true }
  const server = transport === 'tls' ? createTlsServer(tls) : createServer({ allowHalfOpen: true })
  const accepted = once(server, transport === 'tls' ? 'secureConnection' : 'connection') as Promise<[Socket]>
  const address = transport === 'unix' ? { path: socketPath() } : { port: 0, host: '127.0.0.1' }
  server.listen(address)
  await once(server, 'listening')
  const target = transport === 'unix' ? address as { path: string } : { port: portOf(server), host: '127.0.0.1' }
  const client = transport === 'tls' ? connectTls({ ...tls, ...target }) : connect({ ...target, allowHalfOpen: true })
  await once(client, transport === 'tls' ? 'secureConnect' : 'connect')
  const [socket] = await accepted
  server.close()
  return { client, server: socket }
}

/** The path of a Unix socket that nobody has. */
export function socketPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'wirestream-')), 'socket')
}

/** A raw TCP server on loopback that hands each socket to `onSocket`; errors of sockets are ignored. */
export async function rawServer(
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; [Symbol.asyncDispose](): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A raw TCP connection to loopback; its errors are ignored. */
export async function rawConnect(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** The port that a server listens on. */
export function portOf(server: Server): number {
  return (server.address() as { port: number }).port
}

/** The sockets and listening servers that this process holds open, by kind. */
export function openSockets(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Pipe(Wrap|Server)|ConnectWrap/.test(name)).sort()
}
