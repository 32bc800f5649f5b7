// A connection and its peer in a world in memory: the peer speaks frames that were written by hand. Nothing here knows how a
// connection works.

import { expect } from 'vitest'
import {
  Connection,
  type ConnectionOptions,
  FrameDecoder,
  Opcode,
  ProtocolError,
  type Role,
  WebSocketError,
} from '../../src/index.ts'
import { cutAt, join, utf8 } from '../support/bytes.ts'
import { peerOf, wire, type WireFrame } from '../support/frames.ts'
import { TestTransport, type Wire, World } from './transport.ts'

export { drain, World } from './transport.ts'

export const KEY = Uint8Array.of(0x0a, 0x0b, 0x0c, 0x0d)
export const roles: Role[] = ['client', 'server']

/** The other end of a connection whose role is `role`: says frames and hears frames. */
export class Peer<T extends Wire = TestTransport> {
  readonly transport: T
  readonly world: World
  readonly role: Role
  readonly #decoder: FrameDecoder
  #heard = 0

  constructor(role: Role, world: World, transport: T) {
    this.role = role
    this.world = world
    this.transport = transport
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
  const peer = new Peer(role, world, new TestTransport())
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

/** A binary message in fragments of these sizes. */
export function fragments(bytes: Uint8Array, ...cuts: number[]) {
  const parts = cutAt(bytes, cuts)
  return parts.map((payload, i) => ({
    opcode: i === 0 ? Opcode.Binary : Opcode.Continuation,
    payload,
    fin: i === parts.length - 1,
  }))
}
