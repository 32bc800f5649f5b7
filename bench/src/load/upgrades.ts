// Upgrades: connect, upgrade, close, again. So many at the same time.

import { Link } from './link.ts'

const AT_ONCE = 32
/** An empty Close, masked (RFC 6455 §5.5.1), and what a server answers. */
const CLOSE = Uint8Array.of(0x88, 0x80, 0x12, 0x34, 0x56, 0x78)
const CLOSED = 0x88

/** What to connect to. */
export interface UpgradeLoad {
  port: number
}

/** Connections that live for one upgrade each. */
export class UpgradeClient {
  readonly #port: number

  constructor({ port }: UpgradeLoad) {
    this.#port = port
  }

  /** Upgrades per second; each was checked, and closed by both sides. */
  async run({ seconds }: { seconds: number }): Promise<number> {
    let upgrades = 0
    const start = performance.now()
    const elapsed = () => (performance.now() - start) / 1000
    const worker = async () => {
      while (elapsed() < seconds) {
        await this.#once()
        upgrades++
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    return upgrades / elapsed()
  }

  async #once(): Promise<void> {
    const link = await Link.open(this.#port, false)
    await new Promise<void>((resolve, reject) => {
      link.onEnd = reject
      link.receive = ([first]) => first === CLOSED ? resolve() : reject(new Error(`Close was answered with ${first}`))
      link.socket.write(CLOSE)
    })
    link.close()
  }

  close(): void {}
}
