// Law: a client reaches whatever server there is, and whatever keeps it from that is said in time, as one error.

import {
  connect,
  type Dial,
  DialledSocket,
  dialSocket,
  serve,
  type TlsOptions,
  UpgradeError,
  WebSocketError,
} from '@wirestream/node'
import { makeCertificate, portOf, rawServer, socketPath } from '@wirestream/testing'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { echo, failure, leaveNothingOpen, next, RawPeer, upgradeResponse } from './support.ts'

leaveNothingOpen()
const certificate = makeCertificate()
const { cert: ca } = certificate

describe('an echo', () => {
  test('over ws: text, binary, a fragmented stream, a ping, a close', async () => {
    await using listener = await serve({}, echo)
    const connection = await connect(listener.url)
    await connection.send('grüße 😀')
    expect(await next(connection)).toBe('grüße 😀')
    await connection.send(Uint8Array.of(1, 2, 3))
    expect(await next(connection)).toEqual(Uint8Array.of(1, 2, 3))
    await connection.send(ReadableStream.from(['a', 'b', 'c']))
    expect(await next(connection)).toBe('abc')
    expect(await connection.ping()).toBeGreaterThan(0)
    connection.close({ closeCode: 3001, reason: 'done' })
    expect(await connection.closed).toEqual({ closeCode: 3001, reason: 'done' })
  })

  test('a megabyte comes back as an exact plain array', async () => {
    await using listener = await serve({}, echo)
    await using connection = await connect(listener.url)
    const sent = new Uint8Array(1 << 20).map((_, i) => i * 31)
    await connection.send(sent)
    const got = await next(connection) as Uint8Array
    expect(got.constructor).toBe(Uint8Array)
    expect(got.byteOffset).toBe(0)
    expect(got.buffer.byteLength).toBe(got.length)
    expect(got.length === sent.length && got.every((byte, i) => byte === sent[i])).toBe(true)
  })

  test('over wss, whose certificate is checked', async () => {
    await using listener = await serve({ tls: certificate }, echo)
    expect(listener.url).toMatch(/^wss:/)
    await using connection = await connect(listener.url, { ca })
    await connection.send('secret')
    expect(await next(connection)).toBe('secret')
  })

  test('over a Unix socket; the URL gives host and target', async () => {
    const unix = socketPath()
    const seen: unknown[] = []
    await using _ = await serve({ unix }, (connection, { target, headers, remoteAddress }) => {
      seen.push(target, headers[0], remoteAddress)
      return echo(connection)
    })
    await using connection = await connect('ws://inside.example/chat?x=1', { unix })
    await connection.send('hello')
    expect(await next(connection)).toBe('hello')
    expect(seen).toEqual(['/chat?x=1', ['Host', 'inside.example'], undefined])
  })

  test('with TLS over a Unix socket', async () => {
    const unix = socketPath()
    await using _ = await serve({ unix, tls: certificate }, echo)
    await using connection = await connect('wss://localhost/', { unix, ca })
    await connection.send('hello')
    expect(await next(connection)).toBe('hello')
  })

  test('http and https URLs are ws and wss', async () => {
    await using plain = await serve({}, echo)
    await using secure = await serve({ tls: certificate }, echo)
    await using one = await connect(plain.url.replace('ws:', 'http:'))
    await using two = await connect(secure.url.replace('wss:', 'https:'), { ca })
    await one.send('1')
    await two.send('2')
    expect([await next(one), await next(two)]).toEqual(['1', '2'])
  })
})

test('header fields arrive in their order and case', async () => {
  await using server = createServerThat((request, socket) => {
    raw.push(...request.rawHeaders)
    socket.destroy()
  })
  const raw: string[] = []
  await failure(connect(await server.listen(), {
    headers: [['X-One', '1'], ['x-two', '2'], ['X-ONE', '3'], ['hOsT', 'other.example']],
    origin: 'https://page.example',
    protocols: ['a', 'b'],
  }))
  const names = raw.filter((_, i) => i % 2 === 0)
  expect(names).toEqual([
    'hOsT',
    'Upgrade',
    'Connection',
    'Sec-WebSocket-Key',
    'Sec-WebSocket-Version',
    'Origin',
    'Sec-WebSocket-Protocol',
    'X-One',
    'x-two',
    'X-ONE',
  ])
  expect(raw[1]).toBe('other.example')
  expect(raw.slice(-7)).toEqual(['a, b', 'X-One', '1', 'x-two', '2', 'X-ONE', '3'])
})

test('TLS’s key is no Sec-WebSocket-Key', async () => {
  await using listener = await serve({ tls: { ...certificate, ca, requestCert: true } }, echo)
  await using connection = await connect(listener.url, { ca, ...certificate })
  await connection.send('known')
  expect(await next(connection)).toBe('known')
})

