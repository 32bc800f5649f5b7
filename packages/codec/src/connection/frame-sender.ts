// The frames that go out, one behind another: what may stand where, what waits for the end of a frame of declared length, and
// the one pong that waits. Owns their bytes until they are taken; decides nothing about when.

import { FIN, frameOf } from '../frame/header.ts'
import type { MaskedPayload, MaskingKeySource } from '../frame/mask.ts'
import { FrameWriter } from '../frame/writer.ts'
import { type CloseBody, encodeCloseBody } from '../message/close-body.ts'
import { NO_BYTES } from '../values/bytes.ts'
import type { Allocate } from '../values/growing-bytes.ts'
import { Opcode } from '../values/opcode.ts'
import type { Frame, Role } from '../values/types.ts'
import type { ConnectionCounters } from './stats.ts'

/** Sees every frame that passes, control frames and parts included; the payload is only lent for the call. */
export type FrameObserver = (direction: 'in' | 'out', frame: Readonly<Frame>) => void

type ControlOpcode = typeof Opcode.Ping | typeof Opcode.Pong | typeof Opcode.Close

/** How a {@linkcode FrameSender} works. */
export interface FrameSenderOptions {
  readonly role: Role
  readonly maskingKeys: MaskingKeySource
  readonly allocate: Allocate
  readonly counters: ConnectionCounters
  readonly observe?: FrameObserver | undefined
}

/** Writes the frames of one connection. */
export class FrameSender {
  readonly role: Role
  /** Whether the transport has not taken yet what it was given, so that pongs must wait. Set by whoever moves the bytes. */
  stalled = false
  readonly #writer: FrameWriter
  readonly #counters: ConnectionCounters
  readonly #observe: FrameObserver | undefined
  /** Bytes that the frame of declared length under way still lacks; control frames wait for its end. */
  #missing = 0
  #waitingControls: [opcode: ControlOpcode, payload: Uint8Array][] | undefined
  /** The answer to the newest ping, where answers cannot go out (law 4: at most one waits). */
  #waitingPong: Uint8Array | undefined
  /** What `observe` is told of the data frame under way. */
  #observed: Frame | undefined
  #closed = false

  constructor({ role, maskingKeys, allocate, counters, observe }: FrameSenderOptions) {
    this.role = role
    this.#writer = new FrameWriter({ role, maskingKeys, allocate })
    this.#counters = counters
    this.#observe = observe
  }

  /** Bytes of control frames that wait for the end of a frame of declared length. */
  held = 0

  /** Bytes that wait for {@linkcode take}. */
  get size(): number {
    return this.#writer.size
  }

  /** Whether a frame of declared length is under way, so that no other frame can be sent. */
  get insideFrame(): boolean {
    return this.#missing > 0
  }

  /** Whether such a frame waits for its source, so that it is we who keep control frames from going out. */
  get holdsBack(): boolean {
    return this.insideFrame && !this.stalled
  }

  /** Whether our Close is among the frames; nothing follows it. */
  get closed(): boolean {
    return this.#closed
  }

  /** A whole text message in one frame, encoded in place; meant for short texts that nobody observes. */
  text(text: string): void {
    this.#writer.text(FIN | Opcode.Text, text)
    this.#count(true)
  }

  /** Frames of a server that are encoded already: one whole message, which nobody observes. */
  encoded(bytes: Uint8Array): void {
    this.#writer.raw(bytes)
    this.#count(true)
  }

  /** A whole message in one frame as it was received, which nobody observes; see {@linkcode FrameWriter.masked}. */
  masked(opcode: Opcode, payload: MaskedPayload): void {
    this.#writer.masked(FIN | opcode, payload)
    this.#count(true)
  }

  /**
   * A whole data frame. With `lend`, a server hands a payload of more than 16 KiB on as it is, and it must not change until it
   * has been sent; otherwise it is copied.
   */
  frame(opcode: Opcode, payload: Uint8Array, fin: boolean, lend: boolean): void {
    this.#begin(opcode, payload.length, fin)
    this.part(payload, lend)
  }

