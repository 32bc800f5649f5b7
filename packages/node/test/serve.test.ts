// Law: a server lets in whom its policy lets in, hands each connection to its handler, and ends in bounded time.

import {
  type AcceptDecision,
  connect,
  type Connection,
  serve,
  type ServeErrorContext,
  UpgradeError,
  type UpgradeRequest,
  WebSocketError,
} from '@wirestream/node'
import { makeCertificate, rawConnect, rawServer, socketPath } from '@wirestream/testing'
import { Buffer } from 'node:buffer'
import { existsSync } from 'node:fs'
import { get, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { echo, failure, leaveNothingOpen, next, RawPeer, rawPeer, upgradeRequest } from './support.ts'

leaveNothingOpen()
afterEach(() => void vi.restoreAllMocks())
const certificate = makeCertificate()

describe('listening', () => {
  test('on loopback and a free port unless told', async () => {
    await using listener = await serve({}, echo)
    expect(listener.hostname).toBe('127.0.0.1')
    expect(listener.port).toBeGreaterThan(0)
    expect(listener.url).toBe(`ws://127.0.0.1:${listener.port}`)
    expect(listener.connections.size).toBe(0)
  })

  test('on all addresses: the URL names one that can be dialled', async () => {
    await using listener = await serve({ hostname: '0.0.0.0' }, echo)
    expect(listener.hostname).toBe('0.0.0.0')
    await using connection = await connect(listener.url)
    expect(connection.protocol).toBe('')
  })

  test('on a Unix socket, which is gone afterwards', async () => {
    const unix = socketPath()
    const listener = await serve({ unix }, echo)
    expect(listener).toMatchObject({ url: `ws+unix:${unix}`, hostname: '', port: 0 })
    expect(existsSync(unix)).toBe(true)
    await listener.close()
    expect(existsSync(unix)).toBe(false)
  })

  test('on a port in use rejects with the system’s error as the cause', async () => {
    await using listener = await serve({}, echo)
    const error = await failure(serve({ port: listener.port }, echo))
    expect(error.message).toContain(`127.0.0.1:${listener.port}`)
    expect(error.cause).toMatchObject({ code: 'EADDRINUSE' })
  })

  test.each([
    ['a port out of range', { port: 70_000 }, 'RangeError'],
    ['a certificate that is none', { tls: { cert: 'x', key: 'y' } }, 'Error'],
  ])('with %s rejects', async (_, options, name) => {
    expect((await failure(serve(options, echo))).constructor.name).toMatch(new RegExp(name))
  })

  test('without a handler is a TypeError', async () => {
    await expect((async () => await serve({}, undefined as never))()).rejects.toThrow(TypeError)
  })
})

describe('what the handler gets', () => {
  test('the request: target, header fields as sent, protocols, origin, address, TLS', async () => {
    const requests: UpgradeRequest[] = []
    await using listener = await serve(
      { tls: certificate, allowedOrigins: 'all' },
      (_, request) => void requests.push(request),
    )
    await using _ = await connect(`${listener.url}/chat?room=1`, {
      ca: certificate.cert,
      headers: [['X-Case', 'kept'], ['X-Case', 'twice']],
      origin: 'https://page.example',
      protocols: ['a', 'b'],
    })
    await vi.waitFor(() => expect(requests).toHaveLength(1))
    const [{ headers, ...rest }] = requests as [UpgradeRequest]
    expect(rest).toEqual({
      method: 'GET',
      target: '/chat?room=1',
      httpVersion: '1.1',
      protocols: ['a', 'b'],
      origin: 'https://page.example',
      remoteAddress: '127.0.0.1',
      secure: true,
    })
    expect(headers.slice(-2)).toEqual([['X-Case', 'kept'], ['X-Case', 'twice']])
    expect(headers[0]).toEqual(['Host', `127.0.0.1:${listener.port}`])
  })

  test('the client’s most preferred of the protocols spoken here', async () => {
    await using listener = await serve({ protocols: ['v1', 'v2'] }, echo)
    await using connection = await connect(listener.url, { protocols: ['v3', 'v2', 'v1'] })
    expect(connection.protocol).toBe('v2')
    await using none = await connect(listener.url, { protocols: ['v4'] })
    expect(none.protocol).toBe('')
  })

  test('its connection is listed until it has ended', async () => {
    await using listener = await serve({}, () => {})
    const connection = await connect(listener.url)
    await vi.waitFor(() => expect(listener.connections.size).toBe(1))
    connection.close()
    await connection.closed
    await vi.waitFor(() => expect(listener.connections.size).toBe(0))
  })

  test('header fields of our own are in the answer', async () => {
    await using listener = await serve({ headers: { 'Set-Cookie': 'a=b' } }, echo)
    const peer = new RawPeer(await rawConnect(listener.port))
    peer.socket.write(upgradeRequest())
    expect(await peer.head()).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n[^]*\r\nSet-Cookie: a=b\r\n\r\n$/)
    peer.socket.destroy()
  })

  test('bytes that came with the request are its first message', async () => {
    const got: unknown[] = []
    await using listener = await serve({}, async (connection) => void got.push(await next(connection)))
    const peer = new RawPeer(await rawConnect(listener.port))
    peer.socket.write(Buffer.concat([Buffer.from(upgradeRequest()), maskedText('early')]))
    await vi.waitFor(() => expect(got).toEqual(['early']))
    peer.socket.destroy()
  })
})

