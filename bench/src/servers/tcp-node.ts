// TCP alone on Node: what no WebSocket server can beat. tcp-node.js MODE: `broadcast`; `streams`, an echo through the
// adapter's byte streams; or any other, an echo of its own.

import { byteStreams } from '@wirestream/node'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import process from 'node:process'
import { answer, memory } from '../answer.ts'

const modes: Record<string, (socket: Socket) => void> = { broadcast, streams: pipe }
const serve = modes[process.argv[2]!] ?? echo
const sockets = new Set<Socket>()

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

/** One message is under way at a time, so none is longer than what the system takes at once. */
function broadcast(socket: Socket): void {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    for (const each of sockets) each.write(chunk)
  })
}

function pipe(socket: Socket): void {
  const { readable, writable } = byteStreams(socket)
  readable.pipeTo(writable).catch(() => {})
}
