// The protocol of one connection, pure and synchronous: bytes and commands in, bytes, frames and answers out. Owns framing both
// ways, the rules between frames, pongs and the state of the closing handshake; knows no streams, sockets or clocks.

import { FrameDecoder } from '../frame/decoder.ts'
import { packFirstByte } from '../frame/header.ts'
import type { MaskingKeySource } from '../frame/mask.ts'
import { FrameWriter } from '../frame/writer.ts'
import { type CloseBody, decodeCloseBody, encodeCloseBody } from '../message/close-body.ts'
import { frameOf } from '../message/encoder.ts'
import { MessageSequence, type Place } from '../message/sequence.ts'
import type { Allocate } from '../values/growing-bytes.ts'
import type { Limits } from '../values/limits.ts'
import { isControl, Opcode } from '../values/opcode.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import type { Frame, Role } from '../values/types.ts'
import { type ClosingAction, type ClosingEvent, type ClosingState, closingTable } from './closing.ts'
import { ConnectionCounters } from './stats.ts'

/** Sees every frame that passes, control frames and parts included; the payload is only lent for the call. */
export type Observe = (direction: 'in' | 'out', frame: Readonly<Frame>) => void

/** How a {@linkcode Protocol} works. */
export interface ProtocolOptions {
  readonly role: Role
  readonly limits: Limits
  readonly maskingKeys: MaskingKeySource
  readonly allocate: Allocate
  /** Whether pings are answered by themselves. */
  readonly autoPong: boolean
  readonly observe?: Observe | undefined
}

/** A data frame, or a part of one, in its place; `text` where it is a whole text message, decoded already. */
export interface DataPart extends Place {
  readonly frame: Frame
  readonly text: string | undefined
}

/** What the bytes gave: data, a pong's payload, or the peer's Close. */
export type Received = DataPart | { readonly pong: Uint8Array } | { readonly close: CloseBody }

/** One connection's protocol, from the end of the upgrade on. */
export class Protocol {
  readonly role: Role
  readonly counters: ConnectionCounters = new ConnectionCounters()
  readonly #decoder: FrameDecoder
  readonly #writer: FrameWriter
  readonly #sequence = new MessageSequence()
  readonly #autoPong: boolean
  readonly #observe: Observe | undefined
  #state: ClosingState = 'open'
  #closeReceived: CloseBody | undefined
  #closeSent = false
  #violated = false
  /** Bytes that the frame of declared length under way still lacks; control frames wait for its end. */
  #missing = 0
  #waitingControls: Frame[] = []
  /** The answer to the newest ping, where answers cannot go out (law 4: at most one waits). */
  #waitingPong: Uint8Array | undefined
  /** Whether the transport is stalled, so that answers must wait. Set by whoever moves the bytes. */
  stalled = false

  constructor({ role, limits, maskingKeys, allocate, autoPong, observe }: ProtocolOptions) {
    this.role = role
    // No frame is held back, so that UTF-8 faults and sizes are judged as the bytes arrive.
    this.#decoder = new FrameDecoder({ role, wholeFrameLimit: 0, maxPayloadLength: limits.maxFrameSize, allocate })
    this.#writer = new FrameWriter({ role, maskingKeys, allocate })
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

  /** Bytes that {@linkcode take} would give. */
  get outgoing(): number {
    return this.#writer.size
  }

  /** Whether the current chunk has bytes that are still to be looked at. */
  get hasMore(): boolean {
    return !this.#deaf && this.#decoder.unread > 0
  }

  // ── Receiving ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes the next chunk over; then call {@linkcode next} until it gives undefined, before the next chunk. */
  receive(chunk: Uint8Array): void {
    this.counters.bytesReceived += chunk.length
    if (this.#deaf) return
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
        if (frame === undefined) return undefined
        if (frame.offset === 0) this.counters.framesReceived++
        this.#observe?.('in', frame)
        const received = isControl(frame.opcode) ? this.#control(frame) : this.#data(frame)
        if (received !== undefined) return received
      }
      return undefined
    } catch (error) {
      this.#violated = true
      throw error
    }
  }

  /** What the end of the bytes means: an error where they ended inside a frame or without a Close. */
  endOfBytes(): ProtocolError | undefined {
    if (this.#closeReceived !== undefined || this.#deaf) return undefined
    try {
      this.#decoder.end()
    } catch (error) {
      return error as ProtocolError
    }
    return new ProtocolError('unexpected-end', 'Cannot read on: the connection ended without a Close frame')
  }

  /** RFC 6455 §5.5.1, §7.1.7: after the peer's Close or a failure nothing more is looked at. */
  get #deaf(): boolean {
    return this.#violated || this.#closeReceived !== undefined || this.#state === 'failing' || this.#state === 'ended'
  }

  #data(frame: Frame): DataPart | undefined {
    const text = this.#sequence.acceptText(frame)
    const place = text === undefined ? this.#sequence.accept(frame) : WHOLE_TEXT
    if (place.last) this.counters.messagesReceived++
    // After our own Close, data is judged and discarded.
    if (this.#state === 'closing') return undefined
    return { frame, text, type: place.type, first: place.first, last: place.last }
  }