describe('the origin', () => {
  const origin = (listener: { url: string }) => listener.url.replace('ws', 'http')

  test('must be our own unless told; none at all is no browser', async () => {
    await using listener = await serve({}, echo)
    await using _ = await connect(listener.url)
    await using __ = await connect(listener.url, { origin: origin(listener) })
    for (const foreign of ['http://evil.example', 'null', origin(listener).replace('http', 'https')]) {
      expect(await failure(connect(listener.url, { origin: foreign }))).toMatchObject({ status: 403 })
    }
  })

  test('over TLS is https', async () => {
    await using listener = await serve({ tls: certificate }, echo)
    const ca = certificate.cert
    await using _ = await connect(listener.url, { ca, origin: origin(listener) })
    const plain = origin(listener).replace('https', 'http')
    expect(await failure(connect(listener.url, { ca, origin: plain }))).toMatchObject({ status: 403 })
  })

  test('behind a proxy that speaks TLS is https too, if we are told', async () => {
    await using listener = await serve({ secure: true }, echo)
    await using _ = await connect(listener.url, { origin: origin(listener).replace('http', 'https') })
  })

  test('any with "all", those of a list with a list', async () => {
    await using all = await serve({ allowedOrigins: 'all' }, echo)
    await using _ = await connect(all.url, { origin: 'http://evil.example' })
    await using list = await serve({ allowedOrigins: ['https://app.example'] }, echo)
    await using __ = await connect(list.url, { origin: 'https://app.example' })
    expect(await failure(connect(list.url, { origin: origin(list) }))).toMatchObject({ status: 403 })
  })
})

describe('the accept hook', () => {
  const refusals: [string, AcceptDecision | Promise<AcceptDecision>, number, string][] = [
    ['false', false, 403, 'Forbidden\n'],
    ['a status with a body', { status: 401, body: 'who?', headers: { 'WWW-Authenticate': 'Basic' } }, 401, 'who?'],
    ['bytes later', Promise.resolve({ status: 503, body: Uint8Array.of(98, 121, 101) }), 503, 'bye'],
    ['a redirect', Promise.resolve({ status: 302, headers: { Location: '/there' } }), 302, ''],
    ['200', { status: 200, body: 'a page' }, 200, 'a page'],
  ]
  test.each(refusals)('refuses with %s', async (_, decision, status, body) => {
    const handler = vi.fn()
    await using listener = await serve({ accept: () => decision }, handler)
    const error = await failure(connect(listener.url))
    expect(error).toBeInstanceOf(UpgradeError)
    expect(error).toMatchObject({ status })
    expect(new TextDecoder().decode(error['body'] as Uint8Array)).toBe(body)
    expect(handler).not.toHaveBeenCalled()
  })

  test.each([undefined, true, Promise.resolve(), Promise.resolve(true)])('accepts with %s', async (decision) => {
    await using listener = await serve({ accept: () => decision }, echo)
    await using connection = await connect(listener.url)
    expect(connection.protocol).toBe('')
  })

  test('sees the request, and decides by it', async () => {
    const accept = ({ target, remoteAddress }: UpgradeRequest) => target === '/in' && remoteAddress === '127.0.0.1'
    await using listener = await serve({ accept }, echo)
    await using _ = await connect(`${listener.url}/in`)
    expect(await failure(connect(`${listener.url}/out`))).toMatchObject({ status: 403 })
  })

  test('that throws is answered with 500 and told to onError', async () => {
    const errors: [unknown, ServeErrorContext][] = []
    const wrong = new Error('wrong')
    const accept = () => Promise.reject(wrong)
    await using listener = await serve({ accept, onError: (...all) => errors.push(all) }, echo)
    expect(await failure(connect(listener.url))).toMatchObject({ status: 500 })
    expect(errors).toEqual([[wrong, { where: 'upgrade', request: expect.objectContaining({ target: '/' }) }]])
  })

  test('that never answers ends with the handshake timeout', async () => {
    const accept = () => new Promise<boolean>(() => {})
    await using listener = await serve({ accept, limits: { handshakeTimeout: 50 } }, echo)
    const error = await failure(connect(listener.url))
    expect(error).toBeInstanceOf(WebSocketError)
  })
})