describe('a refusal', () => {
  test.each([200, 301, 401, 404, 500])('with %d rejects with status, header fields and body', async (status) => {
    await using server = createServerThat((_, socket) => {
      socket.end(`HTTP/1.1 ${status} So It Is\r\nX-Why: a\r\nX-WHY: b\r\nContent-Length: 4\r\n\r\nbody`)
    })
    const error = await failure(connect(await server.listen()))
    expect(error).toBeInstanceOf(UpgradeError)
    expect(error).toMatchObject({ status, headers: [['X-Why', 'a'], ['X-WHY', 'b'], ['Content-Length', '4']] })
    expect(new TextDecoder().decode(error['body'] as Uint8Array)).toBe('body')
  })

  test('by a plain HTTP server that knows no upgrade', async () => {
    const server = createServer((_, response) => response.writeHead(404).end('nothing here'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const error = await failure(connect(`ws://127.0.0.1:${portOf(server)}`))
    expect(error).toMatchObject({ name: 'WebSocketError', status: 404 })
    expect(new TextDecoder().decode(error['body'] as Uint8Array)).toContain('nothing here')
    server.close()
  })

  test('with a body without end: its first 64 KiB', async () => {
    await using server = createServerThat((_, socket) => {
      socket.on('error', () => {})
      socket.write('HTTP/1.1 503 Busy\r\n\r\n')
      socket.write('x'.repeat(100_000))
    })
    const error = await failure(connect(await server.listen()))
    expect(error).toMatchObject({ status: 503 })
    expect((error['body'] as Uint8Array).length).toBe(65536)
  })
})

describe('a wrong answer', () => {
  test.each([
    ['garbage', 'SSH-2.0-OpenSSH\r\n', 'malformed-head'],
    ['an end', '', 'unexpected-end'],
    [
      'a wrong accept',
      'HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
      'invalid-accept',
    ],
  ])('%s is a WebSocketError whose cause is the ProtocolError', async (_, answer, code) => {
    await using server = await rawServer((socket) => void socket.once('data', () => socket.end(answer)))
    const error = await failure(connect(`ws://127.0.0.1:${server.port}`))
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error.cause).toMatchObject({ name: 'ProtocolError', code })
  })

  test('a frame right behind the answer is the first message', async () => {
    await using server = await rawServer(async (socket) => {
      const peer = new RawPeer(socket)
      socket.write(upgradeResponse(await peer.head()) + '\x81\x05first', 'latin1')
    })
    const connection = await connect(`ws://127.0.0.1:${server.port}`)
    expect(await next(connection)).toBe('first')
    connection.close()
  })
})

describe('nobody there', () => {
  test('a refused connection says who refused it', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const port = portOf(server)
    server.close()
    await once(server, 'close')
    const error = await failure(connect(`ws://127.0.0.1:${port}/x`))
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error).toMatchObject({ closeCode: null, reason: '', cause: { code: 'ECONNREFUSED' } })
    expect(error.message).toBe(
      `Cannot open WebSocket: cannot connect to 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    )
  })

  test('a host without an address', async () => {
    const error = await failure(connect('ws://nowhere.invalid/'))
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error.message).toContain('cannot connect to nowhere.invalid:80')
    expect((error.cause as { code: string }).code).toMatch(/ENOTFOUND|EAI_AGAIN/)
  })

  test('a Unix socket that does not exist', async () => {
    const unix = socketPath()
    const error = await failure(connect('ws://localhost/', { unix }))
    expect(error.message).toContain(`cannot connect to ${unix}: connect ENOENT`)
  })

  test('every address of a name that refuses is told', async () => {
    const dial: Dial<TlsOptions> = () => Promise.reject(new AggregateError([new Error('one'), new Error('two')]))
    const error = await failure(connect('ws://localhost/', { dial }))
    expect(error.message).toBe('Cannot open WebSocket: cannot connect to localhost:80: one; two')
  })
})

describe('TLS', () => {
  test('a certificate of nobody known is refused', async () => {
    await using listener = await serve({ tls: certificate }, echo)
    const error = await failure(connect(listener.url))
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error.cause).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    expect(error.message).toContain('with TLS')
  })

  test('a certificate for another host is refused', async () => {
    const other = makeCertificate(['other.example'])
    await using listener = await serve({ tls: other }, echo)
    const error = await failure(connect(listener.url, { ca: other.cert }))
    expect(error.cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    await using connection = await connect(listener.url, { ca: other.cert, servername: 'other.example' })
    await connection.send('x')
    expect(await next(connection)).toBe('x')
  })

  test('an empty servername asks for nobody: the certificate must still have the host', async () => {
    for (const [names, fits] of [[['127.0.0.1'], true], [['localhost'], false]] as const) {
      const tls = makeCertificate([...names])
      await using listener = await serve({ tls, onError() {} }, echo)
      const attempt = connect(listener.url, { ca: tls.cert, servername: '' })
      if (fits) (await attempt).close()
      else expect((await failure(attempt)).cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    }
  })

  test('rejectUnauthorized: false takes any', async () => {
    await using listener = await serve({ tls: certificate }, echo)
    await using connection = await connect(listener.url, { rejectUnauthorized: false })
    expect(connection.protocol).toBe('')
  })

  test('a server without TLS', async () => {
    await using listener = await serve({}, echo)
    const error = await failure(connect(listener.url.replace('ws:', 'wss:')))
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error.message).toContain('with TLS')
  })
})

describe('giving up', () => {
  test('a signal that is aborted already: nothing is dialled', async () => {
    const dial = vi.fn()
    const reason = new Error('never')
    expect(await failure(connect('ws://localhost/', { dial, signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(dial).not.toHaveBeenCalled()
  })

  test('while dialling: the attempt is cut and its reason told', async () => {
    const control = new AbortController()
    let told: unknown
    const dial: Dial<TlsOptions> = (_, signal) => {
      signal.addEventListener('abort', () => told = signal.reason)
      queueMicrotask(() => control.abort('enough'))
      return new Promise(() => {})
    }
    await expect(connect('ws://localhost/', { dial, signal: control.signal })).rejects.toBe('enough')
    expect(told).toBe('enough')
  })

  test('while connecting a real socket: nothing stays open', async () => {
    await using server = await rawServer(() => {})
    const control = new AbortController()
    const dial: Dial<TlsOptions> = (target, signal) => {
      const dialled = dialSocket(target, signal)
      control.abort('enough')
      return dialled
    }
    await expect(connect(`ws://127.0.0.1:${server.port}`, { dial, signal: control.signal })).rejects.toBe('enough')
  })

  test.each(['ws', 'wss'])('during the handshake of %s: the socket is closed', async (scheme) => {
    const peers: RawPeer[] = []
    await using server = await rawServer((socket) => peers.push(new RawPeer(socket)))
    const control = new AbortController()
    const connecting = connect(`${scheme}://127.0.0.1:${server.port}`, { signal: control.signal })
    await vi.waitFor(() => expect(peers[0]?.rest.length).toBeGreaterThan(0))
    control.abort('enough')
    await expect(connecting).rejects.toBe('enough')
    await vi.waitFor(() => expect(peers[0]!.ended || peers[0]!.closed).toBe(true))
  })

  test('after opening: nothing', async () => {
    await using listener = await serve({}, echo)
    const control = new AbortController()
    await using connection = await connect(listener.url, { signal: control.signal })
    control.abort()
    await connection.send('still here')
    expect(await next(connection)).toBe('still here')
  })

  test.each(['ws', 'wss'])('a peer of %s that never answers: the handshake timeout', async (scheme) => {
    const peers: RawPeer[] = []
    await using server = await rawServer((socket) => peers.push(new RawPeer(socket)))
    const error = await failure(connect(`${scheme}://127.0.0.1:${server.port}`, { handshakeTimeout: 100 }))
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error.message).toContain('handshake timeout of 100 ms')
    await vi.waitFor(() => expect(peers[0]!.ended || peers[0]!.closed).toBe(true))
  })

  test('limits.handshakeTimeout is the same, and covers dialling', async () => {
    const dial: Dial<TlsOptions> = () => new Promise(() => {})
    const error = await failure(connect('ws://localhost/', { dial, limits: { handshakeTimeout: 50 } }))
    expect(error.message).toContain('handshake timeout of 50 ms')
  })
})

