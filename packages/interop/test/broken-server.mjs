// A server with one fault, named by its argument.

import process from 'node:process'
import { WebSocketServer } from 'ws'

const how = process.argv[2]
if (how === 'does not start') process.exit(3)

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
server.on('listening', () => console.log(`port ${server.address().port}`))
server.on('connection', (socket) => {
  socket.on('error', () => {})
  if (how !== 'cuts') socket.on('close', (code, reason) => console.log(`closed ${code} ${reason}`))
  socket.on('message', (data, isBinary) => {
    if (data.toString() === 'please close') return socket.close(3002, how === 'forgets the reason' ? '' : 'as you wish')
    if (how === 'cuts') return socket.terminate()
    if (how === 'changes a byte' && isBinary) data[0] ^= 1
    if (how === 'sends reserved bits') socket._socket.write(new Uint8Array([0xf1, 0]))
    socket.send(data, { binary: isBinary })
  })
})
