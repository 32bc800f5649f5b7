// Text cut into lines, one at a time and only when asked, so that a pipe of any length waits for whoever takes them. A line
// that is not short comes as a stream, because nobody says that it will ever end.

/** A longer line comes as a stream, in characters. */
const LONGEST_WHOLE = 65536

/** Takes lines from chunks of text. Line ends are LF or CR LF and belong to no line; a last line needs none. */
export class LineReader {
  readonly #chunks: AsyncIterator<string>
  /** What was read, from `#at` on not yet taken. */
  #text = ''
  #at = 0
  #ended = false

  constructor(chunks: AsyncIterable<string>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The next line, or undefined at the end. A stream of a long line must be drained before the next call. */
  async next(): Promise<string | ReadableStream<string> | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n', this.#at)
      if (end >= 0) return this.#takeLine(end)
      if (this.#ended) return this.#at < this.#text.length ? this.#take(this.#text.length) : undefined
      if (this.#text.length - this.#at > LONGEST_WHOLE) return this.#stream()
      await this.#read()
    }
  }

  /** The rest of a line, piece by piece. */
  #stream(): ReadableStream<string> {
    return new ReadableStream<string>({
      pull: async (controller) => {
        const end = this.#text.indexOf('\n', this.#at)
        const whole = end >= 0 || this.#ended
        if (end >= 0) controller.enqueue(this.#takeLine(end))
        else if (this.#ended) controller.enqueue(this.#take(this.#text.length))
        // A CR at the end of what is here may belong to the line's end.
        else controller.enqueue(this.#take(this.#text.endsWith('\r') ? this.#text.length - 1 : this.#text.length))
        if (whole) controller.close()
        else await this.#read()
      },
    }, { highWaterMark: 0 })
  }

  #takeLine(end: number): string {
    const line = this.#take(end)
    this.#at++
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }

  #take(end: number): string {
    const text = this.#text.slice(this.#at, end)
    this.#at = end
    return text
  }

  async #read(): Promise<void> {
    const { done, value } = await this.#chunks.next()
    this.#text = this.#text.slice(this.#at) + (done ? '' : value)
    this.#at = 0
    this.#ended = done === true
  }
}
