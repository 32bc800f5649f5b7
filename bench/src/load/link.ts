// One connection of the load: a raw socket that reads into memory shared by all, so that reading allocates nothing.

import { connect, type Socket } from 'node:net'

/** Takes what came; the bytes are lent for the call. */
export type Receive = (bytes: Uint8Array) => void

// Longer than any upgrade's answer; large enough for one read to empty a socket.
const shared = new Uint8Array(2 ** 18)

const REQUEST = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n')
/** The answer to that key (RFC 6455 §1.3). */
const ACCEPT = /^HTTP\/1\.1 101 [^]*\r\nsec-websocket-accept: *s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i

/** A socket that is connected, and upgraded unless it is raw. */
export class Link {
  /** Whoever reads sets this. */
  receive: Receive = () => {}
  /** Called once, when the connection ends before `close`. */
  onEnd: (error: Error) => void = () => {}
  readonly socket: Socket
  #closed = false

  private constructor(port: number) {
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length, buffer) => {
          this.receive(buffer.subarray(0, length))
          return true
        },
      },
    })
    this.socket.on('error', (error) => this.#end(error))
    this.socket.on('close', () => this.#end(new Error('the server closed a connection')))
  }

  /** Opens one. */
  static open(port: number, raw: boolean): Promise<Link> {
    return new Promise((resolve, reject) => {
      const link = new Link(port)
      link.onEnd = reject
      if (raw) return void link.socket.once('connect', () => resolve(link))
      let head = ''
      link.socket.write(REQUEST)
      link.receive = (bytes) => {
        head += String.fromCharCode(...bytes)
        if (!head.includes('\r\n\r\n')) return
        if (ACCEPT.test(head) && head.endsWith('\r\n\r\n')) resolve(link)
        else reject(new Error(`the upgrade was answered with ${head}`))
      }
    })
  }

  /** Ends it with a reset, so that no port waits for late packets. */
  close(): void {
    this.#closed = true
    this.socket.resetAndDestroy()
  }

  #end(error: Error): void {
    if (this.#closed) return
    this.close()
    this.onEnd(error)
  }
}
