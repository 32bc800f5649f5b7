// How things end: half-closed, reset, given up, shut down. Whatever it is, both sides learn it, in time, and nothing stays open.

import { type Connection, StatusCode, WebSocketError } from '@wirestream/codec'
import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { rawConnect, rawServer } from '../sockets.ts'
import type { Tests } from './adapter.ts'
import {
  acceptRaw,
  checkPattern,
  clientFrame,
  dialBytes,
  echo,
  failure,
  gone,
  later,
  MiB,
  over,
  pattern,
  pending,
  readHead,
  REQUEST,
  serverFrame,
  standstill,
  type Transport,
  until,
  urlOf,
} from './support.ts'

/** Byte streams over a plain socket, with a raw peer. */
export const byteStreamTests: Tests = {
  async 'bytes: the peer’s FIN closes readable, and writing goes on'(adapter) {
    const got: Uint8Array[] = []
    await using server = await rawServer((socket) => {
      socket.on('data', (chunk) => got.push(chunk))
      socket.end('bye')
    })
    const { readable, writable } = await dialBytes(adapter, server.port)
    assert.equal(await new Response(readable).text(), 'bye')
    const writer = writable.getWriter()
    await writer.write(pattern(0, 3))
    await writer.close()
    await until(() => got.length > 0)
    assert.deepEqual([...got[0]!], [...pattern(0, 3)])
  },

  async 'bytes: closing writable sends a FIN behind all that was written, and reading goes on'(adapter) {
    await using server = await rawServer((socket) => {
      let length = 0
      socket.on('data', (chunk) => length += chunk.length).on('end', () => socket.end(`got ${length}`))
    })
    const { readable, writable } = await dialBytes(adapter, server.port)
    const writer = writable.getWriter()
    void writer.write(new Uint8Array(8 * MiB))
    await writer.close()
    assert.equal(await new Response(readable).text(), `got ${8 * MiB}`)
  },

  async 'bytes: a write that the system takes in parts arrives whole and in order'(adapter) {
    const length = 32 * MiB
    const whole = new Uint8Array(length)
    for (let at = 0; at < length; at += 65521) whole.set(pattern(at, Math.min(65521, length - at)), at)
    let arrived = 0
    await using server = await rawServer((socket) => {
      socket.on('data', (chunk) => {
        checkPattern(chunk, arrived)
        arrived += chunk.length
      }).on('end', () => socket.end())
    })
    const { readable, writable } = await dialBytes(adapter, server.port)
    const writer = writable.getWriter()
    await writer.write(whole)
    await writer.close()
    await readable.cancel()
    await until(() => arrived === length)
  },

  async 'bytes: a chunk stays what it is after more has come'(adapter) {
    await using server = await rawServer((socket) => {
      let sent = 0
      const send = (): void => {
        if (sent === 100) return void socket.end()
        socket.write(pattern(1000 * sent++, 1000), () => setTimeout(send, 1))
      }
      send()
    })
    const { readable, writable } = await dialBytes(adapter, server.port)
    const chunks: Uint8Array[] = []
    for await (const chunk of readable) chunks.push(chunk)
    let at = 0
    for (const chunk of chunks) {
      assert.equal(chunk.constructor, Uint8Array)
      checkPattern(chunk, at)
      at += chunk.length
    }
    assert.equal(at, 100_000)
    await writable.close()
  },

  async 'bytes: a reset fails both streams'(adapter) {
    const sockets: Socket[] = []
    await using server = await rawServer((socket) => void sockets.push(socket))
    const { readable, writable } = await dialBytes(adapter, server.port)
    const read = failure(readable.getReader().read())
    await until(() => sockets.length > 0)
    sockets[0]!.resetAndDestroy()
    await read
    await failure(writable.getWriter().closed)
  },

  async 'bytes: aborting writable closes at once, though a write is stuck'(adapter) {
    const sockets: Socket[] = []
    await using server = await rawServer((socket) => void sockets.push(socket.pause()))
    const { readable, writable } = await dialBytes(adapter, server.port)
    const writer = writable.getWriter()
    const stuck = failure(writer.write(new Uint8Array(64 * MiB)))
    await until(() => sockets.length > 0)
    const closed = gone(sockets[0]!)
    void writer.abort(new Error('enough'))
    await stuck
    await failure(readable.getReader().read())
    sockets[0]!.resume()
    await closed
  },

  async 'bytes: cancelling readable lets the peer send to its end, and what we wrote arrives'(adapter) {
    let got = ''
    let ended = false
    await using server = await rawServer((socket) => {
      socket.on('data', (chunk) => got += String(chunk)).on('end', () => ended = true)
      socket.end(new Uint8Array(8 * MiB))
    })
    const { readable, writable } = await dialBytes(adapter, server.port)
    await readable.cancel()
    const writer = writable.getWriter()
    await writer.write(new TextEncoder().encode('last words'))
    await writer.close()
    await until(() => ended)
    assert.equal(got, 'last words')
  },

  async 'bytes: a peer that never ends is left, two seconds after both of ours have'(adapter) {
    const sockets: Socket[] = []
    await using server = await rawServer((socket) => void sockets.push(socket.resume()))
    const { readable, writable } = await dialBytes(adapter, server.port)
    await readable.cancel()
    await writable.close()
    await until(() => sockets.length > 0)
    // The next write meets a closed socket, which answers with a reset.
    const closed = new Promise((resolve) => sockets[0]!.once('close', resolve))
    const writing = setInterval(() => sockets[0]!.write('x'), 50)
    await closed
    clearInterval(writing)
  },

  async 'bytes: while nobody reads, the peer waits'(adapter) {
    let sent = 0
    await using server = await rawServer((socket) => {
      const send = (): void => {
        if (sent < 64 * MiB) socket.write(pattern(sent, 65521), send)
        sent += 65521
      }
      send()
    })
    const { readable, writable } = await dialBytes(adapter, server.port)
    const stopped = await standstill(() => sent)
    assert.ok(stopped < 32 * MiB, `${stopped} bytes came and nobody read`)
    let got = 0
    for await (const chunk of readable) {
      checkPattern(chunk, got)
      got += chunk.length
      if (got >= 16 * MiB) break
    }
    await writable.abort()
  },
}