describe('a handler that fails', () => {
  test.each([
    ['throws', () => {
      throw new Error('mine')
    }],
    ['rejects', () => Promise.reject(new Error('mine'))],
    ['rejects later', async (connection: Connection) => {
      await next(connection)
      throw new Error('mine')
    }],
  ])('and %s: the connection closes with 1011, and onError hears of it', async (_, handler) => {
    const errors: [unknown, ServeErrorContext][] = []
    await using listener = await serve({ onError: (...all) => errors.push(all) }, handler)
    const connection = await connect(listener.url)
    await connection.send('x').catch(() => {})
    expect(await connection.closed).toEqual({ closeCode: 1011, reason: '' })
    expect(errors).toHaveLength(1)
    expect(errors[0]![0]).toEqual(new Error('mine'))
    expect(errors[0]![1]).toMatchObject({ where: 'handler', request: { target: '/' } })
    expect(errors[0]![1].connection).toBeDefined()
  })

  test('because its connection ended: nobody hears of it', async () => {
    const onError = vi.fn()
    const ends: string[] = []
    await using listener = await serve({ onError }, async (connection) => {
      try {
        for (;;) {
          await connection.send('more')
          await connection.ping()
        }
      } catch (error) {
        ends.push((error as Error).name)
        throw error
      }
    })
    const clean = await connect(listener.url)
    clean.close()
    await clean.closed
    const peer = new RawPeer(await rawConnect(listener.port))
    peer.socket.write(upgradeRequest())
    await peer.head()
    peer.socket.resetAndDestroy()
    await vi.waitFor(() => expect(ends).toHaveLength(2))
    expect(onError).not.toHaveBeenCalled()
  })

  test('without onError: the console tells', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    await using listener = await serve({}, () => Promise.reject(new Error('mine')))
    const connection = await connect(listener.url)
    await connection.closed
    expect(log).toHaveBeenCalledWith(expect.any(String), new Error('mine'))
  })

  test.each([
    ['throws', () => {
      throw new Error('worse')
    }],
    ['rejects', () => Promise.reject(new Error('worse'))],
  ])('and an onError that %s: the console tells, and the server goes on', async (_, onError) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    await using listener = await serve({ onError }, () => Promise.reject(new Error('mine')))
    for (let i = 0; i < 2; i++) expect(await (await connect(listener.url)).closed).toMatchObject({ closeCode: 1011 })
    expect(log).toHaveBeenCalledWith(expect.any(String), new Error('worse'))
  })
})

