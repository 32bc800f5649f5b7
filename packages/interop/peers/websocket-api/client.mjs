// A JavaScript runtime's own client, or undici's: client.mjs API URL CLOSER

import process from 'node:process'
import { withWebSocket } from './websocket.mjs'
import { withWebSocketStream } from './websocketstream.mjs'

const [api, url, closer] = process.argv.slice(2)
const report = (line) => console.log(line)
const clients = {
  WebSocket: () => withWebSocket(globalThis.WebSocket, url, closer, report),
  WebSocketStream: () => withWebSocketStream(globalThis.WebSocketStream, url, closer, report),
  'undici.WebSocket': async () => withWebSocket((await import('undici')).WebSocket, url, closer, report),
  'undici.WebSocketStream': async () =>
    withWebSocketStream((await import('undici')).WebSocketStream, url, closer, report),
}
await clients[api]()
