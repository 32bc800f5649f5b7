// Sends one stream and takes back its echo: as one WebSocket message, with a ping half-way, or as the bytes of plain TCP.

import { byteStreams, connect, Opcode } from '@wirestream/node'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { ControlWatch } from '../control-watch.mjs'
import { memoryGrowth, watchMemory } from '../memory.mjs'
import { Payload, Receipt } from '../payload.mjs'
import { answer } from '../processes.mjs'

const CHUNK = 65536

answer({
  async websocket({ port, total, fresh }) {
    const ping = new ControlWatch(Opcode.Ping)
    const connection = await connect(`ws://127.0.0.1:${port}`, {
      observe: (direction, frame) => direction === 'out' && ping.sent(frame),
    })
    watchMemory()
    let answered = false
    const source = new Source(total, fresh, () => {
      ping.start()
      connection.ping().then(() => answered = true)
    })
    const sending = connection.send(source.stream)
    const receipt = new Receipt()
    for await (const { body } of connection.messages()) {
      await drain(body, receipt)
      break
    }
    await sending
    const result = { ...source.compare(receipt), answered, beforePing: ping.before }
    connection.close()
    await connection.closed
    return result
  },

  async tcp({ port, total, fresh }) {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    await once(socket, 'connect')
    const { readable, writable } = byteStreams(socket)
    watchMemory()
    const source = new Source(total, fresh)
    const receipt = new Receipt()
    await Promise.all([source.stream.pipeTo(writable), drain(readable, receipt)])
    return source.compare(receipt)
  },
})

/** What is sent, as a stream that calls `halfWay` once. */
class Source {
  #payload
  #began = performance.now()

  constructor(total, fresh, halfWay = () => {}) {
    const payload = this.#payload = new Payload(total, CHUNK)
    this.stream = new ReadableStream({
      pull(controller) {
        const before = payload.at < total / 2
        const chunk = payload.next(fresh)
        if (chunk === undefined) return controller.close()
        controller.enqueue(chunk)
        if (before && payload.at >= total / 2) halfWay()
      },
    }, { highWaterMark: 0 })
  }

  compare(receipt) {
    const seconds = (performance.now() - this.#began) / 1000
    const { bytes, sum } = receipt.done()
    return { bytes, right: sum === this.#payload.sum(), seconds, ...memoryGrowth() }
  }
}

async function drain(readable, receipt) {
  const reader = readable.getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) receipt.add(read.value)
}
