// A page that holds one conversation after the other, as it is told to.

import { withWebSocket } from '../websocket-api/websocket.mjs'
import { withWebSocketStream } from '../websocket-api/websocketstream.mjs'

const clients = { WebSocket: withWebSocket, WebSocketStream: withWebSocketStream }
const api = location.search.slice(1)

for (;;) {
  const { url, closer } = await (await fetch('/next')).json()
  const lines = []
  try {
    await clients[api](globalThis[api], url, closer, (line) => lines.push(line))
  } catch (error) {
    lines.push(`fail ${error}`)
  }
  await fetch('/report', { method: 'POST', body: lines.join('\n') })
}
