// What the tests of this package share: an echo, a peer made of bytes, and the proof that nothing stays open.

import { acceptKey, type Connection, FrameDecoder, FrameEncoder, type FrameInit, type Role } from '@wirestream/node'
import { openSockets, rawConnect } from '@wirestream/testing'
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, expect, vi } from 'vitest'

/** The handler that sends back what comes. */
export function echo(connection: Connection): Promise<void> {
  return connection.readable.pipeTo(connection.writable)
}

/** Each test of the file must leave as many sockets behind as it found. */
export function leaveNothingOpen(): void {
  let before: string[]
  beforeEach(() => void (before = openSockets()))
  afterEach(() => vi.waitFor(() => expect(openSockets()).toEqual(before), { timeout: 5000, interval: 5 }))
}

/** Reads one message. */
export async function next({ readable }: { readable: ReadableStream<string | Uint8Array> }): Promise<unknown> {
  const reader = readable.getReader()
  const { value } = await reader.read()
  reader.releaseLock()
  return value
}

/** What a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return await promise.then(() => {
    throw new Error('it did not reject')
  }, (error) => error)
}

/** An upgrade request as a client sends it; `extra` lines end with CRLF each. */
export function upgradeRequest({ path = '/', extra = '' }: { path?: string; extra?: string } = {}): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${extra}\r\n`
}

/** The response that accepts a request. */
export function upgradeResponse(request: string): string {
  const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(request)![1]!
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`
}

/** Frames as bytes. */
export function frames(role: Role, ...list: FrameInit[]): Uint8Array {
  return Buffer.concat(new FrameEncoder({ role }).encode(list))
}

/** A peer that speaks bytes: collects what a socket gives and takes it apart. */
export class RawPeer {
  readonly socket: Socket
  ended = false
  closed = false
  #bytes = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => void (this.#bytes = Buffer.concat([this.#bytes, chunk])))
    socket.on('end', () => this.ended = true).on('close', () => this.closed = true).on('error', () => {})
  }

  /** Waits for the end of a head and gives it; what follows stays. */
  async head(): Promise<string> {
    await vi.waitFor(() => expect(this.#bytes.includes('\r\n\r\n')).toBe(true), { timeout: 10_000, interval: 1 })
    const end = this.#bytes.indexOf('\r\n\r\n') + 4
    const head = this.#bytes.toString('latin1', 0, end)
    this.#bytes = this.#bytes.subarray(end)
    return head
  }

  /** All that came and was not taken yet. */
  get rest(): Buffer {
    return this.#bytes
  }

  /** The frames that came so far behind the head, as the other role sends them: opcode and payload as text. */
  frames(sender: Role): [opcode: number, payload: string][] {
    const decoder = new FrameDecoder({ role: sender === 'client' ? 'server' : 'client' })
    return [...decoder.decode(Uint8Array.from(this.#bytes))].map(({ opcode, payload }) => {
      return [opcode, Buffer.from(payload).toString('latin1')]
    })
  }

  /** Waits for a Close frame; gives its code, or 1005. */
  async close(sender: Role): Promise<number> {
    const find = () => this.frames(sender).find(([opcode]) => opcode === 8)
    await vi.waitFor(() => expect(find()).toBeDefined(), { timeout: 10_000, interval: 1 })
    const body = Buffer.from(find()![1], 'latin1')
    return body.length < 2 ? 1005 : body.readUInt16BE()
  }
}

/** Such a peer, connected to a server on loopback; over TLS with its certificate. */
export async function rawPeer({ port }: { port: number }, tls?: { cert: string }): Promise<RawPeer> {
  return new RawPeer(tls ? connectTls({ port, ca: tls.cert }) : await rawConnect(port))
}
