// Two worlds in which the same happens: in one a connection's own methods are used, in the other the platform's. Whoever looks
// may not tell them apart.

import { Connection, type ConnectionOptions, FrameDecoder, Opcode, type Role } from '../../src/index.ts'
import { utf8 } from '../support/bytes.ts'
import { peerOf } from '../support/frames.ts'
import { Peer, watch, type Watched } from './helpers.ts'
import { TestSocket } from './socket.ts'
import { TestTransport, type Wire, World } from './transport.ts'

/** How a connection is made. */
export interface EndOptions extends Partial<ConnectionOptions> {
  readonly role: Role
  /** What it speaks to: a duplex as a channel, a duplex as streams, or streams that are nothing else. */
  readonly over: 'duplex' | 'duplex as streams' | 'streams'
  /** Whether a hook sees every frame. */
  readonly observed?: boolean
}

/** A connection with its peer. */
export interface End {
  readonly connection: Connection
  readonly peer: Peer<Wire>
  readonly transport: Wire
  readonly closed: Watched<unknown>
  /** What the hook saw of data frames: direction and bytes. */
  readonly seen: string[]
}

/** Opens a connection in that world. */
export function openEnd(world: World, { over, observed = false, ...options }: EndOptions): End {
  const transport = over === 'streams' ? new TestTransport() : new TestSocket(world)
  if (over === 'duplex as streams') void (transport as TestSocket).duplex.readable
  const seen: string[] = []
  const connection = new Connection(transport instanceof TestSocket ? transport.duplex : transport, {
    ...options,
    environment: { ...world.environment, ...options.environment },
    ...(observed &&
      { observe: (direction, frame) => void seen.push(`${direction} ${frame.opcode} ${frame.payloadLength}`) }),
  })
  return {
    connection,
    transport,
    seen,
    peer: new Peer<Wire>(options.role, world, transport),
    closed: watch(connection.closed),
  }
}

const heard = new WeakMap<End, { readonly decoder: FrameDecoder; readonly words: string[]; chunks: number }>()

/** All frames that a connection sent so far, in words that tell long payloads apart. */
export function sentBy(end: End): readonly string[] {
  const decoder = () => new FrameDecoder({ role: peerOf(end.peer.role), copy: true, wholeFrameLimit: 2 ** 24 })
  const state = heard.get(end) ?? { decoder: decoder(), words: [], chunks: 0 }
  heard.set(end, state)
  for (const chunk of end.transport.chunks.slice(state.chunks)) {
    state.chunks++
    for (const { opcode, fin, payload } of state.decoder.decode(chunk)) {
      const content = opcode === Opcode.Binary ? payload : new TextDecoder().decode(payload)
      state.words.push(`${opcode}${fin ? '' : '…'} ${word(content)}`)
    }
  }
  return state.words
}

/** What the hook saw, each direction by itself: how far is read ahead of an answer is nobody's business. */
export function seenBy({ seen }: End): string[] {
  return [...seen.filter((frame) => frame.startsWith('in')), ...seen.filter((frame) => frame.startsWith('out'))]
}

/** A message in a word; long ones by length and hash. */
export function word(message: string | Uint8Array): string {
  const bytes = typeof message === 'string' ? utf8(message) : message
  const kind = typeof message === 'string' ? 'text' : 'binary'
  if (typeof message === 'string' && message.length < 80) return `${kind} ${message}`
  let hash = 0
  for (const byte of bytes) hash = (hash * 31 + byte) | 0
  const start = typeof message === 'string' ? message.slice(0, 10) : ''
  return `${kind} ${start}${bytes.length}#${hash >>> 0}`
}

/** An error in a word: all that a user can tell of it. */
export function errorWord(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { closeCode, reason } = error as { closeCode?: number; reason?: string }
  return [error.name, error.message, closeCode, reason].filter((part) => part !== undefined).join(' | ')
}

/** What became of a promise, in a word. */
export function outcome({ state, value, error }: Watched<unknown>): string {
  return state === 'rejected' ? `rejected ${errorWord(error)}` : `${state} ${JSON.stringify(value) ?? ''}`
}

/** The first line in which two tales differ; undefined where they are the same. */
export function firstDifference(a: readonly string[], b: readonly string[]): string | undefined {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] !== b[i]) return `line ${i}:\n  ours:     ${a[i]}\n  want:     ${b[i]}`
  }
  return undefined
}
