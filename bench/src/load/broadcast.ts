// Fan-out: one connection sends, all get it. One message is under way at a time.

import { type Echo, echoOf } from './frames.ts'
import { Pool } from './pool.ts'

/** What to open. */
export interface BroadcastLoad {
  port: number
  connections: number
  size: number
  /** Bytes come back as they went, to a server of TCP alone. */
  raw: boolean
}

/** Open connections, the first of which sends. */
export class BroadcastClient {
  readonly #pool: Pool
  readonly #messages: Echo[]

  private constructor(pool: Pool, size: number, raw: boolean) {
    this.#pool = pool
    this.#messages = [1, 2, 3].map((seed) => echoOf(size, seed, raw))
  }

  static async open({ port, connections, size, raw }: BroadcastLoad): Promise<BroadcastClient> {
    const pool = new Pool()
    await pool.open(port, connections, raw)
    return new BroadcastClient(pool, size, raw)
  }

  /** Messages per second that arrived, all connections together. */
  async run({ seconds }: { seconds: number }): Promise<number> {
    const [first, message, last] = this.#messages
    const senders = this.#pool.links.slice(0, 1)
    await this.#pool.check(first!, senders)
    const rate = await Promise.race([this.#count(message!, seconds), this.#pool.broken])
    await this.#pool.check(last!, senders)
    return rate
  }

  #count({ sent, back }: Echo, seconds: number): Promise<number> {
    const { links } = this.#pool
    const [sender] = links
    const wanted = links.length * back.length
    return new Promise((resolve) => {
      let [rounds, bytes] = [0, 0]
      const start = performance.now()
      for (const link of links) {
        link.receive = ({ length }) => {
          bytes += length
          if (bytes < wanted) return
          bytes -= wanted
          rounds++
          const elapsed = (performance.now() - start) / 1000
          if (elapsed < seconds) sender!.socket.write(sent)
          else resolve(rounds * links.length / elapsed)
        }
      }
      sender!.socket.write(sent)
    })
  }

  close(): void {
    this.#pool.close()
  }
}
