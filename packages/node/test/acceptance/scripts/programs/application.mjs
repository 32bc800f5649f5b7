// An application of ours, at either end: takes everything or nothing, sends patiently or without waiting.

import { byteStreams, connect, serve, WebSocketStream } from '@wirestream/node'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { memoryGrowth, watchMemory } from '../memory.mjs'
import { Payload, Receipt } from '../payload.mjs'
import { answer } from '../processes.mjs'

let connection
let resolved = 0
let received = 0
let allowed = Infinity
let wake = () => {}

/** The ways to take messages: each gives every chunk to `take` until `total` bytes came. */
const takers = {
  async readable(take, total) {
    const reader = connection.readable.getReader()
    while (received < total) {
      if (received >= allowed) await new Promise((resolve) => wake = resolve)
      else take((await reader.read()).value)
    }
  },
  async messages(take, total) {
    for await (const { body } of connection.messages()) {
      const reader = body.getReader()
      for (let read = await reader.read(); !read.done; read = await reader.read()) take(read.value)
      if (received >= total) return
    }
  },
}

/** The ways to send a message, and to know when there is room for the next. */
const senders = {
  writable() {
    const writer = connection.writable.getWriter()
    return { send: (bytes) => writer.write(bytes), ready: () => writer.ready }
  },
  send() {
    let last
    return { send: (bytes) => last = connection.send(bytes), ready: () => last }
  },
}

answer({
  async listen(options) {
    const { port } = await serve({ port: 0, ...options }, (accepted) => {
      connection = accepted
      return accepted.closed.then(() => {}, () => {})
    })
    return port
  },

  async connect({ port, standard = false }) {
    const url = `ws://127.0.0.1:${port}`
    connection = standard ? await new WebSocketStream(url).opened : await connect(url)
    connection.readable // so that the streams are there before memory is watched
  },

  /** No WebSocket at all, to compare with: the bytes of plain TCP through the same adapter. */
  async connectTcp({ port }) {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    connection = byteStreams(socket)
  },

  watch: watchMemory,
  growth: memoryGrowth,
  received: () => received,
  resolved: () => resolved,

  /** Reads `total` bytes to the end, `readable` no further than was allowed; gives their sum. */
  async take({ through, total, allow = Infinity }) {
    allowed = allow
    const receipt = new Receipt()
    await takers[through]((chunk) => {
      receipt.add(chunk)
      received = receipt.bytes
    }, total)
    return receipt.done()
  },

  /** Lets `take` read on. */
  allow({ bytes }) {
    allowed = bytes
    wake()
  },

  /** Sends `total` bytes in messages of `size`, each in memory of its own, and waits for room before each; gives their sum. */
  async sendPatiently({ through, total, size, fresh = true }) {
    const payload = new Payload(total, size)
    const { send, ready } = senders[through]()
    let last
    for (let chunk = payload.next(fresh); chunk !== undefined; chunk = payload.next(fresh)) {
      await ready()
      last = send(chunk)
    }
    await last
    return payload.sum()
  },

  /** Sends the same and waits for nothing but the event loop; gives what it was told, and when. */
  async sendBlindly({ through, total, size }) {
    const payload = new Payload(total, size)
    const { send } = senders[through]()
    let failure
    for (let chunk = payload.next(true); chunk !== undefined && failure === undefined; chunk = payload.next(true)) {
      send(chunk).catch((error) =>
        failure ??= { name: error.name, message: error.message, cause: error.cause?.name, at: payload.at }
      )
      if (payload.at % (16 * size) === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    return failure
  },

  /** Sends messages of `size`, each when the one before has resolved; gives the time of each, in milliseconds. */
  async sendInTurn({ through, total, size }) {
    const payload = new Payload(total, size)
    const { send } = senders[through]()
    const times = []
    const began = performance.now()
    for (let chunk = payload.next(); chunk !== undefined; chunk = payload.next()) {
      await send(chunk)
      times.push(Math.round(performance.now() - began))
      resolved = times.length
    }
    return { sum: payload.sum(), times }
  },
})