describe('plain HTTP', () => {
  test('gets 426 unless told', async () => {
    await using listener = await serve({}, echo)
    const { status, headers, body } = await fetchPlain(`${listener.url.replace('ws', 'http')}/page`)
    expect([status, headers['upgrade'], body]).toEqual([426, 'websocket', expect.stringContaining('WebSocket')])
  })

  test('goes to onRequest, beside connections', async () => {
    await using listener = await serve({
      onRequest: (request, response) => void response.end(`this is ${request.url}`),
    }, echo)
    await using connection = await connect(listener.url)
    expect((await fetchPlain(`${listener.url.replace('ws', 'http')}/page`)).body).toBe('this is /page')
    await connection.send('x')
    expect(await next(connection)).toBe('x')
  })

  test('whose handler throws gets 500, and onError hears of it', async () => {
    const errors: [unknown, ServeErrorContext][] = []
    await using listener = await serve({
      onRequest: () => Promise.reject(new Error('mine')),
      onError: (...all) => errors.push(all),
    }, echo)
    expect(await fetchPlain(listener.url.replace('ws', 'http'))).toMatchObject({ status: 500 })
    expect(errors).toEqual([[new Error('mine'), { where: 'request' }]])
  })
})

test('a request whose handler throws in the middle of a head gets a 500 without it', async () => {
  await using listener = await serve({
    onRequest(_, response) {
      response.setHeader('Content-Length', 5).setHeader('Content-Encoding', 'gzip').setHeader('Set-Cookie', 'x=1')
      throw new Error('mine')
    },
    onError: () => {},
  }, echo)
  const { status, headers, body } = await fetchPlain(listener.url.replace('ws', 'http'))
  expect([status, body]).toEqual([500, 'Internal Server Error\n'])
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['content-encoding']))
  expect(headers['set-cookie']).toBeUndefined()
})

test('a request whose handler leaves a reason that cannot be sent gets a 500 with its own, and onError hears of it', async () => {
  const errors: [unknown, ServeErrorContext][] = []
  await using listener = await serve({
    onRequest(_, response) {
      response.statusMessage = 'Zażółć'
      response.end('page')
    },
    onError: (...all) => errors.push(all),
  }, echo)
  const { status, statusMessage, body } = await fetchPlain(listener.url.replace('ws', 'http'))
  expect([status, statusMessage, body]).toEqual([500, 'Internal Server Error', 'Internal Server Error\n'])
  expect(errors).toEqual([[expect.objectContaining({ code: 'ERR_INVALID_CHAR' }), { where: 'request' }]])
})

test('a request that cannot even be answered with 500 is cut, and onError hears what its handler threw', async () => {
  const errors: unknown[] = []
  await using listener = await serve({
    onRequest(_, response) {
      response.writeHead = () => {
        throw new Error('no head')
      }
      throw new Error('mine')
    },
    onError: (error) => errors.push(error),
  }, echo)
  expect(await failure(fetchPlain(listener.url.replace('ws', 'http')))).toMatchObject({ code: 'ECONNRESET' })
  expect(errors).toEqual([new Error('mine')])
})

