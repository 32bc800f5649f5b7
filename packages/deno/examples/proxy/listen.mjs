// Listening, for proxy.mjs: the only part of it that each runtime does in its own way. This is Deno's.

import { byteStreams } from '@wirestream/deno'

/** @import { ByteStreams } from '@wirestream/deno' */

/**
 * Hands every socket on as a pair of byte streams. `close` lets no more come.
 * @param {{ hostname: string, port: number }} where
 * @param {(streams: ByteStreams, remoteAddress: string) => void} onSocket
 * @returns {{ port: number, close(): void }}
 */
export function listen({ hostname, port }, onSocket) {
  const listener = Deno.listen({ hostname, port })
  let open = true
  void (async () => {
    while (open) {
      try {
        const conn = await listener.accept()
        conn.setNoDelay(true)
        onSocket(byteStreams(conn), conn.remoteAddr.hostname)
      } catch (error) {
        if (!open) return
        console.error(`proxy: cannot accept: ${error}`)
        await new Promise((resolve) => setTimeout(resolve, 100)) // the next would fail at once, too
      }
    }
  })()
  return {
    port: listener.addr.port,
    close() {
      open = false
      listener.close()
    },
  }
}
