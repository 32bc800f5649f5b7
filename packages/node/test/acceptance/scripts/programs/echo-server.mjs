// An echo that never holds a message: bodies into `send()`; or, to compare with, the bytes of plain TCP through the same adapter.

import { byteStreams, Opcode, serve } from '@wirestream/node'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { ControlWatch } from '../control-watch.mjs'
import { memoryGrowth, watchMemory } from '../memory.mjs'
import { answer } from '../processes.mjs'

const pong = new ControlWatch(Opcode.Pong)

function observe(direction, frame) {
  if (direction === 'out') pong.sent(frame)
  else if (frame.opcode === Opcode.Ping) pong.start()
}

answer({
  async websocket() {
    const { port } = await serve({ port: 0, observe }, async (connection) => {
      watchMemory()
      for await (const { type, body } of connection.messages()) await connection.send(body, { type })
    })
    return port
  },

  async tcp() {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const { readable, writable } = byteStreams(socket)
      watchMemory()
      readable.pipeTo(writable).catch((error) => console.error(error))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server.address().port
  },

  growth: memoryGrowth,

  /** What went out between the ping's arrival and its pong. */
  beforePong: () => pong.before,
})
