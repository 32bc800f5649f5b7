// A peer that is not ours: a raw socket that pushes as fast as it may, or reads only as fast as it is told.

import { FrameDecoder } from '@wirestream/node'
import { once } from 'node:events'
import { answer } from '../processes.mjs'
import { Payload, Receipt } from '../payload.mjs'
import { header, KEY, RawPeer } from '../wire.mjs'

const peer = new RawPeer()
let role
let pushed = 0
let read = 0
let allowed = 0

answer({
  listen(options) {
    role = 'server'
    return peer.listen(options)
  },

  async connect(options) {
    role = 'client'
    await peer.connect(options)
  },

  /** Pushes `total` bytes as messages of `size`, or as a single message with `oneMessage`; gives their sum when all is out. */
  async push({ total, size, oneMessage }) {
    const socket = await peer.socket
    const key = role === 'client' ? KEY : undefined
    const payload = new Payload(total, size, key)
    socket.resume() // nothing comes, but for a Close
    if (oneMessage) socket.write(header(0x82, total, key))
    for (let chunk = payload.next(); chunk !== undefined; chunk = payload.next()) {
      socket.cork()
      if (!oneMessage) socket.write(header(0x82, chunk.length, key))
      const more = socket.write(chunk, () => pushed += chunk.length)
      socket.uncork()
      if (!more) await once(socket, 'drain')
    }
    return payload.sum()
  },

  /** Payload bytes that the system has taken of us. */
  pushed: () => pushed,

  /** Reads messages, or `raw` bytes, up to `total` bytes of payload, no faster than `rate` bytes a second, nor further than was allowed. */
  async pull({ total, rate = Infinity, allow = Infinity, raw = false }) {
    allowed = allow
    const socket = await peer.socket
    const decoder = new FrameDecoder({ role, wholeFrameLimit: 0 })
    const receipt = new Receipt()
    const began = performance.now()
    let ended = false
    socket.on('end', () => ended = true).on('close', () => ended = true)
    while (receipt.bytes < total) {
      const budget = Math.min(allowed, (performance.now() - began) / 1000 * rate)
      const bytes = read < budget ? socket.read() : null
      if (bytes === null) {
        if (ended) break
        await new Promise((resolve) => setTimeout(resolve, 1))
        continue
      }
      read += bytes.length
      if (raw) receipt.add(bytes)
      else for (const { opcode, payload } of decoder.decode(bytes)) if (opcode < 8) receipt.add(payload)
    }
    return receipt.done()
  },

  /** Lets `pull` read on. */
  allow: ({ bytes }) => void (allowed = bytes),

  /** Bytes read so far. */
  read: () => read,
})
