// One message of gigabytes on one connection, sent as one frame and read back at the same time.

import { headerOf, masked } from './frames.ts'
import { Link } from './link.ts'

const CHUNK = 65536
const KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

/** What to stream. */
export interface StreamLoad {
  port: number
  /** In bytes, a multiple of 64 KiB. */
  length: number
  /** No WebSocket, only the payload. */
  raw: boolean
}

/** A connection that streams. */
export class StreamClient {
  readonly #load: StreamLoad

  constructor(load: StreamLoad) {
    this.#load = load
  }

  /** Bytes of payload per second, there and back; the first and the last 64 KiB are compared. */
  async run(): Promise<number> {
    const { port, length, raw } = this.#load
    const link = await Link.open(port, raw)
    const payload = Uint8Array.from({ length: CHUNK }, (_, i) => (i * 7 + (i >> 8)) & 0xff)
    const start = performance.now()
    const back = receive(link, raw ? new Uint8Array(0) : headerOf(length, false), payload, length)
    if (!raw) {
      link.socket.write(headerOf(length, true))
      link.socket.write(KEY)
    }
    await Promise.race([send(link, raw ? payload : masked(payload, KEY), length / CHUNK), back])
    await back
    link.close()
    return length / (performance.now() - start) * 1000
  }

  close(): void {}
}

async function send({ socket }: Link, chunk: Uint8Array, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (!socket.write(chunk)) await new Promise<void>((resolve) => socket.once('drain', () => resolve()))
  }
}

function receive(link: Link, header: Uint8Array, payload: Uint8Array, length: number): Promise<void> {
  const total = header.length + length
  return new Promise((resolve, reject) => {
    link.onEnd = reject
    let at = 0
    link.receive = (bytes) => {
      if (at < header.length + CHUNK || at + bytes.length > total - CHUNK) {
        for (let i = 0; i < bytes.length; i++) {
          const place = at + i
          const wanted = place < header.length ? header[place] : payload[(place - header.length) % CHUNK]
          if (bytes[i] !== wanted) return reject(new Error(`byte ${place} of the stream came back wrong`))
        }
      }
      at += bytes.length
      if (at === total) resolve()
    }
  })
}