describe('a request that is not for us', () => {
  const offer =
    'GET /page HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n'

  test('an upgrade to another protocol is a plain request', async () => {
    await using listener = await serve({
      onRequest: (request, response) => void response.end(`this is ${request.url}`),
    }, echo)
    const peer = new RawPeer(await rawConnect(listener.port))
    peer.socket.write(offer)
    expect(await peer.head()).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*Connection: close\r\n/)
    await vi.waitFor(() => expect(peer.ended).toBe(true))
    expect(String(peer.rest)).toContain('this is /page')
    peer.socket.destroy()
  })

  test.each(['Content-Length: 5\r\n\r\nabcde', 'Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n'])(
    'and its body is read: %j',
    async (rest) => {
      const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
        let body = ''
        for await (const chunk of request) body += chunk
        response.end(`${request.method} ${request.url} with ${body}`)
      }
      for (const tls of [undefined, certificate]) {
        for (const cut of [0, 3, rest.length]) {
          await using listener = await serve({ onRequest, tls }, echo)
          const peer = await rawPeer(listener, tls)
          peer.socket.write(offer.replace('GET', 'POST').slice(0, -2) + rest.slice(0, -cut || undefined))
          await new Promise((resolve) => setTimeout(resolve, 20))
          if (cut > 0) peer.socket.write(rest.slice(-cut))
          await vi.waitFor(() => expect(peer.ended).toBe(true))
          expect(String(peer.rest)).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*Connection: close\r\n[^]*POST \/page with abcde$/)
          peer.socket.destroy()
        }
      }
    },
  )

  test.each(['Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n'])(
    'and its client is told to go on with the body, where it waits for that: %j',
    async (field) => {
      const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
        let body = ''
        for await (const chunk of request) body += chunk
        response.end(`got ${body}`)
      }
      for (const tls of [undefined, certificate]) {
        await using listener = await serve({ onRequest, tls }, echo)
        const peer = await rawPeer(listener, tls)
        peer.socket.write(`${offer.replace('GET', 'POST').slice(0, -2)}Expect: 100-continue\r\n${field}\r\n`)
        expect(await peer.head()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
        peer.socket.write(field.startsWith('C') ? 'abcde' : '5\r\nabcde\r\n0\r\n\r\n')
        await vi.waitFor(() => expect(peer.ended).toBe(true))
        expect(String(peer.rest)).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*got abcde$/)
        peer.socket.destroy()
      }
    },
  )

  test('and what else it expects is refused', async () => {
    await using listener = await serve({ onRequest: () => expect.unreachable() }, echo)
    const peer = new RawPeer(await rawConnect(listener.port))
    peer.socket.write(`${offer.slice(0, -2)}Expect: more\r\n\r\n`)
    await vi.waitFor(() => expect(peer.ended).toBe(true))
    expect(String(peer.rest).match(/HTTP\/1.1 .*/g)).toEqual(['HTTP/1.1 417 Expectation Failed'])
    peer.socket.destroy()
  })

  const body = 'Content-Length: 500\r\n\r\nab'
  test.each([
    ['another protocol', offer],
    ['WebSocket', upgradeRequest()],
    ['another protocol, with a body that is not all there,', offer.slice(0, -2) + body],
    ['WebSocket, with such a body,', upgradeRequest().slice(0, -2) + body],
  ])(
    'an upgrade to %s behind a request that is not answered yet mixes with no response and harms nobody',
    async (_, request) => {
      const seen: string[] = []
      await using listener = await serve({
        onRequest: async ({ url }, response) => {
          seen.push(url!)
          await new Promise((resolve) => setTimeout(resolve, 20))
          response.end(`this is ${url}`)
        },
      }, () => void seen.push('connection'))
      const peer = new RawPeer(await rawConnect(listener.port))
      const plain = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
      peer.socket.write(plain('/one') + plain('/two') + request + plain('/late'))
      await vi.waitFor(() => expect(peer.ended).toBe(true))
      expect(String(peer.rest).match(/HTTP\/1.1 .*|this is .*?(?=HTTP|$)/g)?.map((line) => line.trim())).toEqual([
        'HTTP/1.1 200 OK',
        'this is /one',
        'HTTP/1.1 200 OK',
        'this is /two',
      ])
      expect(seen).toEqual(['/one', '/two'])
      peer.socket.destroy()
    },
  )

  test('nor behind one that is answered at once', async () => {
    await using listener = await serve({}, echo)
    const peer = new RawPeer(await rawConnect(listener.port))
    peer.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n' + offer)
    await vi.waitFor(() => expect(peer.ended).toBe(true))
    expect(String(peer.rest).match(/HTTP\/1.1 .*/g)).toEqual(['HTTP/1.1 426 Upgrade Required'])
    peer.socket.destroy()
  })

  test('an upgrade to WebSocket on a connection that has had its answer is one', async () => {
    await using listener = await serve({ onRequest: (_, response) => void response.end('page') }, echo)
    const peer = new RawPeer(await rawConnect(listener.port))
    peer.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await vi.waitFor(() => expect(String(peer.rest)).toMatch(/page$/))
    peer.socket.write(upgradeRequest())
    await vi.waitFor(() => expect(String(peer.rest)).toContain('HTTP/1.1 101 '))
    peer.socket.destroy()
  })

  test('and its peer may vanish', async () => {
    await using listener = await serve({ onRequest: () => {} }, echo)
    const peer = new RawPeer(await rawConnect(listener.port))
    peer.socket.write(offer)
    await new Promise((resolve) => setTimeout(resolve, 20))
    peer.socket.resetAndDestroy()
    await listener.close({ timeout: 1000 })
  })

  test.each(['', 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: web'])(
    '%j and then silence ends with the handshake timeout',
    async (start) => {
      await using listener = await serve({ limits: { handshakeTimeout: 40, headSize: undefined } }, echo)
      const peer = new RawPeer(await rawConnect(listener.port))
      if (start !== '') peer.socket.write(start)
      await vi.waitFor(() => expect(peer.ended).toBe(true), { timeout: 5000 })
      peer.socket.destroy()
    },
  )
})

