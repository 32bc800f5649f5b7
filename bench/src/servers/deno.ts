// Deno's own server, as its documentation writes it: deno.js MODE.

import process from 'node:process'
import { answer, memory } from '../answer.ts'

const broadcast = process.argv[2] === 'broadcast'
const clients = new Set<Deno.WebSocketUpgrade['socket']>()

answer({
  ...memory,
  listen: () => Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, accept).addr.port,
})

function accept(request: Request): Response {
  // Whoever only listens, as in a fan-out, would be pinged now and then, and nobody here answers.
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 })
  socket.binaryType = 'arraybuffer'
  socket.onopen = () => clients.add(socket)
  socket.onclose = () => clients.delete(socket)
  socket.onerror = () => {}
  socket.onmessage = ({ data }) => {
    if (!broadcast) socket.send(data)
    else for (const client of clients) client.send(data)
  }
  return response
}
