// Bun's own server.

import { CLOSE_REQUEST, PING, SERVER_CLOSE } from '../shared/conversation.mjs'

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, server) {
    return server.upgrade(request) ? undefined : new Response('Want a WebSocket', { status: 426 })
  },
  websocket: {
    open: (socket) => void socket.ping(PING),
    message(socket, data) {
      if (data === CLOSE_REQUEST) socket.close(SERVER_CLOSE.code, SERVER_CLOSE.reason)
      else socket.send(data)
    },
    pong: () => console.log('pong'),
    close: (_, code, reason) => console.log(`closed ${code} ${reason}`),
  },
})
console.log(`port ${server.port}`)
