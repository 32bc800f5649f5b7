// Our server, through the public API, on any of our runtimes: wirestream.js ADAPTER MODE [LENGTH].

import process from 'node:process'
import type { ConnectionHandler, Listener } from '@wirestream/node'
import { prepareMessage } from '@wirestream/codec'
import { answer, memory } from '../answer.ts'

const [adapter, mode = 'pipe', length] = process.argv.slice(2)
const { serve } = await import(`@wirestream/${adapter}`) as typeof import('@wirestream/node')
let listener: Listener

const handlers: Record<string, ConnectionHandler> = {
  pipe: (connection) => connection.readable.pipeTo(connection.writable),
  views: (connection) => connection.readable.pipeTo(connection.writable),
  async loop(connection) {
    for await (const message of connection.readable) await connection.send(message)
  },
  async broadcast(connection) {
    for await (const message of connection.readable) {
      const prepared = prepareMessage(message)
      for (const each of listener.connections) void each.send(prepared)
    }
  },
  // Each message, of that length, goes back as one frame while it comes.
  async stream(connection) {
    for await (const { body } of connection.messages()) await connection.send(body, { length: Number(length) })
  },
}

answer({
  ...memory,
  async listen() {
    listener = await serve(
      { port: 0, hostname: '127.0.0.1', binary: mode === 'views' ? 'view' : 'copy' },
      handlers[mode]!,
    )
    return listener.port
  },
})
