// Listening, for proxy.mjs: the only part of it that each runtime does in its own way. This is Node's.

import { byteStreams } from '@wirestream/node'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** @import { ByteStreams } from '@wirestream/node' */

/**
 * Hands every socket on as a pair of byte streams. Resolves when it listens; `close` lets no more come.
 * @param {{ hostname: string, port: number }} where
 * @param {(streams: ByteStreams, remoteAddress: string) => void} onSocket
 * @returns {Promise<{ port: number, close(): void }>}
 */
export async function listen({ hostname, port }, onSocket) {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    onSocket(byteStreams(socket), socket.remoteAddress ?? 'unknown')
  })
  server.listen(port, hostname)
  await once(server, 'listening')
  server.on('error', ({ message }) => console.error(`proxy: cannot accept: ${message}`))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => void server.close(),
  }
}
