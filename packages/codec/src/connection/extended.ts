// Extensions of a connection (RFC 6455 §9): between its transport and itself, so that no other part of it knows of them. What is received
// is decoded to frames, which go through the chain, and given on as plain frames; what is sent, the other way.

import { FrameDecoder } from '../frame/decoder.ts'
import { FrameEncoder } from '../frame/encoder.ts'
import { onceAborted } from '../values/abort-signal.ts'
import { NO_BYTES, requireBytes } from '../values/bytes.ts'
import type { Extension } from '../values/extension.ts'
import { isControl, Opcode } from '../values/opcode.ts'
import { type ByteStreams, checkRole, type Frame } from '../values/types.ts'
import { checkUnlocked } from './claim.ts'
import { environmentOf } from './environment.ts'
import { type ConnectionOptions, resolveOptions } from './options.ts'

/** Frames are encoded together up to so many bytes, headers included (law 1: as many as may stand in 64 KiB). */
const AT_ONCE = 65536
/** The least that a frame counts. */
const HEADER = 2

/** A connection's transport and options as they would be without extensions. */
export type Plain = readonly [transport: ByteStreams, options: ConnectionOptions]

/**
 * Takes both streams of the transport, or throws as a connection does, before that. `onFault` hears what rule the peer broke, or what an
 * extension threw for what it sent: nothing of it comes any more, and the rest is dropped.
 */
export function extended(
  transport: ByteStreams,
  options: ConnectionOptions & { readonly chain: readonly Extension[] },
  onFault: (cause: unknown) => void,
): Plain {
  const { chain, head = NO_BYTES } = options
  const role = checkRole(options.role)
  requireBytes(head, 'Cannot open WebSocket: head')
  const { maxFrameSize: maxPayloadLength } = resolveOptions(options).limits
  checkUnlocked(transport)
  const environment = environmentOf(options)
  const { allocate, insecureMaskingKeys } = environment
  const peer = role === 'server' ? 'client' : 'server'
  const received = new Translation(
    new FrameDecoder({ role, wholeFrameLimit: 0, maxPayloadLength, allowedRsv: rsvOf(chain), allocate }),
    [...chain].reverse().map((extension) => (frame) => extension.decode(frame)),
    new FrameEncoder({ role: peer, insecureMaskingKeys: noMask, allocate }),
  )
  const sent = new Translation(
    new FrameDecoder({ role: peer, wholeFrameLimit: 0, allocate }),
    chain.map((extension) => (frame) => extension.encode(frame)),
    new FrameEncoder({ role, insecureMaskingKeys, allocate }),
    () => received.unwanted = true, // what comes behind our Close is dropped, so none of it need be made
  )
  const reader = transport.readable.getReader()
  const streams = {
    readable: readableOf(reader, receive(reader, head, received, onFault)),
    writable: writableOf(transport.writable.getWriter(), sent),
  }
  return [streams, { ...options, head: undefined, environment: { ...environment, insecureMaskingKeys: noMask } }]
}

/** Between us and ourselves nothing need be masked; but a client's frames want a key. */
function noMask(): number {
  return 0
}

function rsvOf(chain: readonly Extension[]): number {
  return chain.reduce((bits, { rsv }) => bits | rsv, 0)
}

type Step = (frame: Frame) => Iterable<Frame> | AsyncIterable<Frame>

/** One direction. */
class Translation {
  /** Set once nobody wants data any more. */
  unwanted = false
  readonly #from: FrameDecoder
  readonly #steps: readonly Step[]
  readonly #to: FrameEncoder
  readonly #onClose: (() => void) | undefined
  /** Whether a frame that was given is to be continued. */
  #inside = false
  /** Whether a Close came through: what comes behind it is not looked at (RFC 6455 §5.5.1). */
  #over = false

  constructor(from: FrameDecoder, steps: readonly Step[], to: FrameEncoder, onClose?: () => void) {
    this.#from = from
    this.#steps = steps
    this.#to = to
    this.#onClose = onClose
  }

  /** What a chunk becomes, in few chunks. Throws what a room or an extension throws, after what came before it. */
  async *translate(chunk: Uint8Array): AsyncGenerator<Uint8Array[]> {
    let made: Frame[] = []
    let size = 0
    let failure: { readonly error: unknown } | undefined
    try {
      for await (const frame of this.#framesOf(chunk)) {
        made.push(frame)
        size += HEADER + frame.payload.length
        if (size < AT_ONCE) continue
        yield this.#to.encode(made)
        made = []
        size = 0
      }
    } catch (error) {
      failure = { error }
    }
    if (made.length > 0) yield this.#to.encode(made)
    if (failure !== undefined) throw failure.error
  }

  async *#framesOf(chunk: Uint8Array): AsyncGenerator<Frame> {
    if (this.#over) return
    for (const frame of this.#from.decode(chunk)) {
      if (isControl(frame.opcode)) {
        yield frame
        if (frame.opcode !== Opcode.Close) continue
        this.#over = true
        return this.#onClose?.()
      } else if (!this.#dropping && !isHeaderAlone(frame)) {
        for await (const one of through(frame, this.#steps)) {
          this.#inside = one.offset + one.payload.length < one.payloadLength
          yield one
          if (this.#dropping) break
        }
      }
    }
  }

  /** Whether data is dropped: a frame that was begun is finished, or a control frame behind it would be taken for its payload. */
  get #dropping(): boolean {
    return this.unwanted && !this.#inside
  }
}

/** Whether it is the first part of a frame before any of its bytes: the next one says the same, and the place of both is 0. */
function isHeaderAlone({ payload, payloadLength }: Frame): boolean {
  return payload.length === 0 && payloadLength > 0
}

/** What becomes of a frame on its way through all the steps. */
async function* through(frame: Frame, [step, ...rest]: readonly Step[]): AsyncGenerator<Frame> {
  if (step === undefined) yield frame
  else for await (const one of step(frame)) yield* through(one, rest)
}

/** What the chunks become. Each gives one at least, be it empty: it is a sign of life. */
async function* receive(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  head: Uint8Array,
  received: Translation,
  onFault: (cause: unknown) => void,
): AsyncGenerator<Uint8Array> {
  let failed = false
  for (let chunk: Uint8Array | undefined = head; chunk !== undefined; chunk = (await reader.read()).value) {
    try {
      if (!failed) { for await (const chunks of received.translate(chunk)) yield* chunks }
    } catch (error) {
      failed = true
      onFault(error)
    }
    yield NO_BYTES
  }
}

function readableOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  chunks: AsyncGenerator<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel(reason) {
      chunks.return(undefined).catch(() => {}) // an extension's own end, once it comes to one
      await reader.cancel(reason)
    },
  }, { highWaterMark: 0 })
}

function writableOf(writer: WritableStreamDefaultWriter<Uint8Array>, sent: Translation): WritableStream<Uint8Array> {
  const abort = (reason: unknown): void => void writer.abort(reason).catch(() => {})
  return new WritableStream({
    start(controller) {
      writer.closed.catch((error) => controller.error(error))
      onceAborted(controller, abort)
    },
    async write(chunk) {
      try {
        for await (const chunks of sent.translate(chunk)) {
          const written = chunks.map((one) => writer.write(one))
          await Promise.all(written)
        }
      } catch (error) {
        abort(error) // an extension failed inside a message, which nothing can end
        throw error
      }
    },
    close: () => writer.close(),
    abort,
  })
}