describe('options that cannot be used reject before anything is dialled', () => {
  test.each([
    ['a URL that is none', 'not a url', {}, 'SyntaxError'],
    ['another scheme', 'ftp://localhost/', {}, 'SyntaxError'],
    ['a fragment', 'ws://localhost/#x', {}, 'SyntaxError'],
    ['a subprotocol twice', 'ws://localhost/', { protocols: ['a', 'a'] }, 'SyntaxError'],
    ['a line break in a header field', 'ws://localhost/', { headers: { 'X-A': 'a\r\nB: c' } }, 'TypeError'],
    ['a limit out of range', 'ws://localhost/', { handshakeTimeout: -1 }, 'RangeError'],
  ])('%s', async (_, url, options, name) => {
    const dial = vi.fn()
    expect(await failure(connect(url, { ...options, dial }))).toMatchObject({ name })
    expect(dial).not.toHaveBeenCalled()
  })
})

describe('one connection at a time is opening to a host and port (RFC 6455 §4.1)', () => {
  test('the next one waits until the first is open', async () => {
    const log: string[] = []
    const sockets: RawPeer[] = []
    await using server = await rawServer((socket) => {
      log.push('dialled')
      sockets.push(new RawPeer(socket))
    })
    const open = () => connect(`ws://127.0.0.1:${server.port}`)
    const both = [open(), open()]
    both[0]!.then(() => log.push('open'), () => {})
    both[1]!.catch(() => {})
    await vi.waitFor(() => expect(sockets).toHaveLength(1))
    const head = await sockets[0]!.head()
    sockets[0]!.socket.write(upgradeResponse(head))
    await both[0]
    await vi.waitFor(() => expect(sockets).toHaveLength(2))
    sockets[1]!.socket.write(upgradeResponse(await sockets[1]!.head()))
    await both[1]
    expect(log).toEqual(['dialled', 'open', 'dialled'])
  })

  test('a failure lets the next one go on, one given up in the queue too; other ports do not wait', async () => {
    const log: string[] = []
    const rejects: ((error: Error) => void)[] = []
    const dial: Dial<TlsOptions> = ({ port }) => {
      log.push(`dial ${port}`)
      return new Promise((_, reject) => rejects.push(reject))
    }
    const control = new AbortController()
    const first = failure(connect('ws://localhost:1/', { dial }))
    const second = failure(connect('ws://localhost:1/', { dial, signal: control.signal }))
    const third = failure(connect('ws://localhost:1/', { dial }))
    const other = failure(connect('ws://localhost:2/', { dial }))
    await vi.waitFor(() => expect(log).toEqual(['dial 1', 'dial 2']))
    control.abort('enough')
    expect(await second).toBe('enough')
    expect(log).toEqual(['dial 1', 'dial 2'])
    for (const reject of rejects) reject(new Error('no'))
    await Promise.all([first, other])
    await vi.waitFor(() => expect(log).toEqual(['dial 1', 'dial 2', 'dial 1']))
    rejects[2]!(new Error('no'))
    expect((await third).message).toContain('no')
  })
})

