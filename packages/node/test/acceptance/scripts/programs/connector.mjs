// A server and its clients in one process: opens connections one after another, ends each in one of three ways, and counts
// what stays behind.

import { connect, DialledSocket, serve } from '@wirestream/node'
import { getEventListeners, once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import process from 'node:process'
import { answer } from '../processes.mjs'

let alive = 0
const registry = new FinalizationRegistry(() => alive--)
const unhandled = []
process.on('unhandledRejection', (error) => unhandled.push(`${error}`))

/** Lives as long as the process, and is given to everybody: who listens to it must stop listening. */
const { signal } = new AbortController()
let thinking = () => {}
let listener

answer({
  async open() {
    listener = await serve({
      port: 0,
      signal,
      accept: ({ target }) => {
        if (target === '/thinking') thinking()
        return true
      },
    }, async (connection) => {
      track(connection)
      for await (const message of connection.readable) await connection.send(message).catch(() => {})
    })
  },

  /** Opens and ends `count` connections; gives how many ended how. */
  async run({ count }) {
    const ends = {}
    for (let i = 0; i < count; i++) {
      const end = await ways[i % 3](Math.floor(i / 3))
      ends[end] = (ends[end] ?? 0) + 1
    }
    return ends
  },

  async census() {
    for (let i = 0; i < 8; i++) {
      globalThis.gc()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
    const handles = process.getActiveResourcesInfo().sort()
    const ofProcess = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
    const listeners = { signal: getEventListeners(signal, 'abort').length, process: ofProcess }
    const connections = listener.connections.size
    return { heapUsed, arrayBuffers, rss, handles, listeners, connections, alive, unhandled }
  },
})

const ways = [closed, reset, (i) => [abortedAtOnce, abortedInHandshake, abortedOpen][i % 3]()]

async function closed() {
  const connection = await open()
  connection.close({ closeCode: 1000 })
  const { closeCode } = await connection.closed
  return `closed ${closeCode}`
}

async function reset() {
  let socket
  const connection = await open({
    async dial({ hostname, port }, signal) {
      socket = connectTcp({ host: hostname, port })
      const dialled = new DialledSocket(socket, hostname, signal)
      await once(socket, 'connect')
      return dialled
    },
  })
  socket.resetAndDestroy()
  return `reset ${await connection.closed.catch(({ closeCode }) => closeCode)}`
}

async function abortedAtOnce() {
  const controller = new AbortController()
  const opening = connect(listener.url, { signal: controller.signal })
  controller.abort()
  return `${await opening.catch(({ name }) => name)} at once`
}

async function abortedInHandshake() {
  const controller = new AbortController()
  thinking = () => controller.abort()
  const opening = connect(new URL('/thinking', listener.url), { signal: controller.signal })
  return `${await opening.catch(({ name }) => name)} in the handshake`
}

async function abortedOpen() {
  const connection = await open()
  await connection.writable.abort()
  const end = await connection.closed.then(({ closeCode }) => closeCode)
  return `writable aborted ${end}`
}

/** Opens a connection and has one message echoed, so that everything that one can have is there. */
async function open(options) {
  const connection = track(await connect(listener.url, { signal, ...options }))
  await connection.send('hello')
  const reader = connection.readable.getReader()
  if ((await reader.read()).value !== 'hello') throw new Error('the echo is not what was sent')
  reader.releaseLock()
  return connection
}

function track(connection) {
  alive++
  registry.register(connection)
  return connection
}