/** Ends of connections over a transport, with both ends ours. */
export function closingTests(transport: Transport): Tests {
  return {
    async 'either end closes, and both know the code and reason'({ serve, connect }) {
      const { server, client } = over(transport)
      const ends: unknown[] = []
      await using listener = await serve(server, async (connection) => {
        for await (const message of connection.readable) {
          if (message === 'close') connection.close({ closeCode: 3002, reason: 'as you wish' })
        }
        ends.push(await connection.closed)
      })
      const first = await connect(urlOf(listener), client)
      await first.send('close')
      assert.deepEqual(await first.closed, { closeCode: 3002, reason: 'as you wish' })
      const second = await connect(urlOf(listener), client)
      second.close({ closeCode: 3003, reason: 'my turn' })
      assert.deepEqual(await second.closed, { closeCode: 3003, reason: 'my turn' })
      await until(() => ends.length === 2)
      assert.deepEqual(ends, [{ closeCode: 3002, reason: 'as you wish' }, { closeCode: 3003, reason: 'my turn' }])
    },

    async 'closing the listener sends 1001 to all, takes no more, and leaves nothing open'({ serve, connect }) {
      const { server, client } = over(transport)
      const before = await standstill(openSockets) // those of earlier tests may be closing still
      const listener = await serve(server, echo)
      const connections = []
      for (let i = 0; i < 10; i++) connections.push(await connect(urlOf(listener), client))
      assert.equal(listener.connections.size, 10)
      const closing = listener.close()
      assert.equal(listener.close(), closing)
      for (const { closed } of connections) assert.deepEqual(await closed, { closeCode: 1001, reason: '' })
      await closing
      assert.equal(listener.connections.size, 0)
      const error = await failure(connect(urlOf(listener), client))
      assert.ok(error instanceof WebSocketError, String(error))
      await until(() => openSockets() <= before)
    },

    async 'a signal that is aborted when the connection is open does nothing'({ serve, connect }) {
      const { server, client } = over(transport)
      await using listener = await serve(server, echo)
      const control = new AbortController()
      await using connection = await connect(urlOf(listener), { ...client, signal: control.signal })
      control.abort()
      await connection.send('still there')
      assert.equal((await connection.readable.getReader().read()).value, 'still there')
    },
  }
}

