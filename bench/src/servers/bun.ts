// Bun's own server, as its documentation writes it: bun.js MODE.

import process from 'node:process'
import { answer, memory } from '../answer.ts'

const broadcast = process.argv[2] === 'broadcast'

answer({
  ...memory,
  listen() {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request, server) => server.upgrade(request) ? undefined : new Response(null, { status: 426 }),
      websocket: {
        open: (socket) => void (broadcast && socket.subscribe('all')),
        message: (socket, message) => void (broadcast ? server.publish('all', message) : socket.send(message)),
      },
    })
    return server.port
  },
})
