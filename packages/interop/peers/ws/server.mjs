// The npm package `ws` as a server.

import { WebSocketServer } from 'ws'
import { CLOSE_REQUEST, FRAGMENT_ABOVE, fragments, PING, SERVER_CLOSE } from '../shared/conversation.mjs'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
server.on('listening', () => console.log(`port ${server.address().port}`))
server.on('connection', (socket) => {
  socket.on('error', (error) => console.log(`fail ${error}`))
  socket.on('close', (code, reason) => console.log(`closed ${code} ${reason}`))
  socket.on('pong', () => console.log('pong'))
  socket.ping(PING)
  socket.on('message', (data, isBinary) => {
    if (data.toString() === CLOSE_REQUEST) return socket.close(SERVER_CLOSE.code, SERVER_CLOSE.reason)
    if (data.length <= FRAGMENT_ABOVE) return socket.send(data, { binary: isBinary })
    const parts = [...fragments(data)]
    for (const [i, part] of parts.entries()) socket.send(part, { binary: isBinary, fin: i === parts.length - 1 })
  })
})
