// The npm package `ws` as a client: client.mjs URL CLOSER

import process from 'node:process'
import WebSocket from 'ws'
import { converse, fragments, Inbox } from '../shared/conversation.mjs'

const [url, closer] = process.argv.slice(2)
const socket = new WebSocket(url)
const inbox = new Inbox()
socket.on('message', (data, isBinary) => inbox.push(isBinary ? data : data.toString()))
socket.on('error', (error) => inbox.fail(error))

const end = {
  send(message, fragment) {
    if (!fragment) return socket.send(message)
    const parts = [...fragments(message)]
    for (const [i, part] of parts.entries()) socket.send(part, { fin: i === parts.length - 1 })
  },
  receive: () => inbox.receive(),
  ping: (data) =>
    new Promise((resolve) => {
      socket.once('pong', resolve)
      socket.ping(data)
    }),
  close: (code, reason) => socket.close(code, reason),
  closed: new Promise((resolve) => {
    socket.on('close', (code, reason) => {
      inbox.fail(new Error(`closed with ${code} ${reason}`))
      resolve({ code, reason: reason.toString() })
    })
  }),
}
await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
await converse(end, closer, (line) => console.log(line))
