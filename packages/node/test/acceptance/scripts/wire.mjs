// The wire by hand, for peers that are not ours: an upgrade with a fixed key, and frame headers.

import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

// The key and its answer are those of RFC 6455 §1.3.
const REQUEST = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'

/** The masking key of a peer that is a client; any will do for a test. */
export const KEY = Uint8Array.of(0x12, 0x34, 0x56, 0x78)

/** A frame's header (RFC 6455 §5.2), always with the 64-bit length that large frames need; `key` where it is masked. */
export function header(firstByte, length, key) {
  const bytes = Buffer.alloc(key === undefined ? 10 : 14)
  bytes[0] = firstByte
  bytes[1] = 127 | (key === undefined ? 0 : 0x80)
  bytes.writeBigUInt64BE(BigInt(length), 2)
  if (key !== undefined) bytes.set(key, 10)
  return bytes
}

/** A raw socket that is upgraded, paused, and in nobody's hands yet. */
export class RawPeer {
  #socket = Promise.withResolvers?.() ?? withResolvers()
  #server

  /** Waits for one client, which is upgraded unless it is `raw`; gives the port. */
  async listen({ raw = false } = {}) {
    const { acceptKey } = await import('@wirestream/node')
    this.#server = createServer(async (socket) => {
      if (raw) return this.#socket.resolve(socket)
      const head = await readHead(socket)
      const key = /^sec-websocket-key: *(.*)\r$/im.exec(head)[1]
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
      )
      this.#socket.resolve(socket)
    })
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this.#server.address().port
  }

  /** Connects to a server. */
  async connect({ port }) {
    const socket = connect({ port, host: '127.0.0.1' })
    await once(socket, 'connect')
    socket.write(REQUEST)
    await readHead(socket)
    this.#socket.resolve(socket)
  }

  /** The socket, once it is upgraded. */
  get socket() {
    return this.#socket.promise
  }
}

/** Reads a head and leaves what is behind it. */
async function readHead(socket) {
  socket.on('error', () => {})
  let head = Buffer.alloc(0)
  while (!head.includes('\r\n\r\n')) {
    await once(socket, 'readable')
    head = Buffer.concat([head, socket.read() ?? Buffer.alloc(0)])
  }
  const end = head.indexOf('\r\n\r\n') + 4
  if (end < head.length) socket.unshift(head.subarray(end))
  return head.toString('latin1', 0, end)
}

function withResolvers() {
  const settle = {}
  settle.promise = new Promise((resolve, reject) => Object.assign(settle, { resolve, reject }))
  return settle
}
