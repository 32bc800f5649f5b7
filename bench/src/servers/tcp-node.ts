// TCP alone on Node: what no WebSocket server can beat. tcp-node.js echo, or `streams`: the same through the adapter's byte streams.

import { byteStreams } from '@wirestream/node'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import process from 'node:process'
import { answer, memory } from '../answer.ts'

const serve = process.argv[2] === 'streams' ? pipe : echo

answer({
  ...memory,
  listen: () =>
    new Promise<number>((resolve) => {
      const server = createServer({ noDelay: true }, serve)
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    }),
})

function echo(socket: Socket): void {
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    if (!socket.write(chunk)) socket.pause()
  })
  socket.on('drain', () => socket.resume())
}

function pipe(socket: Socket): void {
  const { readable, writable } = byteStreams(socket)
  readable.pipeTo(writable).catch(() => {})
}
