// Extensions of a connection (RFC 6455 §9): a channel before that of its transport, so that no other part of the connection knows of them.
// What is received is given on as plain frames; what is sent goes the other way.

import { FrameDecoder } from '../frame/decoder.ts'
import { FrameEncoder } from '../frame/encoder.ts'
import { LEND_FROM } from '../frame/planned-frame.ts'
import { NO_BYTES, plainBytes, requireBytes } from '../values/bytes.ts'
import { closeAll, type Extension } from '../values/extension.ts'
import type { ByteStreams } from '../values/types.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import { channelOf, type ChannelOffer } from './claim.ts'
import { socketClosed } from './ends.ts'
import { environmentOf } from './environment.ts'
import { type ConnectionOptions, resolveOptions } from './options.ts'
import { DONE } from './promises.ts'
import { Stretch } from './stretch.ts'
import { Translation } from './translation.ts'

type ExtendedOptions = ConnectionOptions & { readonly chain: readonly Extension[] }

/**
 * A connection's transport and options as they would be without extensions; the transport is taken when its channel is. `onFault` hears what
 * rule the peer broke, or what an extension threw for what it sent: nothing of it comes any more, and the rest is dropped.
 */
export function extended(
  transport: ByteStreams,
  options: ExtendedOptions,
  onFault: (cause: unknown) => void,
): readonly [ChannelOffer, ConnectionOptions] {
  requireBytes(options.head ?? NO_BYTES, 'Cannot open WebSocket: head')
  const environment = { ...environmentOf(options), insecureMaskingKeys: noMask }
  const offer = { asChannel: () => new ExtendedChannel(transport, options, onFault) }
  return [offer, { ...options, head: undefined, environment }]
}

/** Between us and ourselves nothing need be masked; but a client's frames want a key. */
function noMask(): number {
  return 0
}

function rsvOf(chain: readonly Extension[]): number {
  return chain.reduce((bits, { rsv }) => bits | rsv, 0)
}

/** Owns the chain: closes it when nothing goes through it any more. */
class ExtendedChannel implements Channel, ChannelEvents {
  readonly keepsNothing = false
  readonly reclaim = undefined
  readonly reclaimsFrom = 0
  readonly #channel: Channel
  #chain: readonly Extension[]
  readonly #received: Translation
  readonly #sent: Translation
  readonly #onFault: (cause: unknown) => void
  readonly #stretch: Stretch
  #events: ChannelEvents | undefined
  /** What came with the upgrade, until it is taken. */
  #head: Uint8Array | undefined
  /** Whether our user wants chunks; what wakes whoever waits for that; and whether one is on its way, which comes before all others. */
  #flowing = false
  #wake: (() => void) | undefined
  #taking = false
  /** Whether something wrong came: nothing behind it is looked at. */
  #faulty = false
  /** The chunk on its way, and all that is being written, done with. */
  #taken: Promise<void> = DONE
  #written: Promise<void> = DONE