test('more header fields than the limit are refused, not dropped (security.md, row 5)', async () => {
  await using listener = await serve({ limits: { headCount: 6 } }, echo)
  const peer = new RawPeer(await rawConnect(listener.port))
  peer.socket.write(upgradeRequest({ extra: 'X-A: 1\r\nX-B: 2\r\n' }))
  expect(await peer.head()).toMatch(/^HTTP\/1.1 431 /)
  peer.socket.destroy()
  const fits = new RawPeer(await rawConnect(listener.port))
  fits.socket.write(upgradeRequest({ extra: 'X-A: 1\r\n' }))
  expect(await fits.head()).toMatch(/^HTTP\/1.1 101 /)
  fits.socket.destroy()
})

test.each([65536, Infinity])('a limit above what Node keeps by itself holds: %d', async (headSize) => {
  await using listener = await serve({ limits: { headCount: 3000, headSize } }, echo)
  const peer = new RawPeer(await rawConnect(listener.port))
  const many = Array.from({ length: 2500 }, (_, i) => `X-${i}: ${i}\r\n`).join('')
  peer.socket.write(upgradeRequest().replace('Host', `${many}Host`))
  expect(await peer.head()).toMatch(/^HTTP\/1.1 101 /)
  peer.socket.destroy()
})

test('a head over the limit is refused', async () => {
  await using listener = await serve({ limits: { headSize: 1000 } }, echo)
  const peer = new RawPeer(await rawConnect(listener.port))
  peer.socket.write(upgradeRequest({ extra: `X-A: ${'a'.repeat(1000)}\r\n` }))
  expect(await peer.head()).toMatch(/^HTTP\/1.1 431 /)
  peer.socket.destroy()
})

test('a client that never finishes its TLS handshake is dropped in time, however slowly it speaks', async () => {
  await using listener = await serve({ tls: certificate, limits: { handshakeTimeout: 100 } }, echo)
  const hello = Buffer.concat([Buffer.of(22, 3, 1, 2, 0, 1, 0, 1, 252), Buffer.alloc(508)]) // of which all but the last byte may come
  const silent = (await rawConnect(listener.port)).resume()
  const slow = (await rawConnect(listener.port)).resume()
  let sent = 0
  const dripping = setInterval(() => slow.write(hello.subarray(sent, ++sent)), 10)
  await Promise.all(
    [silent, slow].map((socket) => new Promise((resolve) => socket.once('end', resolve).once('close', resolve))),
  )
  clearInterval(dripping)
  for (const socket of [silent, slow]) socket.destroy()
})

