// Keeps files in a folder, for file-client.mjs: each comes and goes as one message, piped between socket and disk, so that a file
// of any size costs a few hundred KiB of memory. A connection is one transfer:
//
//   client                                      server
//   { "put": "NAME", "size": BYTES }            { "ready": true }
//   the file, one binary message                { "sha256": HEX }  when it is on the disk
//
//   { "get": "NAME" }                           { "size": BYTES }, the file, { "sha256": HEX }
//
// A file is written under another name until it is whole, so that nobody ever gets half of one.

import { serve } from '@wirestream/deno'
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'

/** @import { Connection, IncomingMessage } from '@wirestream/deno' */

const help = `Usage: file-server.mjs [options] FOLDER
Takes and gives the files of a folder; file-client.mjs sends and fetches them.

  --port NUMBER      where to listen; 0 takes a free port (default: 8080)
  --hostname NAME    the address to listen on (default: 127.0.0.1, so that only this machine gets in)
  --max-size BYTES   the largest file to take (default: 10 GiB)`

/** What a transfer fails with by the client's fault; it gets the message. */
class Refusal extends Error {}

/**
 * One transfer.
 * @param {Connection} connection
 * @param {string} folder
 * @param {number} maxSize
 */
async function transfer(connection, folder, maxSize) {
  const messages = connection.messages()
  const first = await messages.next()
  if (first.done) return
  const { put, get, size } = Object(JSON.parse(await first.value.text()))
  const path = join(folder, checkName(put ?? get))
  if (get !== undefined) return await give(connection, path)
  if (!(Number.isSafeInteger(size) && size >= 0 && size <= maxSize)) {
    throw new Refusal(`the size must be 0 to ${maxSize} bytes`)
  }
  await connection.send(JSON.stringify({ ready: true }))
  const second = await messages.next()
  if (!second.done) await connection.send(JSON.stringify({ sha256: await take(second.value, path, size) }))
}

/**
 * Writes a message to the disk; gives its digest.
 * @param {IncomingMessage} message
 * @param {string} path
 * @param {number} size what was announced
 */
async function take(message, path, size) {
  const part = `${path}.${randomUUID()}.part`
  const hash = createHash('sha256')
  let received = 0
  async function* measured() {
    for await (const chunk of message.body) {
      received += chunk.length
      if (received > size) throw new Refusal(`more than the ${size} bytes that were announced`)
      hash.update(chunk)
      yield chunk
    }
  }
  try {
    await pipeline(measured(), createWriteStream(part, { flags: 'wx' }))
    if (received < size) throw new Refusal(`${received} bytes where ${size} were announced`)
    await rename(part, path)
  } finally {
    await rm(part, { force: true })
  }
  return hash.digest('hex')
}

/**
 * Sends a file as one frame of its length, and its digest.
 * @param {Connection} connection
 * @param {string} path
 */
async function give(connection, path) {
  const info = await stat(path).catch(() => undefined)
  if (!info?.isFile()) throw new Refusal('no such file')
  const hash = createHash('sha256')
  async function* measured() {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
      hash.update(chunk)
      yield chunk
    }
  }
  await connection.send(JSON.stringify({ size: info.size }))
  await connection.send(ReadableStream.from(measured()), { length: info.size })
  await connection.send(JSON.stringify({ sha256: hash.digest('hex') }))
}

/**
 * A name that stays in the folder and hides nothing.
 * @param {unknown} name
 */
function checkName(name) {
  if (typeof name === 'string' && /^[\w][\w.-]{0,199}$/.test(name) && !name.endsWith('.part')) return name
  throw new Refusal('a name is made of letters, digits, dots, dashes and underscores')
}

/** @param {string[]} args */
async function main(args) {
  const { values, positionals: [folder] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '8080' },
      hostname: { type: 'string', default: '127.0.0.1' },
      'max-size': { type: 'string', default: String(10 * 2 ** 30) },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(help)
  if (folder === undefined) throw new TypeError('want a folder')
  if (!(await stat(folder)).isDirectory()) throw new TypeError(`want a folder, got ${folder}`)
  const maxSize = Number(values['max-size'])

  // Ctrl-C closes every connection with 1001 and ends; a second one ends at once.
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort())

  const options = {
    port: Number(values.port),
    hostname: values.hostname,
    allowedOrigins: [], // no page of a browser
    limits: { maxMessageSize: 1024 }, // of what is taken whole; a file is not
    keepAlive: { interval: 30_000 }, // a client that vanished without a word is given up within a minute
    signal: stop.signal,
  }
  const listener = await serve(options, async (connection) => {
    try {
      await transfer(connection, folder, maxSize) // the client closes, when it has the digest
    } catch (error) {
      if (error instanceof SyntaxError) return connection.close({ closeCode: 4000, reason: 'want JSON' })
      if (!(error instanceof Refusal)) throw error // the library closes with 1011 and tells
      connection.close({ closeCode: 4000, reason: error.message })
    }
  })
  console.log(`listening on ${listener.url}`)
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`file-server: ${error.message}`)
  process.exitCode = 1
})