  /** Throws, before the transport is taken, for an extension that claims what is no reserved bit. */
  constructor(transport: ByteStreams, options: ExtendedOptions, onFault: (cause: unknown) => void) {
    const { role, chain, head } = options
    const { maxFrameSize: maxPayloadLength } = resolveOptions(options).limits
    const environment = environmentOf(options)
    const { allocate, insecureMaskingKeys } = environment
    const peer = role === 'server' ? 'client' : 'server'
    const received = this.#received = new Translation(
      new FrameDecoder({ role, wholeFrameLimit: 0, maxPayloadLength, allowedRsv: rsvOf(chain), allocate }),
      [...chain].reverse().map((extension) => (frame) => extension.decode(frame)),
      new FrameEncoder({ role: peer, insecureMaskingKeys: noMask, allocate }),
    )
    this.#sent = new Translation(
      new FrameDecoder({ role: peer, wholeFrameLimit: 0, allocate }),
      chain.map((extension) => (frame) => extension.encode(frame)),
      new FrameEncoder({ role, insecureMaskingKeys, allocate }),
      () => received.unwanted = true, // what comes behind our Close is dropped, so none of it need be made
    )
    this.#chain = chain
    this.#head = head?.length ? head : undefined
    this.#onFault = onFault
    this.#stretch = new Stretch(environment)
    this.#channel = channelOf(transport, environment)
  }

  get busy(): boolean {
    return this.#received.working || this.#sent.working
  }

  // ── What is received ───────────────────────────────────────────────────────────────────────────────────────────────

  listen(events: ChannelEvents): void {
    this.#events = events
    this.#channel.listen(this)
  }

  resume(): void {
    if (this.#flowing) return
    this.#flowing = true
    this.#wake?.()
    if (!this.#taking) this.#goOn()
  }

  pause(): void {
    this.#flowing = false
    if (!this.#taking) this.#channel.pause()
  }

  chunk(chunk: Uint8Array): void {
    this.#taking = true
    this.#channel.pause() // one at a time: what becomes of this one goes first
    this.#events?.chunk(NO_BYTES) // a sign of life, whatever becomes of it
    this.#taken = this.#take(chunk)
  }

  end(): void {
    this.#endReceived()
    this.#events?.end()
  }

  failed(error: unknown): void {
    this.#endReceived()
    this.#endSent()
    this.#events?.failed(error)
  }

  discard(): void {
    this.#endReceived()
    this.#channel.discard()
  }

  #goOn(): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.chunk(head)
    else this.#channel.resume()
  }

  async #take(chunk: Uint8Array): Promise<void> {
    try {
      if (!this.#faulty) {
        for await (const chunks of this.#received.translate(chunk)) {
          for (const one of chunks) await this.#give(one)
        }
      }
    } catch (error) {
      this.#faulty = true
      if (!this.#received.over) this.#onFault(error)
    }
    this.#taking = false
    if (this.#flowing) this.#goOn()
  }

  /** Gives what was made to our user, once he wants it. */
  async #give(chunk: Uint8Array): Promise<void> {
    while (!this.#flowing && !this.#received.over) await new Promise<void>((resolve) => this.#wake = resolve)
    if (this.#received.over) return
    const { length } = chunk
    this.#events?.chunk(alone(chunk))
    await this.#stretch.add(length)
  }

  #endReceived(): void {
    this.#received.over = true
    this.#wake?.()
    this.#closeChain()
  }

  // ── What is sent ───────────────────────────────────────────────────────────────────────────────────────────────────

  write(chunks: readonly Uint8Array[]): Promise<void> {
    const written = this.#written.then(() => this.#send(chunks))
    this.#written = written.catch(() => {})
    return written
  }

  async shutdown(): Promise<void> {
    this.#received.unwanted = true // we have failed, and our Close may be stuck; or both Close frames are out
    await this.#written
    try {
      await this.#channel.shutdown()
    } finally {
      this.#endSent()
    }
  }

  abort(reason: unknown): void {
    this.#events = undefined
    this.#channel.abort(reason)
    this.#endReceived()
    this.#endSent()
  }

  release(): void {
    this.#channel.release()
  }

  async #send(chunks: readonly Uint8Array[]): Promise<void> {
    try {
      for (const chunk of chunks) {
        for await (const made of this.#sent.translate(chunk)) await this.#channel.write(made)
      }
    } catch (error) {
      if (!this.#sent.over) {
        const reason = error ?? new Error('an extension failed without a reason') // none would be an orderly end
        this.#channel.abort(reason) // it failed inside a message, which nothing can end
        this.failed(reason)
      }
      throw error
    }
    if (this.#sent.over) throw socketClosed()
  }

  #endSent(): void {
    this.#sent.over = true
    this.#closeChain()
  }

  #closeChain(): void {
    if (!this.#received.over || !this.#sent.over) return
    const chain = this.#chain
    this.#chain = []
    // Not while one of them is at work.
    void Promise.all([this.#taken, this.#written]).then(() => closeAll(chain))
  }
}

/** Without other bytes in its memory, since its reader may transfer that: a payload that was lent is in the chunk that it came in. */
function alone(chunk: Uint8Array): Uint8Array {
  return chunk.length >= LEND_FROM && chunk.length < chunk.buffer.byteLength ? plainBytes(chunk).slice() : chunk
}