describe('closing', () => {
  test('every connection is closed with 1001, and nobody gets in any more', async () => {
    const listener = await serve({}, echo)
    const connections = [await connect(listener.url), await connect(listener.url)]
    await listener.close()
    for (const { closed } of connections) expect(await closed).toEqual({ closeCode: 1001, reason: '' })
    expect(listener.connections.size).toBe(0)
    expect((await failure(connect(listener.url))).cause).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('what was sent before still arrives', async () => {
    const listener = await serve({}, async (connection) => {
      await connection.send('a'.repeat(300_000))
      void listener.close()
    })
    const connection = await connect(listener.url)
    expect((await next(connection) as string).length).toBe(300_000)
    expect(await connection.closed).toEqual({ closeCode: 1001, reason: '' })
    await listener.close()
  })

  test.each(['ws', 'wss'])('a peer of %s that never answers is cut after the timeout', async (scheme) => {
    const listener = await serve(scheme === 'ws' ? {} : { tls: certificate }, () => {})
    const socket = scheme === 'ws'
      ? await rawConnect(listener.port)
      : connectTls({ port: listener.port, ca: certificate.cert })
    const peer = new RawPeer(socket)
    peer.socket.write(upgradeRequest())
    await peer.head()
    await vi.waitFor(() => expect(listener.connections.size).toBe(1))
    const [connection] = listener.connections
    await listener.close({ timeout: 50 })
    expect(await peer.close('server')).toBe(1001)
    expect(await failure(connection!.closed)).toMatchObject({ closeCode: 1006 })
    await vi.waitFor(() => expect(peer.ended || peer.closed).toBe(true))
    peer.socket.destroy()
  })

  test('sockets in the middle of a request, or of nothing, are cut after the timeout', async () => {
    const listener = await serve({ onRequest: () => {} }, () => {})
    const idle = new RawPeer(await rawConnect(listener.port))
    const half = new RawPeer(await rawConnect(listener.port))
    half.socket.write('GET / HTTP/1.1\r\nHost:')
    const waiting = new RawPeer(await rawConnect(listener.port))
    waiting.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    await listener.close({ timeout: 50 })
    for (const peer of [idle, half, waiting]) {
      await vi.waitFor(() => expect(peer.ended || peer.closed).toBe(true))
      peer.socket.destroy()
    }
  })

  test('an upgrade under way is given up', async () => {
    const onError = vi.fn()
    const listener = await serve({ accept: () => new Promise<boolean>(() => {}), onError }, echo)
    const connecting = failure(connect(listener.url))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await listener.close()
    expect(await connecting).toBeInstanceOf(WebSocketError)
    expect(onError).not.toHaveBeenCalled()
  })

  test('twice is once, and await using is close', async () => {
    let connection: Connection
    {
      await using listener = await serve({}, echo)
      connection = await connect(listener.url)
      expect(listener.close()).toBe(listener.close())
    }
    expect(await connection.closed).toEqual({ closeCode: 1001, reason: '' })
  })

  test('by a signal', async () => {
    const control = new AbortController()
    const listener = await serve({ signal: control.signal }, echo)
    const connection = await connect(listener.url)
    control.abort()
    expect(await connection.closed).toEqual({ closeCode: 1001, reason: '' })
    await listener.close()
  })

  test('by a signal that is aborted already: nothing listens', async () => {
    const reason = new Error('never')
    expect(await failure(serve({ signal: AbortSignal.abort(reason) }, echo))).toBe(reason)
    const control = new AbortController()
    const serving = serve({ signal: control.signal }, echo)
    control.abort(reason)
    expect(await failure(serving)).toBe(reason)
  })
})

test('a refused request does not keep its socket', async () => {
  await using listener = await serve({}, echo)
  const peer = new RawPeer(await rawConnect(listener.port))
  peer.socket.write(upgradeRequest().replace('Version: 13', 'Version: 8'))
  expect(await peer.head()).toMatch(/^HTTP\/1.1 426 [^]*Sec-WebSocket-Version: 13\r\n/)
  await vi.waitFor(() => expect(peer.ended).toBe(true))
  peer.socket.end()
  await vi.waitFor(() => expect(peer.closed).toBe(true))
})

test('a proxy between client and server that cuts the connection: 1006 at both ends', async () => {
  const ends: Promise<unknown>[] = []
  await using listener = await serve({}, (connection) => void ends.push(failure(connection.closed)))
  const { connect: connectTcp } = await import('node:net')
  await using proxy = await rawServer((socket) => {
    const onward = connectTcp(listener.port, '127.0.0.1')
    onward.on('error', () => {})
    socket.pipe(onward).pipe(socket)
    setTimeout(() => {
      socket.resetAndDestroy()
      onward.resetAndDestroy()
    }, 50)
  })
  const connection = await connect(`ws://127.0.0.1:${proxy.port}`)
  expect(await failure(connection.closed)).toMatchObject({ closeCode: 1006, cause: { code: 'ECONNRESET' } })
  expect(await ends[0]).toMatchObject({ closeCode: 1006, cause: { code: 'ECONNRESET' } })
})

function maskedText(text: string): Buffer {
  return Buffer.concat([Buffer.of(0x81, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)])
}

function fetchPlain(
  url: string,
): Promise<{ status?: number; statusMessage?: string; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, async (response) => {
      let body = ''
      for await (const chunk of response) body += chunk
      const { statusCode: status, statusMessage, headers } = response
      resolve({ status: status!, statusMessage: statusMessage!, headers, body })
    }).on('error', reject)
  })
}
