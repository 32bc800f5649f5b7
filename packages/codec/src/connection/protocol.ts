// The protocol of one connection, pure and synchronous: bytes and commands in, bytes, frames and answers out. Owns framing both
// ways, the rules between frames and the state of the closing handshake; knows no streams, sockets or clocks.

import { FrameDecoder } from '../frame/decoder.ts'
import { FIN, type FrameHeader, isHeaderAlone } from '../frame/header.ts'
import { isAscii, type MaskedPayload } from '../frame/mask.ts'
import { type CloseBody, decodeCloseBody } from '../message/close-body.ts'
import { MessageSequence, type Place } from '../message/sequence.ts'
import { NO_BYTES, SMALL } from '../values/bytes.ts'
import type { Limits } from '../values/limits.ts'
import { isControl, Opcode } from '../values/opcode.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import type { Frame } from '../values/types.ts'
import { type ClosingAction, type ClosingEvent, type ClosingState, closingTable } from './closing.ts'
import { type FrameObserver, FrameSender, type FrameSenderOptions } from './frame-sender.ts'
import type { Lease } from './lease.ts'
import { ConnectionCounters } from './stats.ts'

/** Longer texts are judged faster by the platform's decoder, which makes a string of them. */
const LONGEST_ASCII = 1024

/** The last message of a chunk, or the only one, is worth a view of it beyond so many bytes. */
const WITHOUT_VIEW = 125

/** How a {@linkcode Protocol} works. */
export interface ProtocolOptions extends Omit<FrameSenderOptions, 'counters'> {
  readonly limits: Limits
  /** Whether pings are answered by themselves. */
  readonly autoPong: boolean
}

/** A data frame, or a part of one, in its place; `text` where it is a whole text message, decoded already. */
export interface DataPart extends Place {
  readonly frame: Frame
  readonly text: string | undefined
  /** To be released by whoever has done with the payload, where it is a view of a received chunk; see {@linkcode Lease}. */
  readonly lease: Lease | undefined
  /** How many bytes of its chunk come behind it. */
  readonly behind: number
  /** What it weighs while it waits in the inbox, which sets it. */
  cost: number
}

/** A whole message, judged, where it was received. */
export interface MaskedMessage extends MaskedPayload {
  readonly opcode: typeof Opcode.Text | typeof Opcode.Binary
}

/** What the bytes gave: data, a pong's payload, or the peer's Close. */
export type Received = DataPart | { readonly pong: Uint8Array } | { readonly close: CloseBody }

/** One connection's protocol, from the end of the upgrade on. */
export class Protocol {
  readonly counters: ConnectionCounters = new ConnectionCounters()
  /** The frames that go out. */
  readonly frames: FrameSender
  readonly #decoder: FrameDecoder
  readonly #sequence = new MessageSequence()
  readonly #autoPong: boolean
  readonly #observe: FrameObserver | undefined
  #state: ClosingState = 'open'
  #closeReceived: CloseBody | undefined
  #violated = false
  /** The current chunk, its lease, and a view of it, once one is wanted. */
  #chunk = NO_BYTES
  #lease: Lease | undefined
  #view: DataView | undefined

