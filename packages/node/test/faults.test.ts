// Law: whatever a peer does, or stops doing, each end comes in bounded time, with the right code, and leaves nothing open:
// no socket, no timer, no listener, no rejection that nobody handles (vitest fails the run for one).

import {
  connect,
  type Connection,
  type Environment,
  nodeEnvironment,
  serve,
  upgrade,
  WebSocketError,
} from '@wirestream/node'
import { portOf, rawConnect, rawServer } from '@wirestream/testing'
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectTcp, type Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { failure, frames, leaveNothingOpen, next, RawPeer, upgradeRequest, upgradeResponse } from './support.ts'

leaveNothingOpen()

/** Timers that are running, of all connections of a test. */
let timers = 0
const environment: Partial<Environment> = {
  startTimer(callback, ms) {
    let running = true
    const done = () => {
      if (running) timers--
      running = false
    }
    timers++
    const stop = nodeEnvironment.startTimer(() => {
      done()
      callback()
    }, ms)
    return () => {
      done()
      stop()
    }
  },
}
afterEach(() => vi.waitFor(() => expect(timers).toBe(0), { interval: 5 }))

const limits = { closeTimeout: 80 }
const options = { environment, limits }

/** A handler that keeps what it gets, and serves echoes. */
function keeper() {
  const ends: Promise<unknown>[] = []
  const handler = async (connection: Connection) => {
    ends.push(connection.closed.catch((error) => error))
    await connection.readable.pipeTo(connection.writable)
  }
  return { ends, handler }
}

async function openRaw(port: number): Promise<RawPeer> {
  const peer = new RawPeer(await rawConnect(port))
  peer.socket.write(upgradeRequest())
  await peer.head()
  return peer
}

/** A server that answers the upgrade and then does what the test says. */
async function rawWebSocketServer(act: (peer: RawPeer) => void) {
  const server = await rawServer(async (socket) => {
    const peer = new RawPeer(socket)
    const head = await peer.head()
    socket.write(upgradeResponse(head))
    act(peer)
  })
  return { ...server, url: `ws://127.0.0.1:${server.port}` }
}

