// Law: what we say is understood by others, and what they say by us.

import { connect, type Connection, serve } from '@wirestream/node'
import {
  chromium,
  makeCertificate,
  pythonClient,
  pythonServer,
  requirePeer,
  wsClient,
  wsServer,
} from '@wirestream/testing'
import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { echo, failure, leaveNothingOpen, next } from './support.ts'

const certificate = makeCertificate()
const big = new Uint8Array(3_000_000).map((_, i) => i * 7 % 251)

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

describe('the npm package ws', () => {
  leaveNothingOpen()

  describe('as our server', () => {
    test('echoes text, binary of 3 MB, and a stream in fragments', async () => {
      await using server = await wsServer((socket) => {
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
      }, { handleProtocols: () => 'echo' })
      await using connection = await connect(server.url, { protocols: ['echo'] })
      expect(connection.protocol).toBe('echo')
      await connection.send('grüße 😀')
      expect(await next(connection)).toBe('grüße 😀')
      await connection.send(big)
      expect(sameBytes(await next(connection) as Uint8Array, big)).toBe(true)
      await connection.send(ReadableStream.from(['one ', 'two']))
      expect(await next(connection)).toBe('one two')
      expect(await connection.ping()).toBeGreaterThan(0)
    })

    test('hears our close, and we hear it back', async () => {
      const closed: unknown[] = []
      await using server = await wsServer((socket) => {
        socket.on('close', (code, reason) => closed.push(code, String(reason)))
      })
      const connection = await connect(server.url)
      connection.close({ closeCode: 3005, reason: 'bye' })
      expect(await connection.closed).toEqual({ closeCode: 3005, reason: 'bye' })
      await vi.waitFor(() => expect(closed).toEqual([3005, 'bye']))
    })

    test('closes, with a code and without one', async () => {
      await using server = await wsServer((socket) =>
        socket.on('message', (data) => {
          if (String(data) === 'plain') socket.close()
          else socket.close(4000, String(data))
        })
      )
      const one = await connect(server.url)
      await one.send('plain')
      expect(await one.closed).toEqual({ closeCode: 1005, reason: '' })
      const two = await connect(server.url)
      await two.send('because')
      expect(await two.closed).toEqual({ closeCode: 4000, reason: 'because' })
    })

    test('that terminates is 1006', async () => {
      await using server = await wsServer((socket) => socket.on('message', () => socket.terminate()))
      const connection = await connect(server.url)
      await connection.send('go')
      expect(await failure(connection.closed)).toMatchObject({ closeCode: 1006 })
    })

    test('pings, and is answered', async () => {
      const pong = vi.fn()
      await using server = await wsServer((socket) => {
        socket.on('pong', (data) => pong(String(data)))
        socket.ping('are you there')
      })
      await using _ = await connect(server.url)
      await vi.waitFor(() => expect(pong).toHaveBeenCalledWith('are you there'))
    })
  })

  describe('as our client', () => {
    test.each(['ws', 'wss'])('over %s: text, binary, fragments, ping, close', async (scheme) => {
      const ends: Connection['closed'][] = []
      await using listener = await serve({
        protocols: ['echo'],
        ...scheme === 'wss' ? { tls: certificate } : {},
      }, (connection) => {
        ends.push(connection.closed)
        return echo(connection)
      })
      const client = await wsClient(listener.url, {
        ca: certificate.cert,
        protocols: ['echo'],
        perMessageDeflate: true,
      })
      expect(client.protocol).toBe('echo')
      const messages: [data: Buffer, isBinary: boolean][] = []
      client.on('message', (data, isBinary) => messages.push([data as Buffer, isBinary]))
      client.send('grüße 😀')
      client.send(big)
      client.send('one ', { fin: false })
      client.send('two')
      const pong = new Promise((resolve) => client.once('pong', (data) => resolve(String(data))))
      client.ping('hello?')
      expect(await pong).toBe('hello?')
      await vi.waitFor(() => expect(messages).toHaveLength(3))
      expect(messages.map(([data, isBinary]) => isBinary ? sameBytes(data, big) : String(data))).toEqual([
        'grüße 😀',
        true,
        'one two',
      ])
      const closed = new Promise((resolve) => client.once('close', (code, reason) => resolve([code, String(reason)])))
      client.close(3005, 'bye')
      expect(await closed).toEqual([3005, 'bye'])
      expect(await ends[0]).toEqual({ closeCode: 3005, reason: 'bye' })
    })

    test('hears our close', async () => {
      await using listener = await serve({}, (connection) => connection.close({ closeCode: 4001, reason: 'no room' }))
      const client = await wsClient(listener.url)
      const closed = await new Promise((resolve) =>
        client.once('close', (code, reason) => resolve([code, String(reason)]))
      )
      expect(closed).toEqual([4001, 'no room'])
    })

    test('is told when it breaks the protocol', async () => {
      await using listener = await serve({}, echo)
      const client = await wsClient(listener.url)
      const closed = new Promise((resolve) => client.once('close', (code) => resolve(code)))
      ;(client as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(Uint8Array.of(0x83, 0x80))
      expect(await closed).toBe(1002)
    })
  })
})

const python = requirePeer('python3-websockets')
describe.skipIf(!python)('Python’s websockets', () => {
  leaveNothingOpen()

  test('as our server: text, binary, fragments, ping, close', async () => {
    await using server = await pythonServer()
    const connection = await connect(server.url, { protocols: ['echo'] })
    expect(connection.protocol).toBe('echo')
    await connection.send('grüße 😀')
    expect(await next(connection)).toBe('grüße 😀')
    await connection.send(big)
    expect(sameBytes(await next(connection) as Uint8Array, big)).toBe(true)
    await connection.send(ReadableStream.from(['one ', 'two']))
    expect(await next(connection)).toBe('one two')
    expect(await connection.ping()).toBeGreaterThan(0)
    connection.close({ closeCode: 3005, reason: 'bye' })
    expect(await connection.closed).toEqual({ closeCode: 3005, reason: 'bye' })
    expect((await server.lines.next()).value).toBe('closed 3005 bye')
  })

  test('as our client: text, binary, fragments, ping, close', async () => {
    const ends: Connection['closed'][] = []
    await using listener = await serve({ protocols: ['echo'] }, (connection) => {
      ends.push(connection.closed)
      return echo(connection)
    })
    expect(await pythonClient(listener.url)).toEqual([
      'protocol echo',
      'text True',
      'binary True',
      'fragments True',
      'pong True',
      'closed 3001 done',
    ])
    expect(await ends[0]).toEqual({ closeCode: 3001, reason: 'done' })
  })
})

/** Runs in the page; gives what happened, in order. */
const nativeWebSocket = `async ([url, close]) => {
  const log = []
  const socket = new WebSocket(url, ['echo'])
  socket.binaryType = 'arraybuffer'
  const closed = new Promise((resolve) => socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean]))
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = () => reject(new Error('cannot open')) })
  log.push(socket.protocol)
  const next = () => new Promise((resolve) => socket.onmessage = ({ data }) => resolve(data))
  socket.send('gr\\u00fc\\u00dfe')
  log.push(await next())
  const sent = new Uint8Array(3_000_000).map((_, i) => i * 7 % 251)
  socket.send(sent)
  const got = new Uint8Array(await next())
  log.push(got.length === sent.length && got.every((byte, i) => byte === sent[i]))
  if (close === 'client') socket.close(3005, 'bye')
  else socket.send('close')
  log.push(...await closed)
  return log
}`

const nativeWebSocketStream = `async ([url, close]) => {
  const log = []
  const stream = new WebSocketStream(url, { protocols: ['echo'] })
  const { readable, writable, protocol } = await stream.opened
  log.push(protocol)
  const reader = readable.getReader(), writer = writable.getWriter()
  await writer.write('gr\\u00fc\\u00dfe')
  log.push((await reader.read()).value)
  const sent = new Uint8Array(3_000_000).map((_, i) => i * 7 % 251)
  await writer.write(sent)
  const got = new Uint8Array((await reader.read()).value)
  log.push(got.length === sent.length && got.every((byte, i) => byte === sent[i]))
  if (close === 'client') stream.close({ closeCode: 3005, reason: 'bye' })
  else await writer.write('close')
  const { closeCode, reason } = await stream.closed
  log.push(closeCode, reason, true)
  return log
}`

const browser = requirePeer('chromium')
describe.skipIf(!browser)('Chromium', () => {
  let chrome: Awaited<ReturnType<typeof chromium>>
  beforeAll(async () => void (chrome = await chromium()))
  afterAll(() => chrome?.[Symbol.asyncDispose]())

  describe.each([['WebSocket', nativeWebSocket], ['WebSocketStream', nativeWebSocketStream]])(
    'with its %s',
    (_, script) => {
      test.each([['ws', 'client'], ['ws', 'server'], ['wss', 'client'], ['wss', 'server']])(
        'over %s, closed by the %s',
        async (scheme, closer) => {
          const ends: Connection['closed'][] = []
          // The page comes from the same listener, so that the origin is our own.
          await using listener = await serve({
            protocols: ['echo'],
            onRequest: (_, response) =>
              void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html>'),
            ...scheme === 'wss' ? { tls: certificate } : {},
          }, async (connection) => {
            ends.push(connection.closed)
            for await (const message of connection.readable as unknown as AsyncIterable<string | Uint8Array>) {
              if (message === 'close') connection.close({ closeCode: 4002, reason: 'as you wish' })
              else await connection.send(message)
            }
          })
          const page = await chrome.open(listener.url.replace('ws', 'http'))
          const log = await page.evaluate(`(${script})(${JSON.stringify([listener.url, closer])})`)
          const [code, reason] = closer === 'client' ? [3005, 'bye'] : [4002, 'as you wish']
          expect(log).toEqual(['echo', 'grüße', true, code, reason, true])
          expect(await ends[0]).toEqual({ closeCode: code, reason })
          await page.close()
        },
      )
    },
  )

  test('a page of another origin is refused', async () => {
    const handler = vi.fn()
    await using page = await serve({
      onRequest: (_, response) => void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html>'),
    }, () => {})
    await using listener = await serve({}, handler)
    const open = await chrome.open(page.url.replace('ws', 'http'))
    await expect(open.evaluate(`(${nativeWebSocket})(${JSON.stringify([listener.url, 'client'])})`)).rejects.toThrow(
      'cannot open',
    )
    expect(handler).not.toHaveBeenCalled()
    await open.close()
  })
})
