// What a page is told of its echo's frames: one line of facts for each, in order. Bounded, whatever the traffic: a page that
// does not keep up is told how many frames it missed.

import { type Frame, Opcode } from '@wirestream/node'
import { hexOf } from '../printable.ts'

/** One frame as the page shows it. */
export interface FrameReport {
  readonly direction: 'in' | 'out'
  /** Such as `Text`. */
  readonly opcode: string
  readonly fin: boolean
  /** In bytes. */
  readonly length: number
  /** The first eight bytes of its payload, in hex. */
  readonly start: string
}

/** What is sent: a frame, or how many were left out here. */
type News = FrameReport | { readonly missed: number }

const MOST_WAITING = 200

const opcodeNames: ReadonlyMap<number, string> = new Map(Object.entries(Opcode).map(([name, code]) => [code, name]))

/** Reports frames through `send`, which takes a JSON array of news and resolves when it can take more. */
export class FrameFeed {
  readonly #send: (news: string) => Promise<void>
  #waiting: News[] = []
  #missed = 0
  #sending = false

  constructor(send: (news: string) => Promise<void>) {
    this.#send = send
  }

  /** Takes a frame, or the first part of one; what follows of it tells nothing new. Keeps nothing of the payload. */
  see(direction: 'in' | 'out', { fin, offset, opcode, payload, payloadLength }: Readonly<Frame>): void {
    // A header that came alone is told with the first bytes of its payload.
    if (offset > 0 || (payload.length === 0 && payloadLength > 0)) return
    if (this.#waiting.length >= MOST_WAITING) {
      this.#missed++
      return
    }
    const name = opcodeNames.get(opcode) ?? String(opcode)
    this.#waiting.push({ direction, opcode: name, fin, length: payloadLength, start: hexOf(payload, 8) })
    if (!this.#sending) void this.#run()
  }

  async #run(): Promise<void> {
    this.#sending = true
    try {
      while (this.#waiting.length > 0) {
        // Later, so that the frames of one turn go together.
        await new Promise((resolve) => setImmediate(resolve))
        const news = this.#waiting.splice(0)
        if (this.#missed > 0) news.push({ missed: this.#missed })
        this.#missed = 0
        await this.#send(JSON.stringify(news))
      }
      this.#sending = false
    } catch {
      // The page has gone: nothing more is sent, `#sending` stays.
      this.#waiting = []
    }
  }
}
