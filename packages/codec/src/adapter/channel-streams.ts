// A channel as a pair of byte streams, for pipelines of one's own. Owns the streams, and which of them is told what.

import type { Channel } from '../connection/channel.ts'
import { socketClosed } from '../connection/ends.ts'
import { onceAborted } from '../values/abort-signal.ts'
import { judgeBuffer, requireBytes } from '../values/bytes.ts'
import type { ByteStreams } from '../values/types.ts'

/** A chunk below this many bytes waits for one that follows in the same step, as a payload follows its header. */
const SMALL = 4096

/**
 * The streams of a channel that nobody else uses. While nobody reads, one chunk waits and the channel is paused; a write resolves when
 * the channel has taken the chunk, which must not change until then; where the channel fails, both streams do.
 */
export function streamsOver(channel: Channel): ByteStreams {
  let incoming!: ReadableStreamDefaultController<Uint8Array>
  let cancelled = false
  let aborted = false
  const outgoing = new Outgoing(channel, () => {
    aborted = true
    channel.abort(undefined)
    if (!cancelled) incoming.error(socketClosed())
  })
  const writable = new WritableStream(outgoing, { highWaterMark: 1, size: () => outgoing.expect() })
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      incoming = controller
      channel.listen({
        chunk(chunk) {
          controller.enqueue(chunk)
          // A read that waited has taken the chunk already; else it waits, and nothing may come behind it.
          if (controller.desiredSize! <= 0) channel.pause()
        },
        end: () => cancelled || controller.close(),
        failed(error) {
          if (!cancelled) controller.error(error)
          if (!aborted) outgoing.fail(error)
        },
      })
    },
    pull: () => channel.resume(),
    cancel() {
      cancelled = true
      channel.discard()
    },
  }, { highWaterMark: 1 })
  return { readable, writable }
}

/** Streams that somebody has already. */
export function lockedStreams(): ByteStreams {
  const streams = { readable: new ReadableStream<Uint8Array>(), writable: new WritableStream<Uint8Array>() }
  streams.readable.getReader()
  streams.writable.getWriter()
  return streams
}

class Outgoing implements UnderlyingSink<Uint8Array> {
  readonly #channel: Channel
  readonly #onAbort: () => void
  #controller!: WritableStreamDefaultController
  /** Chunks that were written to the stream and have not come here yet. */
  #expected = 0
  /** Small chunks that leave together with the next one. */
  #held: Uint8Array[] = []

  constructor(channel: Channel, onAbort: () => void) {
    this.#channel = channel
    this.#onAbort = onAbort
  }

  /** A chunk was written and is on its way here; gives its size, for chunks are counted. */
  expect(): number {
    this.#expected++
    return 1
  }

  fail(error: unknown): void {
    this.#controller.error(error)
  }

  start(controller: WritableStreamDefaultController): void {
    this.#controller = controller
    onceAborted(controller, this.#onAbort)
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#expected--
    try {
      requireBytes(chunk, 'Cannot use socket: a chunk')
      judgeBuffer(chunk.buffer, 'Cannot use socket')
      if (chunk.length === 0 && this.#held.length === 0) return
      if (chunk.length < SMALL) {
        await undefined // what was written behind it in the same step is known then
        if (this.#expected > 0) return void this.#held.push(chunk.slice())
      }
      await this.#channel.write([...this.#held.splice(0), chunk])
    } catch (error) {
      this.#onAbort() // the stream has failed, and tells its sink nothing any more
      throw error
    }
  }

  async close(): Promise<void> {
    // A write behind the close was expected, and refused.
    if (this.#held.length > 0) await this.#channel.write(this.#held)
    await this.#channel.shutdown()
  }
}
