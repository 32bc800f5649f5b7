// Our server, on any of our runtimes: server.mjs RUNTIME. Echoes, pings each client once, and closes on request. Each line names the
// target that the client asked for, so that a late end cannot be taken for another's.

import process from 'node:process'
import { CLOSE_REQUEST, FRAGMENT_ABOVE, PING, SERVER_CLOSE } from '../shared/conversation.mjs'
import { inFragments, watchFrames } from './frames.mjs'

const runtime = process.argv[2]
const { serve } = await import(`@wirestream/${runtime}`)
// One conversation at a time: every frame that is seen belongs to the newest connection.
let frames = watchFrames()

const listener = await serve({
  port: 0,
  hostname: '127.0.0.1',
  allowedOrigins: 'all',
  accept: () => void (frames = watchFrames()),
  observe: (direction, frame) => frames.observe(direction, frame),
  onError: (error, { where }) => console.log(`error in ${where}: ${error}`),
}, handle)
console.log(`port ${listener.port}`)

async function handle(connection, { target }) {
  const report = (line) => console.log(`${target} ${line}`)
  const seen = frames
  try {
    const pinged = connection.ping(new TextEncoder().encode(PING)).then(() => report('ok ping'))
    pinged.catch(() => {}) // awaited below, unless the loop fails first
    for await (const message of connection.readable) {
      if (message === CLOSE_REQUEST) {
        await pinged
        connection.close({ closeCode: SERVER_CLOSE.code, reason: SERVER_CLOSE.reason })
      } else {
        await connection.send(message.length > FRAGMENT_ABOVE ? inFragments(message) : message)
      }
    }
    await pinged
    const { closeCode, reason } = await connection.closed
    report(`closed ${closeCode} ${reason}`)
  } catch (error) {
    report(`fail ${error} ${error.cause ?? ''}`)
  }
  report(`frames ${JSON.stringify(seen.counts)}`)
}
