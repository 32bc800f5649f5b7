// Many connections to one server, and the check that all of them answer with the right bytes.

import type { Echo } from './frames.ts'
import { Link } from './link.ts'

/** How many are opened at the same time: fewer than any server's backlog. */
const AT_ONCE = 100

/** Connections that live through all rounds of a case. */
export class Pool {
  readonly links: Link[] = []
  /** Rejects when a connection ends that should not. */
  readonly broken: Promise<never>
  #break!: (error: Error) => void

  constructor() {
    this.broken = new Promise((_, reject) => this.#break = reject)
    this.broken.catch(() => {})
  }

  /** Opens that many. */
  async open(port: number, count: number, raw: boolean): Promise<void> {
    const worker = async () => {
      while (count-- > 0) {
        const link = await Link.open(port, raw)
        link.onEnd = this.#break
        this.links.push(link)
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker))
  }

  /** Sends the message on these links, and compares every byte that comes back on all. */
  async check({ sent, back }: Echo, senders: readonly Link[] = this.links): Promise<void> {
    let left = this.links.length
    const all = new Promise<void>((resolve, reject) => {
      for (const link of this.links) {
        let at = 0
        link.receive = (bytes) => {
          for (const byte of bytes) {
            if (byte !== back[at++]) return reject(new Error(`byte ${at - 1} of a message came back wrong: ${byte}`))
          }
          if (at === back.length && --left === 0) resolve()
        }
      }
    })
    for (const link of senders) link.socket.write(sent)
    await Promise.race([all, this.broken])
  }

  /** Ends them all. */
  close(): void {
    for (const link of this.links) link.close()
  }
}
