// A wire between a client and a server that remembers what passed: for saying with bytes whose fault something was. Changes nothing.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** How much of each direction is remembered, in bytes; the rest passes all the same. */
const MEMORY = 4_194_304

/** What one direction carried. */
class Recording {
  #chunks: Uint8Array[] = []
  #length = 0

  add(chunk: Uint8Array): void {
    if (this.#length > MEMORY) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** The head as it is, then a line for each frame: its header's bytes and the first of its payload. */
  describe(): string[] {
    const bytes = Buffer.concat(this.#chunks)
    const end = bytes.indexOf('\r\n\r\n') + 4
    if (end < 4) return [bytes.toString('latin1')]
    return [...bytes.toString('latin1', 0, end - 4).split('\r\n'), ...describeFrames(bytes.subarray(end))]
  }
}

function* describeFrames(bytes: Buffer): Iterable<string> {
  for (let at = 0; at < bytes.length;) {
    const second = bytes[at + 1] ?? 0
    const short = second & 0x7f
    const size = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0)
    if (at + size > bytes.length) return yield `frame cut off: ${hex(bytes.subarray(at))}`
    const length = short === 126
      ? bytes.readUInt16BE(at + 2)
      : short === 127
      ? Number(bytes.readBigUInt64BE(at + 2))
      : short
    const payload = Buffer.from(bytes.subarray(at + size, Math.min(at + size + length, at + size + 24)))
    if (second & 0x80) { for (const i of payload.keys()) payload[i]! ^= bytes[at + size - 4 + i % 4]! }
    const masked = second & 0x80 ? 4 : 0 // the key is another each time, and not of interest
    yield `frame ${hex(bytes.subarray(at, at + size - masked))}${masked ? ' + key' : ''}, payload of ${length}: ${
      hex(payload)
    }`
    at += size + length
  }
}

function hex(bytes: Buffer): string {
  return bytes.subarray(0, 24).toString('hex').replaceAll(/..(?=.)/g, '$& ') + (bytes.length > 24 ? ' …' : '')
}

/** A tap in front of a server. */
export interface Tap {
  port: number
  /** What went from the client, then what came back. */
  describe(): string[]
  [Symbol.asyncDispose](): Promise<void>
}

/** Opens a tap that leads to a port of this machine. */
export async function openTap(port: number): Promise<Tap> {
  const sockets = new Set<Socket>()
  const [up, down] = [new Recording(), new Recording()]
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    for (const [from, to, recording] of [[client, target, up], [target, client, down]] as const) {
      sockets.add(from)
      from.setNoDelay(true).on('data', (chunk: Buffer) => recording.add(chunk)).on('error', () => to.destroy())
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    describe: () => [
      ...up.describe().map((line) => `client: ${line}`),
      ...down.describe().map((line) => `server: ${line}`),
    ],
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
