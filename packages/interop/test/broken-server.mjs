// A server with the fault that its argument names.

import process from 'node:process'
import { WebSocketServer } from 'ws'

const how = process.argv[2]
if (how === 'does not start') process.exit(3)

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
server.on('listening', () => console.log(`port ${server.address().port}`))
server.on('connection', (socket, { socket: wire }) => {
  // A binary frame without FIN: who sends one waited for our answer before, so it begins a chunk. Others begin with masked bytes, which
  // may be anything.
  let cut = false
  let answered = true
  wire.prependListener('data', ([first]) => {
    cut ||= answered && first === 0x02
    answered = false
  })
  socket.on('error', () => {})
  if (how !== 'cuts') socket.on('close', (code, reason) => console.log(`closed ${code} ${reason}`))
  socket.on('message', (data, isBinary) => {
    answered = true
    const reason = how.includes('forgets the reason') ? '' : 'as you wish'
    if (data.toString() === 'please close') return socket.close(3002, reason)
    if (how === 'cuts') return socket.terminate()
    if (how === 'changes a byte' && isBinary) data[0] ^= 1
    if (how === 'sends reserved bits') wire.write(new Uint8Array([0xf1, 0]))
    socket.send(how.startsWith('takes fragments') && cut ? data.subarray(0, 65_536) : data, { binary: isBinary })
  })
})