  constructor(options: ProtocolOptions) {
    const { role, limits, allocate, autoPong, observe } = options
    this.frames = new FrameSender({ ...options, counters: this.counters })
    // No frame is held back, so that UTF-8 faults and sizes are judged as the bytes arrive.
    this.#decoder = new FrameDecoder({
      role,
      wholeFrameLimit: 0,
      maxPayloadLength: limits.maxFrameSize,
      allocate,
    })
    this.#autoPong = autoPong
    this.#observe = observe
  }

  /** Where the closing handshake stands. */
  get state(): ClosingState {
    return this.#state
  }

  /** The first Close frame that came. */
  get closeReceived(): CloseBody | undefined {
    return this.#closeReceived
  }

  /** Whether data frames may be begun. */
  get sendable(): boolean {
    return this.#state === 'open' || this.#state === 'flushing'
  }

  /** Whether the current chunk has bytes that are still to be looked at. */
  get hasMore(): boolean {
    return !this.#deaf && this.#decoder.unread > 0
  }

  /** Takes the next chunk over; then call {@linkcode next} until it gives undefined, before the next chunk. */
  receive(chunk: Uint8Array, lease?: Lease): void {
    this.counters.bytesReceived += chunk.length
    if (this.#deaf) return
    this.#chunk = chunk
    this.#lease = lease
    this.#decoder.push(chunk)
  }

  /**
   * The next thing in the current chunk; undefined at its end. Pings are answered on the way. Throws `ProtocolError` at a
   * violation; then {@linkcode step} with `failure` is the caller's to take, and nothing more is given.
   */
  next(): Received | undefined {
    try {
      while (!this.#deaf) {
        const frame = this.#decoder.pull()
        if (frame === undefined) break
        if (frame.offset === 0 && !isHeaderAlone(frame)) this.counters.framesReceived++
        this.#observe?.('in', frame)
        const received = isControl(frame.opcode) ? this.#control(frame) : this.#data(frame)
        if (received !== undefined) return received
      }
      this.#leaveChunk()
      return undefined
    } catch (error) {
      this.#violated = true
      throw error
    }
  }

  /**
   * Takes what comes next, where that is a message of one frame and at most `longest` bytes, all of it in the chunk, that needs no more
   * than to be copied: bytes, or a short text of ASCII. Undefined where it is anything else, or somebody is to see the frame: then `next`
   * has it. Throws as `next` does.
   */
  takeMasked(longest: number): MaskedMessage | undefined {
    const header = this.#mayBeginMessage ? this.#peekHeader() : undefined
    if (header === undefined || header.payloadLength > Math.min(longest, this.#decoder.unread)) return undefined
    const { firstByte, payloadLength, key } = header
    const opcode = firstByte ^ FIN // without FIN it is none that there is
    if (opcode !== Opcode.Binary && (opcode !== Opcode.Text || payloadLength > LONGEST_ASCII)) return undefined
    const bytes = this.#chunk
    const { unread } = this.#decoder
    const start = bytes.length - unread
    if (unread > payloadLength || payloadLength > WITHOUT_VIEW) {
      this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    const message: MaskedMessage = { opcode, bytes, view: this.#view, start, end: start + payloadLength, key }
    if (opcode === Opcode.Text && !isAscii(message)) return undefined
    this.#decoder.takePeeked(leave)
    this.counters.framesReceived++
    this.counters.messagesReceived++
    return message
  }

  /** What the end of the bytes means: an error where they ended inside a frame or without a Close. */
  endOfBytes(): ProtocolError | undefined {
    if (this.#deaf) return undefined
    try {
      this.#decoder.end()
    } catch (error) {
      return error as ProtocolError
    }
    return new ProtocolError('unexpected-end', 'Cannot read on: the connection ended without a Close frame')
  }

  /** Takes a step of the closing table; gives what the caller has to do. `close` is what a Close frame will say. */
  step(event: ClosingEvent, close: CloseBody = { reason: '' }): readonly ClosingAction[] {
    const step = closingTable[this.#state][event]
    if (step === undefined) return []
    this.#state = step.next
    if (step.actions.includes('send-close')) this.frames.close(close)
    return step.actions
  }

  /** RFC 6455 §5.5.1, §7.1.7: after the peer's Close or a failure nothing more is looked at. */
  get #deaf(): boolean {
    return this.#violated || this.#closeReceived !== undefined || this.#state === 'failing' || this.#state === 'ended'
  }

  /** Whether a message would be for the application, and not for a hook before. */
  get #mayBeginMessage(): boolean {
    return !this.#deaf && this.sendable && this.#observe === undefined && this.#sequence.type === undefined
  }

  #peekHeader(): Readonly<FrameHeader> | undefined {
    try {
      return this.#decoder.peekHeader()
    } catch (error) {
      this.#violated = true
      throw error
    }
  }

  /** An idle connection must not keep its memory alive. */
  #leaveChunk(): void {
    this.#chunk = NO_BYTES
    this.#lease = this.#view = undefined
  }

  #data(frame: Frame): DataPart | undefined {
    const text = this.#sequence.acceptText(frame)
    const place = text === undefined ? this.#sequence.accept(frame) : WHOLE_TEXT
    if (place.last) this.counters.messagesReceived++
    // After our own Close, data is judged and discarded.
    if (this.#state === 'closing') return undefined
    const lease = frame.payload.length > SMALL ? this.#lease : undefined // a smaller one is a copy
    lease?.hold()
    return {
      frame,
      text,
      type: place.type,
      first: place.first,
      last: place.last,
      lease,
      behind: this.#decoder.unread,
      cost: 0,
    }
  }

  #control(frame: Frame): Received | undefined {
    switch (frame.opcode) {
      case Opcode.Ping:
        this.counters.pingsReceived++
        if (this.#autoPong) this.frames.pong(frame.payload)
        return undefined
      case Opcode.Pong:
        this.counters.pongsReceived++
        return { pong: frame.payload.slice() }
      default:
        this.#closeReceived = decodeCloseBody(frame.payload)
        return { close: this.#closeReceived }
    }
  }
}

/** A payload stays where and as it is. */
const leave = (): true => true

const WHOLE_TEXT: Place = { type: 'text', first: true, last: true }