describe('a reset at each byte', () => {
  const whole = Buffer.concat([
    Buffer.from(upgradeRequest()),
    frames('client', { opcode: 1, payload: Buffer.from('hello') }, { opcode: 9, payload: Buffer.from('?') }, {
      opcode: 2,
      payload: new Uint8Array(130),
    }),
  ])

  test('that a client sends: the server ends each connection, and hears nothing else', async () => {
    const opened: Socket[] = []
    const ends: Promise<unknown>[] = []
    const refused: unknown[] = []
    const server = createServer()
    server.on('connection', (socket) => opened.push(socket))
    server.on('upgrade', (request, socket, head) => {
      upgrade(request, socket, head, options).then(async (connection) => {
        ends.push(connection.closed.catch((error) => error))
        await connection.readable.pipeTo(connection.writable).catch(() => {})
      }, (error) => refused.push(error))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    for (let cut = 0; cut <= whole.length; cut++) {
      const socket = await rawConnect(portOf(server))
      socket.write(whole.subarray(0, cut))
      // A reset destroys what the other end has not read yet.
      await vi.waitFor(() => expect(opened[cut]?.bytesRead).toBe(cut), { interval: 1 })
      socket.resetAndDestroy()
    }
    await vi.waitFor(() => expect(opened.every(({ closed }) => closed)).toBe(true))
    expect(ends).toHaveLength(whole.length + 1 - upgradeRequest().length)
    for (const end of await Promise.all(ends)) expect(end).toMatchObject({ closeCode: 1006 })
    expect(refused).toEqual([])
    server.close()
    await once(server, 'close')
  })

  test('that a server sends: the client rejects, or its connection ends with 1006', async () => {
    const tail = frames('server', { opcode: 1, payload: Buffer.from('hello') }, {
      opcode: 8,
      payload: Buffer.of(3, 232),
    })
    const length = upgradeResponse('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n').length
    await inParallel(length + tail.length, async (cut) => {
      await using server = await rawServer(async (socket) => {
        const head = await new RawPeer(socket).head()
        const answer = Buffer.concat([Buffer.from(upgradeResponse(head)), tail]).subarray(0, cut)
        socket.write(answer, () => socket.resetAndDestroy())
      })
      const error = await failure(
        connect(`ws://127.0.0.1:${server.port}`, { environment }).then((connection) => connection.closed),
      )
      expect(error).toBeInstanceOf(WebSocketError)
      expect(error['closeCode']).toBe(1006)
    })
  })

  test('through a proxy, at each byte of the server’s answer and first frames, both ends are told', async () => {
    const { ends, handler } = keeper()
    await using listener = await serve(options, handler)
    await inParallel(140, async (cut) => {
      await using proxy = await rawServer((socket) => {
        const onward = connectTcp(listener.port, '127.0.0.1')
        onward.on('error', () => {})
        let passed = 0
        socket.on('data', (chunk) => onward.write(chunk))
        socket.on('close', () => onward.resetAndDestroy())
        onward.on('data', (chunk) => {
          socket.write(chunk.subarray(0, Math.max(0, cut - passed)), () => passed > cut && socket.resetAndDestroy())
          passed += chunk.length
        })
      })
      const error = await failure((async () => {
        const connection = await connect(`ws://127.0.0.1:${proxy.port}`, { environment })
        await connection.send('hello '.repeat(20))
        return await connection.closed
      })())
      expect(error).toMatchObject({ closeCode: 1006 })
    })
    for (const end of await Promise.all(ends)) expect(end).toMatchObject({ closeCode: 1006 })
  })
})

describe('an end without a Close frame', () => {
  test.each([0, 1, 2, 5, 7])('after %d bytes of a frame is 1006', async (cut) => {
    const { ends, handler } = keeper()
    await using listener = await serve(options, handler)
    const peer = await openRaw(listener.port)
    peer.socket.end(frames('client', { opcode: 1, payload: Buffer.from('hello') }).subarray(0, cut))
    await vi.waitFor(() => expect(ends).toHaveLength(1))
    expect(await ends[0]).toMatchObject({ closeCode: 1006, cause: { code: 'unexpected-end' } })
    await vi.waitFor(() => expect(peer.closed || peer.ended).toBe(true))
  })

  test('before the whole request: nobody hears of it', async () => {
    const onError = vi.fn()
    await using listener = await serve({ ...options, onError }, () => {})
    const peer = new RawPeer(await rawConnect(listener.port))
    peer.socket.end('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n')
    await vi.waitFor(() => expect(peer.ended).toBe(true))
    peer.socket.destroy()
    expect(onError).not.toHaveBeenCalled()
  })
})

describe('a peer that never answers Close', () => {
  test('is cut by the server after the close timeout: 1006', async () => {
    const ends: Promise<Error>[] = []
    await using listener = await serve(options, (connection) => {
      ends.push(failure(connection.closed))
      connection.close({ closeCode: 3000, reason: 'go' })
    })
    const peer = await openRaw(listener.port)
    expect(await ends[0]).toMatchObject({ closeCode: 1006 })
    expect(await peer.close('server')).toBe(3000)
    await vi.waitFor(() => expect(peer.ended || peer.closed).toBe(true))
    peer.socket.destroy()
  })

  test('is cut by the client, too', async () => {
    const peers: RawPeer[] = []
    await using server = await rawWebSocketServer((peer) => peers.push(peer))
    const connection = await connect(server.url, options)
    connection.close({ closeCode: 3000 })
    expect(await failure(connection.closed)).toMatchObject({ closeCode: 1006 })
    await vi.waitFor(() => expect(peers[0]!.ended || peers[0]!.closed).toBe(true))
  })

  test('but sends data without end: it is discarded, and cut in time', async () => {
    await using server = await rawWebSocketServer(({ socket }) => {
      const chunk = Buffer.concat([Buffer.of(0x82, 126, 0xff, 0xff), Buffer.alloc(65535)])
      const more = () => !socket.destroyed && socket.write(chunk, more)
      more()
    })
    const connection = await connect(server.url, options)
    await next(connection)
    connection.close()
    expect(await failure(connection.closed)).toMatchObject({ closeCode: 1006 })
  })
})

describe('a peer that closes', () => {
  test('but never ends TCP: the server has ended, and both are clean', async () => {
    const { ends, handler } = keeper()
    await using listener = await serve(options, handler)
    const peer = await openRaw(listener.port)
    peer.socket.write(frames('client', { opcode: 8, payload: Buffer.from('\x03\xe8bye', 'latin1') }))
    expect(await peer.close('server')).toBe(1000)
    await vi.waitFor(() => expect(peer.ended).toBe(true)) // the server ends first (RFC 6455 §7.1.1)
    expect(await ends[0]).toEqual({ closeCode: 1000, reason: 'bye' })
    await vi.waitFor(() => expect(listener.connections.size).toBe(0))
    peer.socket.destroy()
  })

  test('and never ends TCP as the server: the client ends it in time, clean', async () => {
    const peers: RawPeer[] = []
    await using server = await rawWebSocketServer((peer) => {
      peers.push(peer)
      peer.socket.write(frames('server', { opcode: 8, payload: Buffer.of(3, 232) }))
    })
    const connection = await connect(server.url, options)
    expect(await connection.closed).toEqual({ closeCode: 1000, reason: '' })
    expect(await peers[0]!.close('client')).toBe(1000)
    await vi.waitFor(() => expect(peers[0]!.ended || peers[0]!.closed).toBe(true))
  })

  test('and sends bytes after its Close: nothing of them is looked at', async () => {
    const seen: unknown[] = []
    const ends: Promise<unknown>[] = []
    await using listener = await serve(options, async (connection) => {
      ends.push(connection.closed)
      for await (const message of connection.readable as unknown as AsyncIterable<unknown>) seen.push(message)
    })
    const peer = await openRaw(listener.port)
    peer.socket.write(Buffer.concat([
      frames('client', { opcode: 1, payload: Buffer.from('last') }, { opcode: 8, payload: Buffer.of(3, 232) }),
      frames('client', { opcode: 1, payload: Buffer.from('late') }),
      Buffer.from('\xff\xff\xffgarbage', 'latin1'),
    ]))
    expect(await peer.close('server')).toBe(1000)
    expect(await ends[0]).toEqual({ closeCode: 1000, reason: '' })
    expect(seen).toEqual(['last'])
    peer.socket.destroy()
  })

  test('both at once: clean', async () => {
    await using server = await rawWebSocketServer((peer) => {
      peer.socket.write(frames('server', { opcode: 8, payload: Buffer.of(15, 160) }), () => peer.socket.end())
    })
    const connection = await connect(server.url, options)
    connection.close({ closeCode: 3000 })
    expect(await connection.closed).toEqual({ closeCode: 4000, reason: '' })
  })
})

describe('a peer that never reads', () => {
  test('holds up nobody for longer than the close timeout', async () => {
    const failures: Promise<Error>[] = []
    const ends: Promise<Error>[] = []
    await using listener = await serve(options, async (connection) => {
      ends.push(failure(connection.closed))
      const flood = (async () => {
        for (;;) await connection.send(new Uint8Array(1 << 20))
      })()
      failures.push(failure(flood))
      await vi.waitFor(() => expect(connection.stats().bytesWaiting).toBeGreaterThan(0))
      connection.close()
    })
    const socket = await rawConnect(listener.port)
    socket.write(upgradeRequest())
    await vi.waitFor(() => expect(ends).toHaveLength(1))
    expect(await ends[0]).toMatchObject({ closeCode: 1006 })
    await failures[0]
    socket.destroy()
  })

  test('and breaks the protocol: the connection still ends', async () => {
    const ends: Promise<Error>[] = []
    await using listener = await serve(options, (connection) => {
      ends.push(failure(connection.closed))
      connection.send(new Uint8Array(12 << 20)).catch(() => {})
    })
    const socket = await rawConnect(listener.port)
    socket.write(upgradeRequest())
    await vi.waitFor(() => expect(ends).toHaveLength(1))
    socket.write(Uint8Array.of(0xff, 0xff))
    expect(await ends[0]).toMatchObject({ closeCode: 1006, cause: { name: 'ProtocolError' } })
    socket.destroy()
  })

  test('pings without end: one pong waits', async () => {
    const connections: Connection[] = []
    await using listener = await serve(options, (connection) => void connections.push(connection))
    const socket = await rawConnect(listener.port)
    socket.write(upgradeRequest())
    await vi.waitFor(() => expect(connections).toHaveLength(1))
    const pings = frames(
      'client',
      ...Array.from({ length: 1000 }, () => ({ opcode: 9 as const, payload: Buffer.alloc(125) })),
    )
    for (let i = 0; i < 100; i++) await new Promise((resolve) => socket.write(pings, resolve))
    await vi.waitFor(() => expect(connections[0]!.stats().pingsReceived).toBe(100_000))
    expect(connections[0]!.stats().bytesWaiting).toBeLessThan(128 * 1024)
    socket.destroy()
    await failure(connections[0]!.closed)
  })
})

describe('garbage', () => {
  test.each([
    ['a frame without a mask', Uint8Array.of(0x81, 1, 65), 1002],
    ['an unknown opcode', Uint8Array.of(0x83, 0x80), 1002],
    ['a reserved bit', Uint8Array.of(0xc1, 0x80), 1002],
    ['a control frame of 126 bytes', Uint8Array.of(0x89, 0xfe), 1002],
    ['text that is not UTF-8', frames('client', { opcode: 1, payload: Uint8Array.of(0xff) }), 1007],
    ['a continuation of nothing', frames('client', { opcode: 0, payload: Uint8Array.of(1) }), 1002],
    ['a Close with a code that may not be', frames('client', { opcode: 8, payload: Uint8Array.of(3, 237) }), 1002],
    ['a message over the limit', Uint8Array.of(0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4), 1009],
  ])('%s: the peer is told why, and the connection ends', async (_, bytes, code) => {
    const { ends, handler } = keeper()
    await using listener = await serve(options, handler)
    const peer = await openRaw(listener.port)
    peer.socket.write(bytes)
    expect(await peer.close('server')).toBe(code)
    await vi.waitFor(() => expect(peer.ended).toBe(true))
    peer.socket.end()
    expect(await ends[0]).toMatchObject({ closeCode: 1006, cause: { name: 'ProtocolError', statusCode: code } })
  })

  test('from a server: the client says why and ends', async () => {
    const peers: RawPeer[] = []
    await using server = await rawWebSocketServer((peer) => {
      peers.push(peer)
      peer.socket.write(Uint8Array.of(0x81, 0x81, 1, 2, 3, 4, 5))
    })
    const connection = await connect(server.url, options)
    expect(await failure(connection.closed)).toMatchObject({ closeCode: 1006, cause: { code: 'unexpected-mask' } })
    expect(await peers[0]!.close('client')).toBe(1002)
  })

  test('in place of a request: a server answers as HTTP does, and ends', async () => {
    await using listener = await serve(options, () => {})
    const peer = new RawPeer(await rawConnect(listener.port))
    peer.socket.write('\x16\x03\x01\x02\x00\x01\x00')
    expect(await peer.head()).toMatch(/^HTTP\/1.1 400 /)
    await vi.waitFor(() => expect(peer.closed || peer.ended).toBe(true))
    peer.socket.destroy()
  })
})

test('a peer that goes silent is cut by keepalive: 1006', async () => {
  await using server = await rawWebSocketServer(() => {})
  const connection = await connect(server.url, { environment, keepAlive: { interval: 20, timeout: 20 } })
  expect(await failure(connection.closed)).toMatchObject({ closeCode: 1006 })
})

test('a handler that leaves its connection alone: the peer’s close still ends it', async () => {
  const ends: Promise<unknown>[] = []
  await using listener = await serve(options, (connection) => void ends.push(connection.closed))
  const connection = await connect(listener.url, options)
  connection.close({ closeCode: 3000, reason: '' })
  expect(await connection.closed).toEqual({ closeCode: 3000, reason: '' })
  expect(await ends[0]).toEqual({ closeCode: 3000, reason: '' })
})

test('300 connections, a third each closed, reset and aborted, leave nothing', async () => {
  const sockets: Socket[] = []
  const { ends, handler } = keeper()
  await using listener = await serve(options, handler)
  for (let i = 0; i < 300; i++) {
    if (i % 3 === 0) {
      const connection = await connect(listener.url, options)
      await connection.send('x')
      connection.close({ closeCode: 1000 })
      await connection.closed
    } else if (i % 3 === 1) {
      const peer = await openRaw(listener.port)
      sockets.push(peer.socket)
      peer.socket.resetAndDestroy()
    } else {
      const connection = await connect(listener.url, options)
      await connection.writable.abort(new Error('enough'))
      await connection.closed
    }
  }
  await Promise.all(ends)
  await vi.waitFor(() => expect(listener.connections.size).toBe(0))
  expect(timers).toBe(0)
})

/** Runs a case for each number below `count`, some at a time. */
async function inParallel(count: number, run: (i: number) => Promise<void>): Promise<void> {
  let at = 0
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (at < count) await run(at++)
  }))
}
