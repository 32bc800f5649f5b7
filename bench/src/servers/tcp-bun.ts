// TCP alone on Bun: what no WebSocket server can beat. tcp-bun.js MODE: `broadcast`; `streams`, an echo through the
// adapter's byte streams; or any other, an echo of its own.

import { byteStreams, socketHandlers } from '@wirestream/bun'
import process from 'node:process'
import { answer, memory } from '../answer.ts'

const modes: Record<string, () => Bun.SocketHandler> = { broadcast, streams: () => socketHandlers(pipe) }
const handlers = (modes[process.argv[2]!] ?? echo)()

answer({
  ...memory,
  listen: () => Bun.listen({ hostname: '127.0.0.1', port: 0, allowHalfOpen: true, socket: handlers }).port,
})

/** What the system does not take at once waits for `drain`. */
function echo(): Bun.SocketHandler {
  const waiting = new Map<Bun.Socket, Uint8Array[]>()
  const send = (socket: Bun.Socket, chunk: Uint8Array): Uint8Array => chunk.subarray(socket.write(chunk))
  return {
    data(socket, chunk) {
      const queue = waiting.get(socket)
      if (queue !== undefined) return void queue.push(chunk.slice())
      const rest = send(socket, chunk)
      if (rest.length > 0) waiting.set(socket, [rest.slice()])
    },
    drain(socket) {
      const queue = waiting.get(socket)
      while (queue !== undefined && queue.length > 0) {
        const rest = send(socket, queue[0]!)
        if (rest.length > 0) return void (queue[0] = rest)
        queue.shift()
      }
      waiting.delete(socket)
    },
    close: (socket) => void waiting.delete(socket),
    end: (socket) => socket.end(),
    error() {},
  }
}

/** One message is under way at a time, so none is longer than what the system takes at once. */
function broadcast(): Bun.SocketHandler {
  const sockets = new Set<Bun.Socket>()
  return {
    open: (socket) => void sockets.add(socket),
    data(_, chunk) {
      for (const each of sockets) each.write(chunk)
    },
    close: (socket) => void sockets.delete(socket),
    end: (socket) => socket.end(),
    error() {},
  }
}

function pipe(socket: Bun.Socket): void {
  const { readable, writable } = byteStreams(socket)
  readable.pipeTo(writable).catch(() => {})
}
