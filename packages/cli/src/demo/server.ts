// The demo's server: a plain HTTP server of Node's with three things on it. A page, an echo, and for each page a second connection
// that tells what the codec saw on the first. Owns the server, its connections, and which page watches which echo.

import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import type { Duplex } from 'node:stream'
import { type Connection, type Observe, upgrade } from '@wirestream/node'
import { echo } from '../echo.ts'
import { describeFailure } from '../failure.ts'
import { FrameFeed } from './frame-feed.ts'
import { servePage } from './page.ts'

/** What a page's second connection speaks: JSON arrays of what happened, one message for several. */
const FRAMES_PROTOCOL = 'wirestream.frames'

/** An echo server with a page, on loopback. */
export class DemoServer {
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  /** Who watches, by the name that a page gave its pair of connections. */
  readonly #feeds = new Map<string, FrameFeed>()

  /** Resolves when it listens; rejects with the system's error where it cannot. */
  static async listen(port: number): Promise<DemoServer> {
    const server = new DemoServer()
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
    return server
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      servePage(request, response).catch((error) => response.destroy(error))
    })
    this.#server.on('upgrade', (request, socket, head) => {
      // How a connection ended, or why it never began, its peer knows already.
      this.#accept(request, socket, head).catch((error) => {
        if (!(error instanceof DOMException)) process.stderr.write(`demo: ${describeFailure(error)}\n`)
      })
    })
  }

  /** Where the echo is. */
  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Where the page is. */
  get pageUrl(): string {
    return `${this.url.replace('ws', 'http')}/`
  }

  /** Closes every connection and waits for their ends, each bounded by its close timeout. */
  async close(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    for (const connection of this.#connections) connection.close({ closeCode: 1000, reason: 'the demo has ended' })
    await stopped
  }

  /** An echo, or with `?watch=NAME` under the protocol for frames, what happens on the echo of that name. */
  async #accept(request: IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void> {
    const query = new URLSearchParams(request.url?.split('?')[1])
    const watched = query.get('watch')
    const connection = await upgrade(request, socket, head, {
      protocols: [FRAMES_PROTOCOL],
      observe: this.#observe(query.get('name')),
      limits: { closeTimeout: 2000 },
    })
    this.#connections.add(connection)
    const forget = () => void this.#connections.delete(connection)
    connection.closed.then(forget, forget)
    if (watched !== null && connection.protocol === FRAMES_PROTOCOL) await this.#feed(watched, connection)
    else await echo(connection)
  }

  #observe(name: string | null): Observe | undefined {
    const feed = name === null ? undefined : this.#feeds.get(name)
    return feed && ((direction, frame) => feed.see(direction, frame))
  }

  async #feed(name: string, connection: Connection): Promise<void> {
    const feed = new FrameFeed((news) => connection.send(news))
    this.#feeds.set(name, feed)
    try {
      // It has nothing to say; reading is how its end is seen.
      for await (const message of connection.messages()) void message
    } finally {
      this.#feeds.delete(name)
    }
  }
}