test('a dial of one’s own can speak with a proxy before TLS', async () => {
  await using listener = await serve({ tls: certificate }, echo)
  await using proxy = await rawServer(async (socket) => {
    const peer = new RawPeer(socket)
    expect(await peer.head()).toMatch(/^CONNECT /)
    socket.removeAllListeners('data')
    const onward = (await import('node:net')).connect(listener.port, '127.0.0.1')
    onward.on('error', () => {})
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.pipe(onward).pipe(socket)
  })
  const dial: Dial<TlsOptions> = async ({ hostname, port }, signal) => {
    const socket = (await import('node:net')).connect(proxy.port, '127.0.0.1')
    const dialled = new DialledSocket(socket, hostname, signal)
    socket.write(`CONNECT ${hostname}:${port} HTTP/1.1\r\n\r\n`)
    await new Promise((resolve, reject) => socket.once('data', resolve).once('close', reject))
    socket.removeAllListeners('data')
    return dialled
  }
  await using connection = await connect(listener.url, { ca, dial })
  await connection.send('through')
  expect(await next(connection)).toBe('through')
})

test('TLS is told the options of TLS and no others: to node:tls some would mean another thing', async () => {
  const told: unknown[] = []
  const startTls = (options: TlsOptions) => {
    told.push(options)
    return Promise.reject(new Error('no'))
  }
  const bytes = () => expect.unreachable()
  const dial = () => Promise.resolve({ bytes, startTls })
  const { signal } = new AbortController()
  const foreign = { port: 1, host: 'other.example', timeout: 1, path: '/tmp' }
  const options = { dial, signal, ca, minVersion: 'TLSv1.3', checkServerIdentity: undefined, ...foreign } as const
  await failure(connect('wss://localhost/', options))
  expect(told).toStrictEqual([{ ca, minVersion: 'TLSv1.3' }])
})

test('nor by startTls, for a dial of one’s own that starts TLS by itself', async () => {
  await using listener = await serve({ tls: certificate }, echo)
  const control = new AbortController()
  const { signal } = control
  const dial: Dial<TlsOptions> = async (target, attempt) => {
    const dialled = await dialSocket(target, attempt) as DialledSocket
    const secured = await dialled.startTls({ ca, signal, checkServerIdentity: undefined } as TlsOptions)
    return { bytes: () => secured.bytes(), startTls: async () => {} }
  }
  await using connection = await connect(listener.url, { dial })
  control.abort()
  await connection.send('still there')
  expect(await next(connection)).toBe('still there')
})

/** An HTTP server whose upgrade requests go to `onUpgrade`. */
function createServerThat(onUpgrade: (request: import('node:http').IncomingMessage, socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer()
  server.on('upgrade', (request, socket) => onUpgrade(request, socket as Socket))
  server.on('connection', (socket: Socket) => sockets.add(socket))
  return {
    async listen(): Promise<string> {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return `ws://127.0.0.1:${portOf(server)}`
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
