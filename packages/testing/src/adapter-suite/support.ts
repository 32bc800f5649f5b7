// What the suite's tests share: an echo, raw peers that speak by hand, bytes that tell where they belong, and waits that end.

import type { ByteStreams, Connection } from '@wirestream/codec'
import { acceptKey } from '@wirestream/codec'
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { makeCertificate } from '../certificate.ts'
import { socketPath } from '../sockets.ts'
import type { Adapter, ConnectOptions, ServeOptions } from './adapter.ts'

export const MiB: number = 1024 * 1024

/** Sends everything back. */
export function echo({ readable, writable }: Connection): Promise<void> {
  return readable.pipeTo(writable)
}

/** The transports that `connect` and `serve` have. */
export type Transport = 'tcp' | 'tls' | 'unix'

/** How to serve and to connect over a transport. */
export function over(transport: Transport): { server: ServeOptions; client: ConnectOptions } {
  if (transport === 'unix') {
    const unix = socketPath()
    return { server: { unix }, client: { unix } }
  }
  if (transport === 'tcp') return { server: {}, client: {} }
  const tls = makeCertificate()
  return { server: { tls }, client: { ca: tls.cert } }
}

/** What to connect to: over a Unix socket the URL gives host and target only. */
export function urlOf({ url }: { url: string }): string {
  return url.startsWith('ws+unix:') ? 'ws://localhost/' : url
}

/** The byte streams of a TCP connection. */
export async function dialBytes({ dialSocket }: Adapter, port: number): Promise<ByteStreams> {
  const target = { hostname: '127.0.0.1', port, secure: false }
  return (await dialSocket(target, new AbortController().signal)).bytes()
}

/** Why a promise rejects; it must. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(() => undefined, (error: unknown) => error)
  assert.ok(error instanceof Error, `want a rejection with an Error, got ${String(error)}`)
  return error
}

/** Whether a promise is still pending after everything that can happen now has happened. */
export function pending(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(() => false, () => false)
  return Promise.race([settled, later(50).then(() => true)])
}

export function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits until a count has stood still for a while, and gives it. */
export async function standstill(count: () => number): Promise<number> {
  for (let before = -1;;) {
    const now = count()
    if (now === before) return now
    before = now
    await later(300)
  }
}

/** Waits until something holds; the runner ends a test that waits too long. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await later(5)
}

/** Waits until a raw socket's peer has ended or cut it. */
export function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readableEnded || socket.destroyed) resolve()
    socket.once('end', resolve)
    socket.once('close', () => resolve())
  })
}

// The period is a prime, so that bytes in a wrong place show.
const PERIOD = 65521
const tile = new Uint8Array(2 * PERIOD).map((_, i) => (i % PERIOD) * 31 + ((i % PERIOD) >>> 8))

/** `length` bytes of an endless sequence, from `offset`. At most 65521. */
export function pattern(offset: number, length: number): Uint8Array {
  return tile.slice(offset % PERIOD, offset % PERIOD + length)
}

/** Fails unless `chunk` is what stands at `offset` of that sequence. */
export function checkPattern(chunk: Uint8Array, offset: number): void {
  for (let i = 0; i < chunk.length; i++) {
    if (chunk[i] !== tile[(offset + i) % PERIOD]) assert.fail(`wrong byte at ${offset + i}`)
  }
}

/** `length` bytes of that sequence as a stream, and how many were taken from it. */
export function patternStream(length: number): ReadableStream<Uint8Array> & { taken: number } {
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = pattern(stream.taken, Math.min(PERIOD, length - stream.taken))
      stream.taken += chunk.length
      controller.enqueue(chunk)
      if (stream.taken === length) controller.close()
    },
  }, { highWaterMark: 0 }) as ReadableStream<Uint8Array> & { taken: number }
  stream.taken = 0
  return stream
}

/** Reads a stream of that sequence to its end and gives its length. */
export async function readPattern(stream: ReadableStream<Uint8Array>): Promise<number> {
  const reader = stream.getReader()
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return length
    checkPattern(value, length)
    length += value.length
  }
}

/** A raw client's upgrade request. */
export const REQUEST: string =
  'GET /chat?x=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'

/** Everything that a raw socket gives up to the end of a head; what stands behind is put back. */
export async function readHead(socket: Socket): Promise<string> {
  let head = Buffer.alloc(0)
  for (;;) {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) {
      await once(socket, 'readable')
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n') + 4
    if (end < 4) continue
    if (head.length > end) socket.unshift(head.subarray(end))
    return head.toString('latin1', 0, end)
  }
}

/** Answers an upgrade request by hand, with `more` in the same write. */
export async function acceptRaw(socket: Socket, more: Uint8Array = new Uint8Array(0)): Promise<void> {
  const [, key] = /^sec-websocket-key: (.*)\r$/im.exec(await readHead(socket))!
  const head =
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${
      acceptKey(key!)
    }\r\n\r\n`
  socket.write(Buffer.concat([Buffer.from(head), more]))
}

/** A short frame as a server sends it. */
export function serverFrame(opcode: number, payload: string | Uint8Array = ''): Uint8Array {
  const bytes = Buffer.from(payload as string)
  return Buffer.concat([Buffer.of(0x80 | opcode, bytes.length), bytes])
}

/** A short frame as a client sends it, masked with zeros. */
export function clientFrame(opcode: number, payload: string | Uint8Array = ''): Uint8Array {
  const bytes = Buffer.from(payload as string)
  return Buffer.concat([Buffer.of(0x80 | opcode, 0x80 | bytes.length, 0, 0, 0, 0), bytes])
}
