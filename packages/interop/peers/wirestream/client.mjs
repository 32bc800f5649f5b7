// Our client, on any of our runtimes: client.mjs RUNTIME URL CLOSER

import { readFileSync } from 'node:fs'
import process from 'node:process'
import { converse, PING } from '../shared/conversation.mjs'
import { inFragments, watchFrames } from './frames.mjs'

const [runtime, url, closer] = process.argv.slice(2)
const { connect } = await import(`@wirestream/${runtime}`)
const frames = watchFrames()
const ca = process.env.INTEROP_CA === undefined ? undefined : readFileSync(process.env.INTEROP_CA, 'utf8')

const connection = await connect(url, { observe: frames.observe, ...(ca === undefined ? {} : { ca }) })
const reader = connection.readable.getReader()
const end = {
  send: (message, fragment) => connection.send(fragment ? inFragments(message) : message),
  receive: async () => (await reader.read()).value,
  ping: () => connection.ping(new TextEncoder().encode(PING)),
  close: (closeCode, reason) => connection.close({ closeCode, reason }),
  closed: connection.closed.then(({ closeCode, reason }) => ({ code: closeCode, reason })),
}
end.closed.catch(() => {}) // the conversation hears of it
try {
  await converse(end, closer, (line) => console.log(line))
} catch (error) {
  console.log(`fail ${error}`, error.cause ?? '')
  process.exitCode = 1
}
console.log(`frames ${JSON.stringify(frames.counts)}`)
await connection[Symbol.asyncDispose]()
