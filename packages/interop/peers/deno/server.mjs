// Deno's own server.

import { CLOSE_REQUEST, SERVER_CLOSE } from '../shared/conversation.mjs'

Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: ({ port }) => console.log(`port ${port}`) }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request)
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('message', ({ data }) => {
    if (data === CLOSE_REQUEST) socket.close(SERVER_CLOSE.code, SERVER_CLOSE.reason)
    else socket.send(data)
  })
  socket.addEventListener('error', ({ message }) => console.log(`fail ${message}`))
  socket.addEventListener('close', ({ code, reason }) => console.log(`closed ${code} ${reason}`))
  return response
})
