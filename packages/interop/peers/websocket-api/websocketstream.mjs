// A client that has the standard's WebSocketStream: Deno's, undici's, Chromium's.

import { converse } from '../shared/conversation.mjs'

export async function withWebSocketStream(WebSocketStream, url, closer, report) {
  const stream = new WebSocketStream(url)
  const { readable, writable } = await stream.opened
  const reader = readable.getReader()
  const writer = writable.getWriter()
  const end = {
    send: (message) => writer.write(message),
    receive: async () => {
      const { value } = await reader.read()
      return typeof value === 'string' ? value : new Uint8Array(value)
    },
    close: (closeCode, reason) => stream.close({ closeCode, reason }),
    closed: stream.closed.then(({ closeCode, reason }) => ({ code: closeCode, reason })),
  }
  await converse(end, closer, report)
}
