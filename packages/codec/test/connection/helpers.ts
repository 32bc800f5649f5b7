// A world in memory for connections: time and "later" are moved by hand, the transport is two arrays with a tap, and the peer
// speaks frames that were written by hand. Nothing here knows how a connection works.

import { expect } from 'vitest'
import {
  type ByteStreams,
  Connection,
  type ConnectionOptions,
  type Environment,
  FrameDecoder,
  Opcode,
  ProtocolError,
  type Role,
  WebSocketError,
} from '../../src/index.ts'
import { join, utf8 } from '../support/bytes.ts'
import { peerOf, wire, type WireFrame } from '../support/frames.ts'

export const KEY = Uint8Array.of(0x0a, 0x0b, 0x0c, 0x0d)
export const roles: Role[] = ['client', 'server']

/** Lets all microtasks run out. */
export function drain(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}

/** Time, "later" and memory in the test's hand. */
export class World {
  time = 0
  /** What was asked of the allocator. */
  allocated = 0
  largest = 0
  #deferred: (() => void)[] = []
  #timers: { callback: () => void; at: number }[] = []
  readonly environment: Environment = {
    defer: (callback) => void this.#deferred.push(callback),
    startTimer: (callback, ms) => {
      const timer = { callback, at: this.time + ms }
      this.#timers.push(timer)
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      }
    },
    now: () => this.time,
    allocate: (length) => {
      this.allocated += length
      this.largest = Math.max(this.largest, length)
      return new Uint8Array(length).fill(0xa5) // dirty, so that bytes never written would show
    },
  }

  /** Timers that run. */
  get timers(): number {
    return this.#timers.length
  }

  /** Callbacks that wait for the end of the turn. */
  get deferred(): number {
    return this.#deferred.length
  }

  /** Ends this turn of the event loop: what was deferred runs, and what it starts waits for the next. */
  endTurn(): void {
    for (const callback of this.#deferred.splice(0)) callback()
  }

  /** Lets everything happen that needs neither input nor time. */
  async settle(): Promise<void> {
    do {
      await drain()
      this.endTurn()
      await drain()
    } while (this.#deferred.length > 0)
  }

  /** Moves time on; timers run in order, and all that they start. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms
    await this.settle()
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((other) => other !== due)
      this.time = Math.max(this.time, due.at)
      due.callback()
      await this.settle()
    }
    this.time = end
  }
}

/** A byte transport whose other end is the test. */
export class TestTransport implements ByteStreams {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  /** What was written to it, as it came. */
  readonly chunks: Uint8Array[] = []
  /** What was done to it, but for reading and writing. */
  readonly did: string[] = []
  /** Bytes that were read from it. */
  pulled = 0
  #incoming: Uint8Array[] = []
  #end: { error?: unknown } | undefined
  #reader!: ReadableStreamDefaultController<Uint8Array>
  #writer!: WritableStreamDefaultController
  #wanted: (() => void) | undefined
  #holding = false
  #held: { resolve: () => void; reject: (error: unknown) => void }[] = []
  #closeHeld = false

  constructor() {
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#reader = controller),
      pull: () =>
        new Promise((resolve) => {
          this.#wanted = resolve
          this.#serve()
        }),
      cancel: () => void this.did.push('cancel'),
    }, { highWaterMark: 0 })
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => void (this.#writer = controller),
      write: (chunk) => {
        this.chunks.push(chunk)
        return this.#holding ? this.#hold() : undefined
      },
      close: () => {
        this.did.push('shutdown')
        return this.#closeHeld ? this.#hold() : undefined
      },
      abort: () => void this.did.push('abort'),
    })
  }

  /** The peer sends bytes; the array is the connection's from here on. */
  give(bytes: Uint8Array): void {
    this.#incoming.push(bytes)
    this.#serve()
  }

  /** The peer ends its direction. */
  end(): void {
    this.#end = {}
    this.#serve()
  }

  /** The transport breaks, in both directions. */
  break(error: unknown): void {
    this.#end = { error }
    this.#incoming = []
    this.#writer.error(error)
    for (const { reject } of this.#held.splice(0)) reject(error)
    if (this.#wanted !== undefined) this.#serve()
    else this.#reader.error(error)
  }

  /** From now on a write is not taken until `let`. */
  hold(): void {
    this.#holding = true
  }

  /** Our shutdown never ends by itself. */
  holdClose(): void {
    this.#closeHeld = true
  }

  /** Takes the oldest write that is held. */
  letOne(): void {
    this.#held.shift()?.resolve()
  }

  /** Takes everything, from now on too. */
  letAll(): void {
    this.#holding = false
    for (const { resolve } of this.#held.splice(0)) resolve()
  }

  /** Bytes of all that was written. */
  get bytes(): Uint8Array {
    return join(this.chunks)
  }

  #hold(): Promise<void> {
    return new Promise((resolve, reject) => this.#held.push({ resolve, reject }))
  }

  #serve(): void {
    const wanted = this.#wanted
    if (wanted === undefined) return
    const chunk = this.#incoming.shift()
    if (chunk !== undefined) {
      this.pulled += chunk.length
      this.#reader.enqueue(chunk)
    } else if (this.#end === undefined) return
    else if (this.#end.error !== undefined) this.#reader.error(this.#end.error)
    else this.#reader.close()
    this.#wanted = undefined
    wanted()
  }
}

/** The other end of a connection whose role is `role`: says frames and hears frames. */
export class Peer {
  readonly transport = new TestTransport()
  readonly world: World
  readonly role: Role
  readonly #decoder: FrameDecoder
  #heard = 0

  constructor(role: Role, world: World) {
    this.role = role
    this.world = world
    this.#decoder = new FrameDecoder({ role: peerOf(role), copy: true })
  }

  /** Frames in one chunk. */
  says(...frames: (WireFrame | Uint8Array)[]): void {
    this.transport.give(join(frames.map((frame) => frame instanceof Uint8Array ? frame : this.wire(frame))))
  }

  wire(frame: WireFrame): Uint8Array {
    return wire(this.role === 'server' ? { key: KEY, ...frame } : frame)
  }

  text(text: string, more: Partial<WireFrame> = {}): WireFrame {
    return { opcode: Opcode.Text, payload: utf8(text), ...more }
  }

  close(code?: number, reason = ''): WireFrame {
    if (code === undefined) return { opcode: Opcode.Close }
    return { opcode: Opcode.Close, payload: join([Uint8Array.of(code >> 8, code & 255), utf8(reason)]) }
  }

  /** The frames that came since it was last asked, as words: what, … where FIN is missing, and the payload or its size. */
  async hears(): Promise<string[]> {
    await this.world.settle()
    return this.heard()
  }

  /** As `hears`, without letting anything happen first. */
  heard(): string[] {
    const words: string[] = []
    for (const chunk of this.transport.chunks.slice(this.#heard)) {
      for (const frame of this.#decoder.decode(chunk)) words.push(wordOf(frame))
    }
    this.#heard = this.transport.chunks.length
    return words
  }
}

function wordOf({ opcode, fin, payload }: { opcode: number; fin: boolean; payload: Uint8Array }): string {
  const name = Object.entries(Opcode).find(([, value]) => value === opcode)![0].toLowerCase()
  const close = opcode === Opcode.Close && payload.length > 0
  const code = close ? ` ${payload[0]! * 256 + payload[1]!}` : ''
  const text = payload.length > 200
    ? `(${payload.length})`
    : new TextDecoder().decode(close ? payload.subarray(2) : payload)
  return `${name}${fin ? '' : '…'}${code}${text === '' ? '' : ` ${text}`}`
}

/** A connection with that role, and its peer. */
export function connect(role: Role, options: Partial<ConnectionOptions> = {}) {
  const world = new World()
  const peer = new Peer(role, world)
  const { environment, ...rest } = options
  const connection = new Connection(peer.transport, {
    role,
    ...rest,
    environment: { ...world.environment, ...environment },
  })
  return { world, peer, connection, transport: peer.transport, end: watch(connection.closed) }
}

/** What became of a promise so far. */
export interface Watched<T> {
  value?: T
  error?: unknown
  readonly state: 'pending' | 'resolved' | 'rejected'
}

/** Looks at a promise without waiting for it. */
export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: { value?: T; error?: unknown; state: Watched<T>['state'] } = { state: 'pending' }
  promise.then(
    (value) => Object.assign(watched, { value, state: 'resolved' }),
    (error) => Object.assign(watched, { error, state: 'rejected' }),
  )
  return watched
}

/** The end was clean, with that code and reason. */
export function expectClean(end: Watched<unknown>, closeCode: number, reason = ''): void {
  expect(end).toEqual({ state: 'resolved', value: { closeCode, reason } })
}

/** The end was not clean; gives the error. */
export function expectUnclean(end: Watched<unknown>, closeCode = 1006, reason = ''): WebSocketError {
  expect(end.state).toBe('rejected')
  expect(end.error).toBeInstanceOf(WebSocketError)
  const error = end.error as WebSocketError
  expect([error.closeCode, error.reason]).toEqual([closeCode, reason])
  return error
}

/** An error's cause is a violation with that code. */
export function expectFault(error: WebSocketError, code: ProtocolError['code']): void {
  expect(error.cause).toBeInstanceOf(ProtocolError)
  expect((error.cause as ProtocolError).code).toBe(code)
}

/** Reads messages until the stream ends or fails; tells what came and how it ended. */
export function collect<T>(readable: ReadableStream<T>): { items: T[]; end: Watched<void> } {
  const items: T[] = []
  const read = async () => {
    const reader = readable.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      items.push(value)
    }
  }
  return { items, end: watch(read()) }
}

/** A stream of these chunks; `cancelled` tells why it was cancelled, once it is. */
export function source<T>(...chunks: T[]) {
  const told: { cancelled?: unknown; pulls: number } = { pulls: 0 }
  let controller!: ReadableStreamDefaultController<T>
  const stream = new ReadableStream<T>({
    start: (given) => void (controller = given),
    pull: () => {
      told.pulls++
      const next = chunks.shift()
      if (next !== undefined) controller.enqueue(next)
    },
    cancel: (reason) => void (told.cancelled = reason),
  }, { highWaterMark: 0 })
  return Object.assign(told, {
    stream,
    push: (chunk: T) => controller.enqueue(chunk),
    close: () => controller.close(),
    fail: (error: unknown) => controller.error(error),
  })
}
