// An extension over real sockets, against a peer who has its own: what was compressed here is understood there, and what was there, here.

import { connect, serve } from '@wirestream/node'
import { wsClient, wsServer } from '@wirestream/testing'
import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { deflate } from './deflate.ts'
import { echo, leaveNothingOpen, next } from './support.ts'

leaveNothingOpen()

const ANSWER = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
const text = 'grüße 😀 '.repeat(200_000)
const bytes = new Uint8Array(1_000_000).map((_, i) => (i >> 12) * 7)

test('with ws as our server, messages go compressed both ways: small and large, in fragments and in one frame', async () => {
  let received = () => 0
  await using server = await wsServer((socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  }, { perMessageDeflate: { threshold: 0 } })
  server.server.on('connection', (_, { socket }: IncomingMessage) => received = () => socket.bytesRead)
  await using connection = await connect(server.url, { extensions: [deflate] })
  expect(connection.extensions).toBe(ANSWER)
  for (const message of ['', 'hello', text, new Uint8Array(0), bytes]) {
    await connection.send(message)
    expect(same(await next(connection), message)).toBe(true)
  }
  expect(received()).toBeLessThan(30_000)
  await connection.send(ReadableStream.from(['one ', 'two', text]))
  expect(await next(connection)).toBe(`one two${text}`)
  await connection.send(ReadableStream.from([bytes.slice(0, 100_001), bytes.slice(100_001)]), { length: bytes.length })
  expect(same(await next(connection), bytes)).toBe(true)
  expect(await connection.ping()).toBeGreaterThan(0)
  connection.close({ closeCode: 3000, reason: 'done' })
  expect(await connection.closed).toEqual({ closeCode: 3000, reason: 'done' })
})

test('with ws as our client, they do too', async () => {
  await using listener = await serve({ port: 0, hostname: '127.0.0.1', extensions: [deflate] }, echo)
  const socket = await wsClient(listener.url, { perMessageDeflate: { threshold: 0 } })
  expect(socket.extensions).toBe('permessage-deflate')
  const answers: unknown[] = []
  const all = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (answers.push(isBinary ? new Uint8Array(data) : data.toString()) === 3) resolve()
    })
  })
  for (const message of ['hello', text, bytes]) socket.send(message)
  await all
  expect(answers.map((answer, i) => same(answer, ['hello', text, bytes][i]!))).toEqual([true, true, true])
  socket.close(3001, 'bye')
  expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(3001)
})

test('with a peer who offers none, nothing is compressed', async () => {
  await using listener = await serve({ port: 0, hostname: '127.0.0.1', extensions: [deflate] }, echo)
  await using connection = await connect(listener.url)
  expect(connection.extensions).toBe('')
  await connection.send('hello')
  expect(await next(connection)).toBe('hello')
})

function same(got: unknown, wanted: string | Uint8Array): boolean {
  return typeof wanted === 'string' ? got === wanted : Buffer.compare(got as Uint8Array, wanted) === 0
}
