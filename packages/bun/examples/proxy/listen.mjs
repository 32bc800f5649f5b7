// Listening, for proxy.mjs: the only part of it that each runtime does in its own way. This is Bun's.

import { byteStreams, socketHandlers } from '@wirestream/bun'

/** @import { ByteStreams } from '@wirestream/bun' */

/**
 * Hands every socket on as a pair of byte streams. `close` lets no more come.
 * @param {{ hostname: string, port: number }} where
 * @param {(streams: ByteStreams, remoteAddress: string) => void} onSocket
 * @returns {{ port: number, close(): void }}
 */
export function listen({ hostname, port }, onSocket) {
  let listener
  try {
    listener = Bun.listen({
      hostname,
      port,
      allowHalfOpen: true,
      socket: socketHandlers((socket) => onSocket(byteStreams(socket), socket.remoteAddress)),
    })
  } catch (error) { // Bun's message does not say why
    const { code } = /** @type {{ code?: string }} */ (error)
    throw new Error(`cannot listen on ${hostname}:${port}: ${code}`, { cause: error })
  }
  return { port: listener.port, close: () => listener.stop() }
}