  #control(frame: Frame): Received | undefined {
    switch (frame.opcode) {
      case Opcode.Ping:
        this.counters.pingsReceived++
        if (this.#autoPong) this.#answer(frame.payload)
        return undefined
      case Opcode.Pong:
        this.counters.pongsReceived++
        return { pong: frame.payload.slice() }
      default: {
        const close = decodeCloseBody(frame.payload)
        this.#closeReceived = close
        return { close }
      }
    }
  }

  /** RFC 6455 §5.5.2; §5.5.3 allows to answer only the newest of several pings. */
  #answer(payload: Uint8Array): void {
    if (this.#closeSent) return
    if (this.stalled || this.#missing > 0) this.#waitingPong = payload.slice()
    else this.#writePong(payload)
  }

  // ── Sending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A whole text message in one frame, encoded in place; meant for short texts. Gives its length in bytes. */
  sendText(text: string): number {
    const length = this.#writer.text(packFirstByte(true, false, false, false, Opcode.Text), text)
    this.counters.framesSent++
    this.counters.messagesSent++
    return length
  }

  /**
   * A whole data frame. With `lend`, a server hands a payload of 16 KiB or more on as it is, and it must not change until it
   * has been sent; otherwise it is copied.
   */
  sendFrame(opcode: Opcode, payload: Uint8Array, fin: boolean, lend: boolean): void {
    this.openFrame(opcode, payload.length, fin)
    this.sendPart(payload, lend)
  }

  /** Begins a data frame of declared length; `sendPart` must bring exactly that many bytes. */
  openFrame(opcode: Opcode, payloadLength: number, fin: boolean): void {
    this.#writer.header(packFirstByte(fin, false, false, false, opcode), payloadLength)
    this.#missing = payloadLength
    this.counters.framesSent++
    if (fin) this.counters.messagesSent++
    this.#outFrame = this.#observe && { ...frameOf(opcode, NONE, fin), payloadLength }
  }

  /** The next bytes of the frame that `openFrame` began. */
  sendPart(payload: Uint8Array, lend: boolean): void {
    if (this.#outFrame !== undefined) {
      const offset = this.#outFrame.payloadLength - this.#missing
      this.#observe?.('out', { ...this.#outFrame, payload, offset })
    }
    this.#writer.payload(payload, lend)
    this.#missing -= payload.length
    if (this.#missing === 0) this.#sendWaiting()
  }

  /** Frames of whole messages that are encoded already. */
  sendEncoded(bytes: Uint8Array): void {
    this.#writer.raw(bytes)
    this.counters.framesSent++
    this.counters.messagesSent++
  }

  /** A ping or an unsolicited pong. Waits for the end of a frame of declared length. */
  sendControl(opcode: typeof Opcode.Ping | typeof Opcode.Pong, payload: Uint8Array): void {
    if (this.#closeSent) return
    const frame = frameOf(opcode, payload, true)
    if (this.#missing > 0) this.#waitingControls.push({ ...frame, payload: payload.slice() })
    else this.#writeControl(frame)
  }

  /** Whether a frame of declared length is under way, so that no other frame can be sent. */
  get insideFrame(): boolean {
    return this.#missing > 0
  }

  /** All bytes to be sent now, in order, in few chunks. */
  take(): Uint8Array[] {
    if (!this.stalled) this.#sendWaitingPong()
    const chunks = this.#writer.take()
    for (const chunk of chunks) this.counters.bytesSent += chunk.length
    return chunks
  }

  // ── Closing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes a step of the closing table; gives what the caller has to do. `close` is what a Close frame will say. */
  step(event: ClosingEvent, close?: CloseBody): readonly ClosingAction[] {
    const step = closingTable[this.#state][event]
    if (step === undefined) return []
    this.#state = step.next
    if (step.actions.includes('send-close')) this.#sendClose(close)
    return step.actions
  }

  #sendClose(close: CloseBody = { reason: '' }): void {
    // 1006 is never sent, and inside a frame nothing can be: the transport's end must say it.
    if (this.#closeSent || close.statusCode === 1006 || this.#missing > 0) return
    this.#sendWaitingPong()
    this.#closeSent = true
    this.#writeControl(frameOf(Opcode.Close, encodeCloseBody(close), true))
  }

  #sendWaiting(): void {
    for (const frame of this.#waitingControls.splice(0)) this.#writeControl(frame)
    if (!this.stalled) this.#sendWaitingPong()
  }

  #sendWaitingPong(): void {
    if (this.#waitingPong === undefined || this.#missing > 0 || this.#closeSent) return
    const payload = this.#waitingPong
    this.#waitingPong = undefined
    this.#writePong(payload)
  }

  #writePong(payload: Uint8Array): void {
    this.counters.pongsSent++
    this.#writeControl(frameOf(Opcode.Pong, payload, true))
  }

  #writeControl(frame: Frame): void {
    if (frame.opcode === Opcode.Ping) this.counters.pingsSent++
    this.counters.framesSent++
    this.#observe?.('out', frame)
    this.#writer.header(0x80 | frame.opcode, frame.payloadLength)
    this.#writer.payload(frame.payload)
  }

  /** What `observe` is told of the data frame under way. */
  #outFrame: Frame | undefined
}

const NONE = new Uint8Array(0)
const WHOLE_TEXT: Place = { type: 'text', first: true, last: true }
