// The other side: the receiver and sender of `ws`, with its native add-ons and without.

import { Buffer } from 'node:buffer'
import { createRequire } from 'node:module'
import process from 'node:process'
import type { Writable } from 'node:stream'
import { PLAIN } from '../rivals.ts'
import type { CodecCase } from './cases.ts'
import { type Batch, EncodedTally, maskedChunks, messageOf, messagesIn, MessageTally } from './material.ts'

// The types of `ws` leave out what its module gives: its receiver and sender.
interface Ws {
  Receiver: new (options: object) => Writable
  Sender: new (socket: object) => { send(data: unknown, options: object): void }
}

/** The work of a case. */
export function ws(one: CodecCase, native: boolean): Batch {
  const module = load(native)
  return one.work === 'decode' ? decode(one, module) : encode(one, module)
}

/** `ws` looks for its add-ons when it is loaded; so a copy is loaded for each answer. */
function load(native: boolean): Ws {
  const require = createRequire(import.meta.url)
  if (native && !String((require('bufferutil') as { mask: unknown }).mask).includes('[native code]')) {
    throw new Error('Cannot measure ws with add-ons: bufferutil has no native code here')
  }
  for (const file of Object.keys(require.cache)) {
    if (/[\\/]ws[\\/]/.test(file)) delete require.cache[file]
  }
  if (!native) Object.assign(process.env, PLAIN)
  const module = require('ws') as Ws
  for (const name of Object.keys(PLAIN)) delete process.env[name]
  return module
}

function decode(one: CodecCase, { Receiver }: Ws): Batch {
  const buffers = maskedChunks(one).map((chunk) => Buffer.from(chunk.buffer))
  const receiver = new Receiver({ isServer: true, maxFragments: 0 })
  const tally = new MessageTally(one)
  // As the documentation of `ws` makes a string of it.
  receiver.on('message', (data: Buffer, isBinary: boolean) => tally.add(isBinary ? data : data.toString()))
  return async () => {
    for (const buffer of buffers) {
      if (!receiver.write(buffer)) await new Promise((resolve) => receiver.once('drain', resolve))
    }
    while (!tally.full) await new Promise((resolve) => setImmediate(resolve))
    return tally.take()
  }
}

function encode(one: CodecCase, { Sender }: Ws): Batch {
  const tally = new EncodedTally(one)
  const socket = {
    cork() {},
    uncork() {},
    // A socket would turn strings into bytes; so it does here, or the work would only be put off.
    write: (chunk: string | Uint8Array) => tally.add(typeof chunk === 'string' ? Buffer.from(chunk) : chunk),
  }
  const sender = new Sender(socket)
  const { data } = messageOf(one)
  const options = { fin: true, binary: one.type === 'binary', compress: false, mask: one.role === 'client' }
  const count = messagesIn(one)
  return () => {
    for (let i = 0; i < count; i++) sender.send(data, options)
    return tally.take()
  }
}