/** Ends of connections with a raw peer, and of attempts. */
export const endTests: Tests = {
  async 'a server that ends without a Close frame is an unclean end: 1006'({ connect }) {
    await using server = await rawServer(async (socket) => {
      await acceptRaw(socket)
      socket.end()
    })
    const connection = await connect(`ws://127.0.0.1:${server.port}`)
    const error = await failure(connection.closed)
    assert.ok(error instanceof WebSocketError)
    assert.equal(error.closeCode, 1006)
  },

  async 'a server that resets is an unclean end, with the system’s error as the cause'({ connect }) {
    await using server = await rawServer(async (socket) => {
      await acceptRaw(socket)
      await later(20)
      socket.resetAndDestroy()
    })
    const connection = await connect(`ws://127.0.0.1:${server.port}`)
    const read = failure(connection.readable.getReader().read())
    const error = await failure(connection.closed)
    assert.ok(error instanceof WebSocketError)
    assert.equal(error.closeCode, 1006)
    assert.ok(error.cause instanceof Error)
    assert.equal(await read, error)
    assert.equal(await failure(connection.send('x')), error)
  },

  async 'a server that resets during the TLS handshake: the system’s error is the cause'({ connect }) {
    await using server = await rawServer((socket) => void socket.once('data', () => socket.resetAndDestroy()))
    const error = await failure(connect(`wss://localhost:${server.port}`))
    assert.ok(error instanceof WebSocketError)
    assert.equal((error.cause as { code?: unknown }).code, 'ECONNRESET')
  },

  async 'an attempt with a TLS name that can be none leaves no socket open'({ connect }) {
    const sockets: Socket[] = []
    await using server = await rawServer((socket) => void sockets.push(socket.resume()))
    const options = { servername: 'not a name', handshakeTimeout: 200 }
    const error = await failure(connect(`wss://localhost:${server.port}`, options))
    assert.ok(error instanceof WebSocketError)
    await until(() => sockets[0]!.destroyed || sockets[0]!.readableEnded)
  },

  async 'a client that resets ends its connection, and no other'({ serve, connect }) {
    const errors: unknown[] = []
    let lost: Error | undefined
    await using listener = await serve({ onError: (error) => errors.push(error) }, async (connection) => {
      connection.closed.catch((error: Error) => lost = error)
      await echo(connection)
    })
    const socket = await rawConnect(listener.port)
    socket.write(REQUEST)
    await readHead(socket)
    await using other = await connect(listener.url)
    socket.resetAndDestroy()
    await until(() => lost !== undefined)
    assert.ok(lost instanceof WebSocketError)
    await other.send('still there')
    assert.equal((await other.readable.getReader().read()).value, 'still there')
    assert.deepEqual(errors, [])
  },

  async 'what the system has taken arrives, though the peer ended without a Close frame'({ serve }) {
    let server: Connection | undefined
    await using listener = await serve({}, async (connection) => {
      server = connection
      for (let i = 0; i < 8; i++) await connection.send(new Uint8Array(65_532)) // 64 KiB with its header
    })
    const socket = await rawConnect(listener.port)
    socket.write(REQUEST)
    await readHead(socket)
    await until(() => server?.stats().bytesSent === 8 * 65_536 && server.stats().bytesWaiting === 0)
    socket.end()
    await failure(server!.closed)
    let length = 0
    for await (const chunk of socket) length += (chunk as Uint8Array).length
    assert.equal(length, 8 * 65_536)
  },

  async 'frames in one packet with the upgrade are not lost, in either direction'({ serve, connect }) {
    await using listener = await serve({}, echo)
    const socket = await rawConnect(listener.port)
    socket.write(new Uint8Array([...new TextEncoder().encode(REQUEST), ...clientFrame(1, 'early')]))
    await readHead(socket)
    await until(() => socket.readableLength >= 7)
    assert.deepEqual([...socket.read() as Uint8Array], [...serverFrame(1, 'early')])
    socket.destroy()

    await using server = await rawServer((socket) => void acceptRaw(socket, serverFrame(1, 'first')))
    const connection = await connect(`ws://127.0.0.1:${server.port}`)
    assert.equal((await connection.readable.getReader().read()).value, 'first')
  },

  async 'a request that drips byte by byte is read'({ serve }) {
    await using listener = await serve({}, echo)
    const socket = await rawConnect(listener.port)
    socket.setNoDelay(true)
    for (const letter of REQUEST) {
      socket.write(letter)
      await later(0)
    }
    assert.match(await readHead(socket), /^HTTP\/1.1 101 /)
    socket.destroy()
  },

  async 'a signal that is aborted already: nothing is dialled'({ connect }) {
    let dialled = 0
    await using server = await rawServer(() => void dialled++)
    const reason = new Error('never mind')
    assert.equal(await failure(connect(`ws://127.0.0.1:${server.port}`, { signal: AbortSignal.abort(reason) })), reason)
    assert.equal(dialled, 0)
  },

  async 'aborting while a transport is dialled rejects at once, with the reason'({ connect }) {
    const control = new AbortController()
    let given: AbortSignal | undefined
    const connecting = connect('ws://127.0.0.1:9', {
      signal: control.signal,
      dial: (_, signal) => {
        given = signal
        return new Promise(() => {})
      },
    })
    const failed = failure(connecting)
    await until(() => given !== undefined)
    const reason = new Error('enough')
    control.abort(reason)
    assert.equal(await failed, reason)
    assert.equal(given!.aborted, true)
  },

  async 'aborting while the server is silent closes the socket'({ connect }) {
    const sockets: Socket[] = []
    await using server = await rawServer((socket) => void sockets.push(socket.resume()))
    const control = new AbortController()
    const failed = failure(connect(`ws://127.0.0.1:${server.port}`, { signal: control.signal }))
    await until(() => sockets.length > 0)
    const ended = gone(sockets[0]!)
    const reason = new Error('enough')
    control.abort(reason)
    assert.equal(await failed, reason)
    await ended
  },

  async 'a server that never answers is given up in time, and its socket closed'({ connect }) {
    const sockets: Socket[] = []
    await using server = await rawServer((socket) => void sockets.push(socket.resume()))
    const error = await failure(connect(`ws://127.0.0.1:${server.port}`, { handshakeTimeout: 100 }))
    assert.ok(error instanceof WebSocketError)
    assert.match(error.message, /100 ms/)
    await until(() => sockets[0]!.destroyed || sockets[0]!.readableEnded)
  },

  async 'a client that never asks is dropped in time'({ serve }) {
    await using listener = await serve({ limits: { handshakeTimeout: 100 } }, echo)
    const socket = (await rawConnect(listener.port)).resume()
    socket.write('GET / HTTP/1.1\r\n')
    await gone(socket)
    socket.destroy()
  },

  async 'a client that does not close is cut when the listener’s time is over'({ serve }) {
    const listener = await serve({}, echo)
    const socket = await rawConnect(listener.port)
    socket.write(REQUEST)
    await readHead(socket)
    await until(() => listener.connections.size === 1)
    const closed = listener.close({ timeout: 100 })
    socket.resume()
    await closed
    assert.equal(listener.connections.size, 0)
    await gone(socket)
    socket.destroy()
  },

  async 'a signal closes the listener, and await using does'({ serve, connect }) {
    const control = new AbortController()
    const first = await serve({ signal: control.signal }, echo)
    const connection = await connect(first.url)
    control.abort()
    assert.equal((await connection.closed).closeCode, StatusCode.GoingAway)
    await first.close()
    let url: string
    {
      await using second = await serve({}, echo)
      url = second.url
    }
    await failure(connect(url))
    const reason = new Error('no')
    assert.equal(await failure(serve({ signal: AbortSignal.abort(reason) }, echo)), reason)
  },

  async 'a handler that throws closes with 1011, and onError hears of it'({ serve, connect }) {
    const heard: unknown[] = []
    const fault = new Error('handler')
    const onError = (error: unknown, { where }: { where: string }): unknown => heard.push(error, where)
    await using listener = await serve({ onError }, () => {
      throw fault
    })
    const connection = await connect(listener.url)
    assert.deepEqual(await connection.closed, { closeCode: 1011, reason: '' })
    assert.deepEqual(heard, [fault, 'handler'])
  },

  async 'two hundred connections, a third each closed, reset and aborted, leave no socket open'({ serve, connect }) {
    const before = await standstill(openSockets)
    {
      await using listener = await serve({ onError() {} }, echo)
      for (let i = 0; i < 200; i++) {
        if (i % 3 === 0) {
          const connection = await connect(listener.url)
          connection.close()
          await connection.closed
        } else if (i % 3 === 1) {
          const socket = await rawConnect(listener.port)
          socket.write(REQUEST)
          await readHead(socket)
          socket.resetAndDestroy()
        } else {
          const control = new AbortController()
          const connecting = connect(listener.url, { signal: control.signal }).catch(() => {})
          setTimeout(() => control.abort(), i % 4)
          const connection = await connecting
          connection?.close()
        }
      }
    }
    await until(() => openSockets() <= before)
  },

  async 'only one connection to a host and port is opened at a time (RFC 6455 §4.1)'({ connect }) {
    const sockets: Socket[] = []
    await using server = await rawServer((socket) => void sockets.push(socket))
    const url = `ws://127.0.0.1:${server.port}`
    const first = connect(url)
    const second = connect(url)
    await until(() => sockets.length === 1)
    assert.ok(await pending(second))
    assert.equal(sockets.length, 1)
    await acceptRaw(sockets[0]!)
    const one = await first
    await until(() => sockets.length === 2)
    await acceptRaw(sockets[1]!)
    const two = await second
    for (const [i, connection] of [one, two].entries()) {
      sockets[i]!.resetAndDestroy()
      await failure(connection.closed)
    }
  },
}

/** How many sockets this process has open; where the system does not tell, none. */
function openSockets(): number {
  const folder = '/proc/self/fd'
  let sockets = 0
  for (const name of listing(folder)) {
    try {
      if (readlinkSync(`${folder}/${name}`).startsWith('socket:')) sockets++
    } catch {
      // It was closed since.
    }
  }
  return sockets
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
