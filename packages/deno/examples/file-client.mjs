// Sends a file to file-server.mjs or fetches one, as one message, and shows how far it is. The file is never held in memory: up, it is
// read as the socket takes it; down, the socket is read as the disk takes it. Both ends compare their SHA-256.

import { connect } from '@wirestream/deno'
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream, rmSync } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import process from 'node:process'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'

/** @import { Connection, IncomingMessage } from '@wirestream/deno' */

const help = `Usage: file-client.mjs put FILE URL
       file-client.mjs get NAME URL [FILE]
Sends a file to file-server.mjs, or fetches one into FILE (default: NAME, in this folder). URL is such as ws://127.0.0.1:8080.`

/** Tells on standard error how far a transfer is: a bar on a terminal, a line every tenth elsewhere. */
class Progress {
  #total
  #done = 0
  #shown = -1
  #begun = performance.now()

  /** @param {number} total bytes */
  constructor(total) {
    this.#total = total
  }

  /** @param {number} bytes how many more are done */
  add(bytes) {
    this.#done += bytes
    const percent = this.#total === 0 ? 100 : Math.floor((this.#done / this.#total) * 100)
    const step = process.stderr.isTTY ? percent : percent - percent % 10
    if (step === this.#shown) return
    this.#shown = step
    const seconds = Math.max((performance.now() - this.#begun) / 1000, 0.001)
    const MiB = (/** @type {number} */ bytes) => (bytes / 2 ** 20).toFixed(1)
    const text = `${percent} %  ${MiB(this.#done)} of ${MiB(this.#total)} MiB, ${MiB(this.#done / seconds)} MiB/s`
    const bar = '#'.repeat(percent * 0.3).padEnd(30, '.')
    process.stderr.write(process.stderr.isTTY ? `\r[${bar}] ${text}\x1b[K${percent === 100 ? '\n' : ''}` : `${text}\n`)
  }
}

/**
 * Sends a file.
 * @param {Connection} connection
 * @param {string} path
 */
async function put(connection, path) {
  const { size } = await stat(path)
  const messages = connection.messages()
  await connection.send(JSON.stringify({ put: basename(path), size }))
  await nextOf(connection, messages) // it is ready; a refusal comes here, before the file goes
  const file = new Measured(createReadStream(path, { highWaterMark: 256 * 1024 }), size)
  await connection.send(ReadableStream.from(file), { length: size }) // one frame, part by part
  const { sha256 } = JSON.parse(await (await nextOf(connection, messages)).text())
  return file.check(sha256)
}

/**
 * Fetches a file.
 * @param {Connection} connection
 * @param {string} name
 * @param {string} path
 */
async function get(connection, name, path) {
  const part = `${path}.${randomUUID()}.part`
  process.once('SIGINT', () => { // Ctrl-C leaves no part behind
    rmSync(part, { force: true })
    console.error('file-client: interrupted')
    process.exit(130)
  })
  const messages = connection.messages()
  await connection.send(JSON.stringify({ get: name }))
  const { size } = JSON.parse(await (await nextOf(connection, messages)).text())
  try {
    const file = new Measured((await nextOf(connection, messages)).body, size)
    await pipeline(file, createWriteStream(part, { flags: 'wx' }))
    const { sha256 } = JSON.parse(await (await nextOf(connection, messages)).text())
    const digest = file.check(sha256)
    await rename(part, path)
    return digest
  } finally {
    await rm(part, { force: true })
  }
}

/**
 * The next message. Where the server closed instead, its reason.
 * @param {Connection} connection
 * @param {AsyncIterator<IncomingMessage>} messages
 * @returns {Promise<IncomingMessage>}
 */
async function nextOf(connection, messages) {
  const { value, done } = await messages.next()
  if (!done) return value
  const { closeCode, reason } = await connection.closed
  throw new Error(`the server closed: ${closeCode} ${reason}`)
}

/** Chunks that pass by: hashed, counted and shown. */
class Measured {
  #chunks
  #progress
  #hash = createHash('sha256')

  /**
   * @param {AsyncIterable<Uint8Array>} chunks
   * @param {number} size bytes
   */
  constructor(chunks, size) {
    this.#chunks = chunks
    this.#progress = new Progress(size)
  }

  async *[Symbol.asyncIterator]() {
    for await (const chunk of this.#chunks) {
      this.#hash.update(chunk)
      this.#progress.add(chunk.length)
      yield chunk
    }
  }

  /**
   * The digest of all that passed by, if the other end has the same.
   * @param {string} sha256
   */
  check(sha256) {
    const own = this.#hash.digest('hex')
    if (own === sha256) return own
    throw new Error(`the SHA-256 must be the same at both ends: here ${own}, there ${sha256}`)
  }
}

/** @param {string[]} args */
async function main(args) {
  const options = { help: { type: /** @type {const} */ ('boolean') } }
  const { values, positionals: [command, what, url, path] } = parseArgs({ args, allowPositionals: true, options })
  if (values.help) return console.log(help)
  if ((command !== 'put' && command !== 'get') || what === undefined || url === undefined) throw new TypeError(help)
  const connection = await connect(url)
  const digest = command === 'put' ? await put(connection, what) : await get(connection, what, path ?? what)
  connection.close({ closeCode: 1000 })
  await connection.closed
  console.log(`${digest}  ${basename(path ?? what)}`)
}

main(process.argv.slice(2)).catch(({ message, reason }) => { // where the server closed, it may have said why
  console.error(`file-client: ${message}${reason ? `: ${reason}` : ''}`)
  process.exit(1) // whatever is still open
})
