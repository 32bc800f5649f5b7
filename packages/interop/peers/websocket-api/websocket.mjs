// A client that has the browsers' WebSocket: Node's own, Deno's, Bun's, undici's, and the browsers.

import { converse, Inbox } from '../shared/conversation.mjs'

export async function withWebSocket(WebSocket, url, closer, report) {
  const socket = new WebSocket(url)
  const inbox = new Inbox()
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('message', ({ data }) => inbox.push(typeof data === 'string' ? data : new Uint8Array(data)))
  const closed = new Promise((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => {
      inbox.fail(new Error(`closed with ${code} ${reason}`))
      resolve({ code, reason })
    })
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', (event) => reject(new Error(`cannot open: ${event.message}`)))
  })
  const end = {
    send: (message) => socket.send(message),
    receive: () => inbox.receive(),
    close: (code, reason) => socket.close(code, reason),
    closed,
  }
  await converse(end, closer, report)
}
