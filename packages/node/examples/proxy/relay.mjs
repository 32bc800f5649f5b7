// The frames of a proxied WebSocket, for proxy.mjs: what one end sends goes to the other frame by frame, each with its own
// header, masked anew towards the upstream. No message is put together and no frame is held back: a long one passes in parts as its
// bytes come, so its length costs nothing. Backpressure goes through: nothing is read for which there is no room behind.

import { FrameDecoderStream, FrameEncoder, MessageEncoder, ProtocolError, StatusCode } from '@wirestream/node'

/** @import { ByteStreams, FrameInit, Role } from '@wirestream/node' */

/**
 * One side of the proxy: a transport, and the bytes that came behind the head that upgraded it.
 * @typedef {{ streams: ByteStreams, rest: Uint8Array }} Side
 */

/** How long one direction may go on when the other has ended, and how long a Close of ours may take, in milliseconds. */
const LINGER = 10_000

/**
 * Passes frames both ways until both directions have ended. Where one breaks, both sockets are cut, and it rejects with the
 * reason; a peer that broke a rule is told so by a Close frame first. Where `stop` is aborted both ends get a Close with 1001.
 * @param {{ client: Side, upstream: Side, allowedRsv: number }} sides
 * @param {AbortSignal} stop
 */
export async function relay({ client, upstream, allowedRsv }, stop) {
  const halt = new AbortController()
  const options = { allowedRsv, signal: halt.signal }
  // Whoever receives from a client decodes as a server does, and the other way round (RFC 6455 §5.1).
  const up = new Direction(client, upstream, { receiveAs: 'server', sendAs: 'client', ...options })
  const down = new Direction(upstream, client, { receiveAs: 'client', sendAs: 'server', ...options })
  const ways = [up, down]
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const endSoon = () => timer ??= setTimeout(() => ways.forEach((way) => way.cut()), LINGER)
  const onStop = () => {
    endSoon()
    halt.abort(stop.reason)
  }
  stop.addEventListener('abort', onStop)
  try {
    await Promise.all(ways.map((way) => way.ended.then(endSoon)))
  } catch (error) {
    endSoon()
    halt.abort(error)
    await Promise.allSettled(ways.map((way) => way.ended))
    if (stop.aborted) await Promise.all(ways.map((way) => way.close(StatusCode.GoingAway)))
    else if (error instanceof ProtocolError) await (error === up.failure ? down : up).close(error.statusCode)
    throw error
  } finally {
    stop.removeEventListener('abort', onStop)
    clearTimeout(timer)
    ways.forEach((way) => way.cut())
  }
}

/** One way: bytes from one side, frames, bytes to the other. */
class Direction {
  /** Resolves when the sender has ended its direction and all of it has been passed on; rejects with what broke it. */
  ended
  /** @type {unknown} what broke it */
  failure
  #encoder
  #writer

  /**
   * @param {Side} from
   * @param {Side} to
   * @param {{ receiveAs: Role, sendAs: Role, allowedRsv: number, signal: AbortSignal }} options
   */
  constructor(from, to, { receiveAs, sendAs, allowedRsv, signal }) {
    const decoder = new FrameDecoderStream({ role: receiveAs, wholeFrameLimit: 0, allowedRsv, batch: true })
    this.#encoder = new FrameEncoder({ role: sendAs })
    this.#writer = to.streams.writable.getWriter()
    const first = decoder.writable.getWriter()
    first.write(from.rest).catch(() => {}) // whoever reads the frames hears of it, too
    first.releaseLock()
    // No `abort`: where frames stop, a Close of ours may still follow them.
    const sink = new WritableStream({ write: (frames) => this.#send(frames), close: () => this.#writer.close() })
    this.ended = from.streams.readable.pipeThrough(decoder).pipeTo(sink, { signal })
    this.ended.catch((error) => this.failure = error)
  }

  /**
   * Ends a way that has stopped with a Close frame. Within a long frame that cannot be (RFC 6455 §5.4); then it does nothing.
   * @param {number} statusCode
   */
  async close(statusCode) {
    try {
      await this.#send([...new MessageEncoder().encode({ type: 'close', statusCode, reason: '' })])
      await this.#writer.close()
    } catch {
      // What cannot be closed is cut.
    }
  }

  /** Cuts the socket, unless this way has ended. */
  cut() {
    this.#writer.abort().catch(() => {})
  }

  /** @param {FrameInit[]} frames */
  async #send(frames) {
    await Promise.all(this.#encoder.encode(frames).map((bytes) => this.#writer.write(bytes)))
  }
}