  /** Begins a data frame of declared length; `part` must bring exactly that many bytes. */
  open(opcode: Opcode, payloadLength: number, fin: boolean): void {
    this.#begin(opcode, payloadLength, fin)
    if (payloadLength === 0) this.part(NO_BYTES, false)
  }

  /** The next bytes of the frame that `open` began. */
  part(payload: Uint8Array, lend: boolean): void {
    this.#writer.payload(payload, lend)
    const frame = this.#observed
    const offset = frame === undefined ? 0 : frame.payloadLength - this.#missing
    this.#missing -= payload.length
    // Only now: an observer may send something itself.
    if (frame !== undefined) this.#observe!('out', { ...frame, payload, offset })
    if (this.#missing === 0) this.#sendWaiting()
  }

  /** A ping or an unsolicited pong. Waits for the end of a frame of declared length. */
  control(opcode: typeof Opcode.Ping | typeof Opcode.Pong, payload: Uint8Array): void {
    if (this.#closed) return
    if (this.#missing > 0) {
      this.held += 2 + payload.length
      ;(this.#waitingControls ??= []).push([opcode, payload.slice()])
    } else this.#writeControl(opcode, payload)
  }

  /** The answer to a ping (RFC 6455 §5.5.2); §5.5.3 allows to answer only the newest of several. */
  pong(payload: Uint8Array): void {
    if (this.#closed) return
    if (this.stalled || this.#missing > 0) this.#waitingPong = payload.slice()
    else this.#writeControl(Opcode.Pong, payload)
  }

  /** Our Close, once. Code 1006 is never sent, and inside a frame nothing can be: then the transport's end must say it. */
  close(body: CloseBody): void {
    if (this.#closed || body.statusCode === 1006 || this.#missing > 0) return
    this.#sendWaitingPong()
    this.#closed = true
    this.#writeControl(Opcode.Close, encodeCloseBody(body))
  }

  /** All bytes to be sent now, in order, in few chunks. A pong that waits goes with them: the transport has room again. */
  take(): Uint8Array[] {
    this.#sendWaitingPong()
    const chunks = this.#writer.take()
    for (const chunk of chunks) this.#counters.bytesSent += chunk.length
    return chunks
  }

  /** See {@linkcode FrameWriter.reuseBlocks}. */
  reuseBlocks(): void {
    this.#writer.reuseBlocks()
  }

  /** See {@linkcode FrameWriter.release}. */
  release(chunk: Uint8Array): void {
    this.#writer.release(chunk)
  }

  #begin(opcode: Opcode, payloadLength: number, fin: boolean): void {
    const firstByte = (fin ? FIN : 0) | opcode
    this.#writer.header(firstByte, payloadLength)
    this.#missing = payloadLength
    this.#observed = this.#observe && frameOf(firstByte, NO_BYTES, payloadLength, 0)
    this.#count(fin)
  }

  #count(fin: boolean): void {
    this.#counters.framesSent++
    if (fin) this.#counters.messagesSent++
  }

  #sendWaiting(): void {
    const waiting = this.#waitingControls
    if (waiting !== undefined) {
      this.#waitingControls = undefined
      this.held = 0
      for (const [opcode, payload] of waiting) this.#writeControl(opcode, payload)
    }
    this.#sendWaitingPong()
  }

  #sendWaitingPong(): void {
    if (this.#waitingPong === undefined || this.#missing > 0 || this.#closed) return
    const payload = this.#waitingPong
    this.#waitingPong = undefined
    this.#writeControl(Opcode.Pong, payload)
  }

  #writeControl(opcode: ControlOpcode, payload: Uint8Array): void {
    this.#counters.framesSent++
    if (opcode === Opcode.Ping) this.#counters.pingsSent++
    else if (opcode === Opcode.Pong) this.#counters.pongsSent++
    this.#writer.header(FIN | opcode, payload.length)
    this.#writer.payload(payload)
    this.#observe?.('out', frameOf(FIN | opcode, payload, payload.length, 0))
  }
}
