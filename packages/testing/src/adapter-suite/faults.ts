// What keeps two ends from meeting: certificates, addresses, refusals. One clear error each, of one class in every runtime.

import { UpgradeError, WebSocketError } from '@wirestream/codec'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { makeCertificate } from '../certificate.ts'
import { rawConnect, rawServer, socketPath } from '../sockets.ts'
import type { RawAdapter, Tests } from './adapter.ts'
import { echo, failure, gone, readHead, REQUEST, until } from './support.ts'

/** What `connect` and `serve` say when they cannot. */
export const faultTests: Tests = {
  async 'TLS: a certificate for the host by a trusted authority is taken, for a name and for an address'(
    { serve, connect },
  ) {
    const tls = makeCertificate(['localhost', '127.0.0.1'])
    await using listener = await serve({ tls }, echo)
    assert.match(listener.url, /^wss:\/\/127\.0\.0\.1:\d+/)
    for (const url of [listener.url, `wss://localhost:${listener.port}/`]) {
      await using connection = await connect(url, { ca: tls.cert })
      await connection.send('secret')
      assert.equal((await connection.readable.getReader().read()).value, 'secret')
    }
  },

  async 'TLS: servername is asked for in place of the URL’s host'({ serve, connect }) {
    for (const [name, other] of [['inside.example', 'other.example'], ['192.0.2.1', '192.0.2.2']] as const) {
      const tls = makeCertificate([name])
      await using listener = await serve({ tls, onError() {} }, echo)
      await using _ = await connect(listener.url, { ca: tls.cert, servername: name })
      assert.match((await failure(connect(listener.url, { ca: tls.cert, servername: other }))).message, / with TLS: /)
    }
  },

  async 'an empty path of a Unix socket, which is none'({ serve, connect }) {
    for (const attempt of [serve({ unix: '' }, echo), connect('ws://localhost/', { unix: '' })]) {
      const error = await failure(attempt)
      assert.ok(error instanceof TypeError, String(error))
      assert.match(error.message, /: unix must be a path, got an empty string$/)
    }
  },

  async 'TLS: a certificate for another host is refused, and the server does not mind'({ serve, connect }) {
    const tls = makeCertificate(['other.example'])
    const errors: unknown[] = []
    await using listener = await serve({ tls, onError: (error) => errors.push(error) }, echo)
    const error = await failure(connect(`wss://localhost:${listener.port}/`, { ca: tls.cert }))
    assert.ok(error instanceof WebSocketError)
    assert.match(error.message, /^Cannot open WebSocket: cannot connect to localhost:\d+ with TLS: .*other\.example/)
    assert.ok(error.cause instanceof Error)
    assert.deepEqual(errors, [])
  },

  async 'TLS: a certificate by an unknown authority is refused'({ serve, connect }) {
    const [tls, other] = [makeCertificate(), makeCertificate()]
    await using listener = await serve({ tls }, echo)
    for (const options of [{}, { ca: other.cert }]) {
      const error = await failure(connect(`wss://localhost:${listener.port}/`, options))
      assert.ok(error instanceof WebSocketError)
      assert.match(error.message, / with TLS: /)
    }
  },

  async 'TLS: a server that speaks none, and a client that speaks none'({ serve, connect }) {
    await using plain = await serve({ onError() {} }, echo)
    const error = await failure(connect(`wss://localhost:${plain.port}/`, { handshakeTimeout: 1000 }))
    assert.ok(error instanceof WebSocketError)
    await using secure = await serve({ tls: makeCertificate(), onError() {} }, echo)
    assert.ok(
      await failure(connect(`ws://localhost:${secure.port}/`, { handshakeTimeout: 1000 })) instanceof WebSocketError,
    )
  },

  async 'TLS: a certificate that is none, and a key of another one'({ serve }) {
    const [one, two] = [makeCertificate(), makeCertificate()]
    for (const tls of [{ cert: 'none', key: 'none' }, { cert: one.cert, key: two.key }]) {
      const error = await failure(serve({ tls }, echo))
      assert.ok(error instanceof WebSocketError, String(error))
      assert.match(error.message, /^Cannot serve WebSocket: cannot listen on 127\.0\.0\.1:0: ./)
      assert.ok(error.cause instanceof Error)
    }
  },

  async 'a Unix socket: the URL gives host and target of the request'({ serve, connect }) {
    const unix = socketPath()
    const seen: unknown[] = []
    await using listener = await serve({ unix }, (connection, { target, headers, secure }) => {
      seen.push(target, headers[0], secure)
      return echo(connection)
    })
    assert.equal(listener.url, `ws+unix:${unix}`)
    assert.deepEqual([listener.hostname, listener.port], ['', 0])
    await using connection = await connect('ws://inside.example/chat?x=1', { unix })
    await connection.send('hello')
    assert.equal((await connection.readable.getReader().read()).value, 'hello')
    assert.deepEqual(seen, ['/chat?x=1', ['Host', 'inside.example'], false])
  },

  async 'an address in use'({ serve }) {
    await using listener = await serve({}, echo)
    const error = await failure(serve({ port: listener.port }, echo))
    assert.ok(error instanceof WebSocketError)
    assert.match(
      error.message,
      new RegExp(`^Cannot serve WebSocket: cannot listen on 127\\.0\\.0\\.1:${listener.port}: .`),
    )
    assert.equal((error.cause as { code?: string }).code, 'EADDRINUSE')
  },

  async 'a hostname that is empty or none, which to some systems is every address'({ serve }) {
    for (const [hostname, seen] of [['', 'an empty string'], [null as never, 'null'], [0 as never, '0']] as const) {
      const error = await failure(serve({ hostname }, echo))
      assert.ok(error instanceof TypeError, String(error))
      assert.equal(error.message, `Cannot serve: hostname must be an address or a name, got ${seen}`)
    }
  },

  async 'a program that sets tls to null or false serves without it'({ serve, connect }) {
    for (const tls of [null as never, false as never]) {
      let secure: boolean | undefined
      await using listener = await serve({ tls }, (connection, request) => {
        secure = request.secure
        return echo(connection)
      })
      assert.match(listener.url, /^ws:/)
      await using connection = await connect(listener.url)
      await connection.send('plain')
      assert.equal((await connection.readable.getReader().read()).value, 'plain')
      assert.equal(secure, false)
    }
  },

  async 'a Unix path in use, by a socket and by a file'({ serve }) {
    const unix = socketPath()
    await using _ = await serve({ unix }, echo)
    const file = socketPath()
    writeFileSync(file, '')
    for (const path of [unix, file]) {
      const error = await failure(serve({ unix: path }, echo))
      assert.ok(error instanceof WebSocketError)
      assert.ok(error.message.includes(path), error.message)
    }
  },

  async 'nobody listens: at a port, at a Unix path, behind a name that is none'({ connect }) {
    const { port } = await (async () => {
      await using server = await rawServer(() => {})
      return server
    })()
    const unix = socketPath()
    const attempts: [url: string, options: { unix?: string }, named: string][] = [
      [`ws://127.0.0.1:${port}/`, {}, `127.0.0.1:${port}`],
      ['ws://localhost/', { unix }, unix],
      ['ws://none.invalid/', {}, 'none.invalid:80'],
    ]
    for (const [url, options, named] of attempts) {
      const error = await failure(connect(url, options))
      assert.ok(error instanceof WebSocketError)
      assert.ok(error.message.startsWith(`Cannot open WebSocket: cannot connect to ${named}: `), error.message)
      assert.ok(error.cause instanceof Error)
    }
  },

  async 'a refusal is an UpgradeError with status, header fields and body'({ serve, connect }) {
    await using listener = await serve({
      accept: () => ({ status: 401, headers: [['WWW-Authenticate', 'Basic']], body: 'who are you?' }),
    }, echo)
    const error = await failure(connect(listener.url))
    assert.ok(error instanceof UpgradeError)
    assert.equal(error.status, 401)
    assert.ok(error.headers.some(([name, value]) => name === 'WWW-Authenticate' && value === 'Basic'))
    assert.equal(new TextDecoder().decode(error.body), 'who are you?')
  },

  async 'a refusal whose body is late is one still, with what of it came in time'({ connect }) {
    await using server = await rawServer((socket) => {
      socket.on('error', () => {}).once(
        'data',
        () => socket.write('HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nbecause'),
      )
    })
    const error = await failure(connect(`ws://127.0.0.1:${server.port}`, { handshakeTimeout: 200 }))
    assert.ok(error instanceof UpgradeError)
    assert.equal(error.status, 403)
    assert.equal(new TextDecoder().decode(error.body), 'because')
  },

  async 'the accept hook sees the request; what it throws is a 500 and goes to onError'({ serve, connect }) {
    const heard: unknown[] = []
    const fault = new Error('hook')
    await using listener = await serve({
      onError: (error, { where }) => heard.push(error, where),
      accept({ method, target, protocols, remoteAddress, secure, httpVersion, headers }) {
        heard.push(
          method,
          target,
          protocols,
          remoteAddress,
          secure,
          httpVersion,
          headers.find(([name]) => name === 'X-Test'),
        )
        throw fault
      },
    }, echo)
    const options = { protocols: ['a', 'b'], headers: [['X-Test', 'Yes']] as const }
    const error = await failure(connect(`${listener.url}/chat?x=1`, options))
    assert.ok(error instanceof UpgradeError)
    assert.equal(error.status, 500)
    const request = ['GET', '/chat?x=1', ['a', 'b'], '127.0.0.1', false, '1.1', ['X-Test', 'Yes']]
    await until(() => heard.length > request.length)
    assert.deepEqual(heard, [...request, fault, 'upgrade'])
  },

  async 'a subprotocol is chosen, and both ends know it'({ serve, connect }) {
    let chosen = ''
    await using listener = await serve({ protocols: ['b', 'c'] }, (connection) => {
      chosen = connection.protocol
      return echo(connection)
    })
    await using connection = await connect(listener.url, { protocols: ['a', 'b', 'c'] })
    assert.equal(connection.protocol, 'b')
    await until(() => chosen === 'b')
  },

  async 'subprotocols and header fields may be iterables that can be read only once'({ serve, connect }) {
    const seen: unknown[] = []
    await using listener = await serve({ protocols: ['a'] }, (connection, { headers }) => {
      seen.push(headers.find(([name]) => name === 'X-Once')?.[1])
      return echo(connection)
    })
    await using connection = await connect(listener.url, {
      protocols: ['a'].values(),
      headers: new Map([['X-Once', 'yes']]).entries(),
    })
    assert.equal(connection.protocol, 'a')
    await until(() => seen[0] === 'yes')
  },

  async 'a plain request gets 426, a broken one 400, and the connection ends'({ serve }) {
    await using listener = await serve({ onError() {} }, echo)
    for (const [request, status] of [['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 426], ['NONSENSE\r\n\r\n', 400]] as const) {
      const socket = await rawConnect(listener.port)
      socket.write(request)
      assert.match(await readHead(socket), new RegExp(`^HTTP/1.1 ${status} `))
      await gone(socket.resume())
      socket.destroy()
    }
  },

  async 'a page of another origin is refused'({ serve }) {
    await using listener = await serve({}, echo)
    const socket = await rawConnect(listener.port)
    socket.write(REQUEST.replace('Host:', 'Origin: https://evil.example\r\nHost:'))
    assert.match(await readHead(socket), /^HTTP\/1.1 403 /)
    socket.destroy()
  },

  async 'options that cannot be used are the caller’s fault'({ serve, connect }) {
    assert.ok(await failure(connect('ftp://x')) instanceof DOMException)
    assert.ok(await failure(connect('ws://x', { headers: { Upgrade: 'x' } })) instanceof TypeError)
    assert.ok(await failure(connect('ws://x', { limits: { readAhead: -1 } })) instanceof RangeError)
    const bad = serve as unknown as (options: object, handler: unknown) => Promise<unknown>
    assert.ok(await failure((async () => await bad({}, 'no function'))()) instanceof TypeError)
  },
}

/** Where no HTTP server is: the codec reads heads and answers plain requests. */
export const plainTests: Tests<RawAdapter> = {
  async 'onRequest answers GET and HEAD, and the connection ends behind the answer'({ serve }) {
    await using listener = await serve({
      onRequest: ({ method, target, remoteAddress }) => ({
        status: 200,
        headers: { 'X-From': String(remoteAddress) },
        body: `${method} ${target}`,
      }),
    }, echo)
    const url = listener.url.replace('ws:', 'http:')
    const response = await fetch(`${url}/page?x=1`)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('connection'), 'close')
    assert.equal(response.headers.get('x-from'), '127.0.0.1')
    assert.equal(await response.text(), 'GET /page?x=1')
    const head = await fetch(url, { method: 'HEAD' })
    assert.equal(head.headers.get('content-length'), String('HEAD /'.length))
    assert.equal(await head.text(), '')
  },

  async 'onRequest gets no request of another method'({ serve }) {
    let asked = 0
    const onRequest = () => {
      asked++
      return { status: 200 }
    }
    await using listener = await serve({ onRequest }, echo)
    const url = listener.url.replace('ws:', 'http:')
    const response = await fetch(url, { method: 'POST', body: 'x' })
    assert.equal(response.status, 405)
    await response.body?.cancel()
    assert.equal(asked, 0)
  },

  async 'what onRequest throws is a 500 and goes to onError'({ serve }) {
    const heard: unknown[] = []
    const fault = new Error('page')
    const onRequest = () => {
      throw fault
    }
    await using listener = await serve({ onRequest, onError: (error, { where }) => heard.push(error, where) }, echo)
    const response = await fetch(listener.url.replace('ws:', 'http:'))
    assert.equal(response.status, 500)
    await response.text()
    await until(() => heard.length > 0)
    assert.deepEqual(heard, [fault, 'request'])
  },
}
