// Echo: so many messages in flight on each connection. Prebuilt frames go out; what comes back is counted, and its first and last
// message are compared byte by byte.

import { type Echo, echoOf, join } from './frames.ts'
import { Pool } from './pool.ts'

/** What to open. */
export interface EchoLoad {
  port: number
  connections: number
  /** Messages in flight on each connection. */
  inFlight: number
  /** Of a message's payload, in bytes. */
  size: number
  /** No WebSocket, only its bytes: a TCP echo. */
  raw: boolean
}

/** Open connections and the frames that go over them. */
export class EchoClient {
  readonly #pool: Pool
  readonly #first: Echo
  readonly #last: Echo
  /** At index k, k frames to write at once. */
  readonly #batches: Uint8Array[]
  readonly #length: number

  private constructor(pool: Pool, { size, inFlight, raw }: EchoLoad) {
    this.#pool = pool
    this.#first = echoOf(size, 1, raw)
    this.#last = echoOf(size, 2, raw)
    this.#length = this.#first.back.length
    const frames = Array.from({ length: inFlight }, (_, i) => echoOf(size, 3 + (i % 61), raw).sent)
    const all = join(frames)
    this.#batches = Array.from({ length: inFlight + 1 }, (_, count) => all.subarray(0, count * frames[0]!.length))
  }

  static async open(load: EchoLoad): Promise<EchoClient> {
    const pool = new Pool()
    await pool.open(load.port, load.connections, load.raw)
    return new EchoClient(pool, load)
  }

  /** Messages per second that came back. */
  async run({ seconds }: { seconds: number }): Promise<number> {
    await this.#pool.check(this.#first)
    const rate = await Promise.race([this.#count(seconds), this.#pool.broken])
    await this.#pool.check(this.#last)
    return rate
  }

  #count(seconds: number): Promise<number> {
    const length = this.#length
    const batches = this.#batches
    const { links } = this.#pool
    const inFlight = batches.length - 1
    return new Promise((resolve, reject) => {
      let messages = 0
      let running = true
      let rate = 0
      let out = links.length * inFlight
      for (const link of links) {
        let rest = 0
        link.receive = (bytes) => {
          rest += bytes.length
          if (rest < length) return
          const whole = Math.floor(rest / length)
          rest -= whole * length
          if (whole > inFlight) return reject(new Error('more came back than was sent'))
          if (running) {
            messages += whole
            link.socket.write(batches[whole]!)
          } else if ((out -= whole) === 0) resolve(rate)
        }
      }
      const start = performance.now()
      for (const link of links) link.socket.write(batches[inFlight]!)
      setTimeout(() => {
        running = false
        rate = messages / (performance.now() - start) * 1000
      }, seconds * 1000)
    })
  }

  close(): void {
    this.#pool.close()
  }
}
