// acceptConnection, in memory: requests, hooks, refusals, and every way in which an upgrade can go wrong as a server.

import { describe, expect, test } from 'vitest'
import {
  acceptConnection,
  parseExtensions,
  ProtocolError,
  type ServerOptions,
  UpgradeError,
  type UpgradeRequest,
  WebSocketError,
} from '../../src/index.ts'
import { cutAt, join, oneByOne, utf8 } from '../support/bytes.ts'
import { wire } from '../support/frames.ts'
import { expectFault, KEY, watch } from './helpers.ts'
import { TestTransport, World } from './transport.ts'

const REQUEST = [
  'GET /chat?room=1 HTTP/1.1',
  'Host: example.com',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', // RFC 6455 §1.3
  'Sec-WebSocket-Version: 13',
]
const head = (lines: string[] = REQUEST) => utf8(lines.join('\r\n') + '\r\n\r\n')

/** The same as an HTTP server has read it. */
function requestHead() {
  const [start, ...fields] = REQUEST
  const [method, target] = start!.split(' ') as [string, string]
  return { method, target, httpVersion: '1.1', headers: fields.map((line) => line.split(': ') as [string, string]) }
}

function accept(options: ServerOptions = {}) {
  const world = new World()
  const transport = new TestTransport()
  const accepted = watch(acceptConnection(transport, { ...options, environment: world.environment }))
  const answer = () => new TextDecoder().decode(transport.bytes)
  return { world, transport, accepted, answer }
}

/** It was answered with that status, in one write, and our direction ended; nothing is left. */
function expectRefused(
  { world, transport, accepted, answer }: ReturnType<typeof accept>,
  status: number,
): UpgradeError {
  expect(answer()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect([transport.chunks.length, transport.did.includes('shutdown'), world.timers]).toEqual([1, true, 0])
  expect(accepted.error).toBeInstanceOf(UpgradeError)
  expect((accepted.error as UpgradeError).status).toBe(status)
  return accepted.error as UpgradeError
}

/** It was cut without an answer. */
function expectCut({ world, transport, accepted }: ReturnType<typeof accept>): unknown {
  expect([accepted.state, transport.did.includes('abort'), world.timers]).toEqual(['rejected', true, 0])
  return accepted.error
}

test('a request is answered in one write, and the connection is open', async () => { // rules 17, 21
  const { transport, world, accepted, answer } = accept()
  transport.give(head())
  await world.settle()
  expect(answer()).toBe(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
  )
  expect(transport.chunks.length).toBe(1)
  expect(accepted.value).toMatchObject({ protocol: '', extensions: '' })
  expect(world.timers).toBe(0)
})

test('a head may be cut anywhere', async () => {
  for (const chunks of [oneByOne(head()), cutAt(head(), [10, 11, head().length - 1])]) {
    const { transport, world, accepted } = accept()
    for (const chunk of chunks) transport.give(chunk)
    await world.settle()
    expect(accepted.state).toBe('resolved')
  }
})

test('frames in one chunk with the head, and behind a head that was read already, are the first ones read', async () => { // rule 24
  const frame = wire({ opcode: 1, payload: utf8('early'), key: KEY })
  const first = accept()
  first.transport.give(join([head(), frame]))
  await first.world.settle()
  expect((await first.accepted.value!.readable.getReader().read()).value).toBe('early')
  const second = accept({ head: join([head(), frame]) })
  await second.world.settle()
  expect((await second.accepted.value!.readable.getReader().read()).value).toBe('early')
  const third = accept({ requestHead: requestHead(), head: frame })
  await third.world.settle()
  expect((await third.accepted.value!.readable.getReader().read()).value).toBe('early')
})

test('a head that was read already may have as many fields as the limit says, and no more', async () => { // security.md, row 5
  for (const headCount of [REQUEST.length - 1, REQUEST.length - 2]) {
    const { world, ...made } = accept({ requestHead: requestHead(), limits: { headCount } })
    await world.settle()
    if (headCount === REQUEST.length - 1) expect(made.accepted.state).toBe('resolved')
    else expectFault(expectRefused({ world, ...made }, 431), 'head-too-big')
  }
})

test('over TLS the same origin is one of https, else one of http', async () => { // rule 53; security.md, row 32
  for (const secure of [true, false]) {
    for (const scheme of ['https', 'http']) {
      const { world, transport, ...made } = accept({ secure })
      transport.give(head([...REQUEST, `Origin: ${scheme}://example.com`]))
      await world.settle()
      if (secure === (scheme === 'https')) expect(made.accepted.state).toBe('resolved')
      else expectFault(expectRefused({ world, transport, ...made }, 403), 'refused-origin')
    }
  }
})

describe('the accept hook', () => {
  test('sees the request and may take its time', async () => {
    let decide!: (yes: boolean) => void
    let seen: UpgradeRequest | undefined
    const { transport, world, accepted, answer } = accept({
      remoteAddress: '192.0.2.1',
      accept: (request) => {
        seen = request
        return new Promise<boolean>((resolve) => decide = resolve)
      },
    })
    transport.give(head([...REQUEST, 'Sec-WebSocket-Protocol: a, b', 'Origin: http://example.com']))
    await world.settle()
    expect(seen).toMatchObject({
      method: 'GET',
      target: '/chat?room=1',
      protocols: ['a', 'b'],
      origin: 'http://example.com',
      remoteAddress: '192.0.2.1',
      secure: false,
    })
    expect(answer()).toBe('')
    decide(true)
    await world.settle()
    expect(accepted.state).toBe('resolved')
  })

  test('may refuse with 403, or with any status, fields and body', async () => {
    const plain = accept({ accept: () => false })
    plain.transport.give(head())
    await plain.world.settle()
    expectRefused(plain, 403)
    const full = accept({ accept: () => ({ status: 401, headers: [['WWW-Authenticate', 'Basic']], body: 'who?' }) })
    full.transport.give(head())
    await full.world.settle()
    const error = expectRefused(full, 401)
    expect(full.answer()).toMatch(/WWW-Authenticate: Basic\r\n(.*\r\n)*\r\nwho\?$/)
    expect(new TextDecoder().decode(error.body)).toBe('who?')
  })

  test('may refuse with the Response of the platform', async () => {
    const headers = { 'WWW-Authenticate': 'Basic' }
    const made = accept({ accept: () => new Response('who?', { status: 401, headers }) })
    made.transport.give(head())
    await made.world.settle()
    const error = expectRefused(made, 401)
    expect(made.answer()).toMatch(
      /^HTTP\/1\.1 401 Unauthorized\r\n(.*\r\n)*www-authenticate: Basic\r\n(.*\r\n)*\r\nwho\?$/,
    )
    expect(new TextDecoder().decode(error.body)).toBe('who?')
  })

  test.each([
    ['throws', () => {
      throw new Error('mine')
    }],
    ['rejects', () => Promise.reject(new Error('mine'))],
    ['has a parser of ours throw', () => void parseExtensions(['a b'])],
    ['answers null', () => null as never],
    ['answers a Response that was read already', async () => {
      const response = new Response('once')
      await response.text()
      return response
    }],
    ['answers a status that is none', () => ({ status: 700 })],
    ['answers a field that cannot be sent', () => ({ status: 404, headers: [['x', 'a\r\nb']] as [string, string][] })], // security.md, row 12
  ])('that %s gets the client a 500, and its mistake is passed on', async (_, hook) => {
    const made = accept({ accept: hook })
    made.transport.give(head())
    await made.world.settle()
    expect(made.answer()).toMatch(/^HTTP\/1\.1 500 /)
    expect(made.accepted.error).toBeInstanceOf(Error)
    expect(made.accepted.error).not.toBeInstanceOf(WebSocketError)
    expect(made.world.timers).toBe(0)
  })

  test('that throws after its client has gone: its mistake is passed on', async () => {
    let fail!: (error: Error) => void
    const made = accept({ accept: () => new Promise((_, reject) => fail = reject) })
    made.transport.give(head())
    await made.world.settle()
    made.transport.break(new Error('reset'))
    const mistake = new TypeError('mine')
    fail(mistake)
    await made.world.settle()
    expect([made.accepted.error, made.world.timers]).toEqual([mistake, 0])
  })

  test('may ask for an upgrade, and the answer says to what', async () => { // RFC 9110 §15.5.22
    const made = accept({ accept: () => ({ status: 426, body: 'not like this' }) })
    made.transport.give(head())
    await made.world.settle()
    expectRefused(made, 426)
    expect(made.answer()).toMatch(/Connection: Upgrade, close\r\n(.*\r\n)*Upgrade: websocket\r\n/)
  })

  test('that takes too long is given up, without an answer', async () => {
    const made = accept({ accept: () => new Promise(() => {}), limits: { handshakeTimeout: 500 } })
    made.transport.give(head())
    await made.world.pass(499)
    expect(made.accepted.state).toBe('pending')
    await made.world.pass(1)
    expectCut(made)
    expect(made.answer()).toBe('')
  })

  test.each<[string, ServerOptions, new (...args: never[]) => Error]>([
    ['a subprotocol that was not offered', { protocols: () => 'never offered' }, TypeError],
    ['a parser of ours that throws', { protocols: () => `${parseExtensions(['a b'])}` }, ProtocolError],
    ['the same for origins', { allowedOrigins: () => parseExtensions(['a b']).length > 0 }, ProtocolError],
  ])('a mistake of a function that decides gets the client a 500 too: %s', async (_, options, error) => {
    const made = accept(options)
    made.transport.give(head())
    await made.world.settle()
    expect(made.answer()).toMatch(/^HTTP\/1\.1 500 /)
    expect(made.accepted.error).toBeInstanceOf(error)
  })
})

describe('onRequest', () => {
  const plain = (...lines: string[]) => {
    const made = accept({ onRequest: ({ target }) => ({ status: 200, body: target }) })
    made.transport.give(head(lines))
    return made
  }

  test.each([
    ['GET /page HTTP/1.1', 'Host: example.com'],
    ['GET http://example.com/page HTTP/1.1', 'Host: example.com'],
    ['GET /page HTTP/1.0'],
    ['GET /page HTTP/1.1', 'Host: a_b:8080', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c'],
  ])('answers %s', async (...lines) => {
    const made = plain(...lines)
    await made.world.settle()
    expect(expectRefused(made, 200).cause).toBeUndefined()
  })

  test.each([ // RFC 9112 §3.2
    ['GET / HTTP/1.1'],
    ['GET / HTTP/1.1', 'Host: a', 'Host: b'],
    ['GET / HTTP/1.1', 'Host: a@b/c d'],
    ['GET / HTTP/1.0', 'Host: a, b'],
    ['GET a#b HTTP/1.1', 'Host: a'],
    ['GET / HTTP/3.7', 'Host: a'],
  ])('is not asked about %s %s %s, which gets a 400', async (...lines) => {
    const made = plain(...lines.filter((line) => line !== undefined))
    await made.world.settle()
    expect(expectRefused(made, 400).cause).toBeInstanceOf(ProtocolError)
  })

  test('answers GET and HEAD, the latter without the body, and sees nothing else', async () => {
    const request = (method: string, ...fields: string[]) =>
      head([`${method} / HTTP/1.1`, 'Host: example.com', ...fields])
    const asked: [bytes: Uint8Array, status: number, body?: string][] = [
      [request('GET'), 200, 'page'],
      [request('HEAD'), 200, ''],
      [request('OPTIONS'), 405],
      [request('GET', 'Content-Length: 4'), 400],
      [request('GET', 'Transfer-Encoding: chunked'), 400],
    ]
    for (const [bytes, status, body] of asked) {
      let seen = 0
      const onRequest = () => {
        seen++
        return { status: 200, body: 'page' }
      }
      const { world, transport, ...made } = accept({ onRequest })
      transport.give(bytes)
      await world.settle()
      expectRefused({ world, transport, ...made }, status)
      expect(seen).toBe(body === undefined ? 0 : 1)
      if (body !== undefined) expect(made.answer()).toMatch(new RegExp(`Content-Length: 4\\r\\n\\r\\n${body}$`))
    }
  })
})

test('onRequest may answer with the Response of the platform, and with a stream as body', async () => {
  const page = () => new Response('page', { headers: { 'Content-Type': 'text/html' } })
  for (const [method, body] of [['GET', 'page'], ['HEAD', '']]) {
    for (const answer of [page, () => ({ status: 200, headers: page().headers, body: page().body })]) {
      const made = accept({ onRequest: answer })
      made.transport.give(head([`${method} / HTTP/1.1`, 'Host: example.com']))
      await made.world.settle()
      expectRefused(made, 200)
      expect(made.answer()).toMatch(
        new RegExp(`^HTTP/1\\.1 200 OK\r\n(.*\r\n)*Content-Length: 4\r\n(.*\r\n)*\r\n${body}$`),
      )
      expect(made.answer()).toContain('content-type: text/html\r\n')
    }
  }
})

describe('what is wrong with a request is answered and told', () => {
  test.each(
    [
      ['garbage', ['\u0000\u0001'], 400, 'malformed-head'],
      ['another method', REQUEST.map((line, i) => i === 0 ? 'POST / HTTP/1.1' : line), 405, 'unexpected-method'],
      [
        'a version that is not spoken',
        REQUEST.map((line, i) => i === 5 ? 'Sec-WebSocket-Version: 12' : line),
        426,
        'unsupported-version',
      ],
      ['no key', REQUEST.filter((_, i) => i !== 4), 400, 'invalid-key'],
      ['a head too big', [...REQUEST, `x: ${'x'.repeat(9000)}`], 431, 'head-too-big'],
    ] as const,
  )('%s', async (_, lines, status, code) => {
    const made = accept()
    made.transport.give(head([...lines]))
    await made.world.settle()
    expectFault(expectRefused(made, status), code)
  })

  test('and the end is bounded where the client does not take the answer', async () => {
    for (const stuck of ['write', 'close']) {
      const made = accept({ accept: () => false, limits: { handshakeTimeout: 500 } })
      if (stuck === 'write') made.transport.hold()
      else made.transport.holdClose()
      made.transport.give(head())
      await made.world.pass(499)
      expect(made.accepted.state).toBe('pending')
      await made.world.pass(1)
      expectCut(made)
      expect(made.accepted.error).toBeInstanceOf(WebSocketError)
    }
  })
})

describe('each of these ends it, and nothing is left', () => {
  test('a client that says nothing, or not enough, in time', async () => {
    for (const bytes of [undefined, head().slice(0, -1)]) {
      const made = accept({ limits: { handshakeTimeout: 500 } })
      if (bytes) made.transport.give(bytes)
      await made.world.pass(500)
      expect(expectCut(made)).toMatchObject({ name: 'WebSocketError', closeCode: 1006 })
    }
  })

  test('a client that ends in the middle', async () => {
    for (let at = 0; at < head().length; at += 13) {
      const made = accept()
      if (at > 0) made.transport.give(head().slice(0, at))
      made.transport.end()
      await made.world.settle()
      expectFault(expectCut(made) as WebSocketError, 'unexpected-end')
    }
  })

  test('a transport that breaks, in each phase', async () => {
    const cause = new Error('reset')
    for (const phase of ['reading', 'deciding', 'writing']) {
      const made = accept({
        accept: () => phase === 'deciding' ? new Promise(() => {}) : undefined,
        limits: { handshakeTimeout: 500 },
      })
      if (phase === 'writing') made.transport.hold()
      if (phase !== 'reading') made.transport.give(head())
      await made.world.settle()
      made.transport.break(cause)
      await made.world.pass(500)
      expect([made.accepted.state, made.world.timers]).toEqual(['rejected', 0])
      expect(made.accepted.error).toBeInstanceOf(WebSocketError)
      if (phase !== 'deciding') expect((made.accepted.error as WebSocketError).cause).toBe(cause)
    }
  })

  test('a signal, in each phase, with its reason', async () => {
    for (const phase of ['before', 'reading', 'deciding', 'writing']) {
      const control = new AbortController()
      const reason = new Error('enough')
      if (phase === 'before') control.abort(reason)
      const made = accept({
        signal: control.signal,
        accept: () => phase === 'deciding' ? new Promise(() => {}) : undefined,
      })
      if (phase === 'writing') made.transport.hold()
      if (phase !== 'reading') made.transport.give(head())
      await made.world.settle()
      control.abort(reason)
      await made.world.settle()
      expect(expectCut(made)).toBe(reason)
    }
  })

  test('a signal that is aborted where nothing is waited for', async () => {
    const reason = new Error('enough')
    const control = new AbortController()
    const stop = () => control.abort(reason)
    const options: ServerOptions[] = [
      { signal: AbortSignal.abort(reason) },
      { signal: control.signal, onUpgradeRequest: stop },
      { signal: control.signal, accept: stop },
    ]
    for (const one of options) {
      const made = accept({ ...one, requestHead: requestHead() })
      await made.world.settle()
      expect(expectCut(made)).toBe(reason)
      expect(made.answer()).toBe('')
    }
  })

  test('a signal whose reason is the refusal of another upgrade', async () => {
    const reason = new UpgradeError('the backend refused', { status: 503, headers: [], body: new Uint8Array(0) })
    for (const phase of ['reading', 'deciding']) {
      const control = new AbortController()
      const made = accept({ signal: control.signal, accept: () => new Promise(() => {}) })
      if (phase === 'deciding') made.transport.give(head())
      await made.world.settle()
      control.abort(reason)
      await made.world.settle()
      expect(expectCut(made)).toBe(reason)
    }
  })

  test('a signal after it does nothing', async () => {
    const control = new AbortController()
    const made = accept({ signal: control.signal })
    made.transport.give(head())
    await made.world.settle()
    control.abort()
    await made.world.settle()
    expect(made.transport.did).toEqual([])
    expect(watch(made.accepted.value!.closed).state).toBe('pending')
  })
})

test.each([{ keepAlive: { interval: -1 } }, { limits: { headSize: 0 } }, { limits: { readAhead: -1 } }])(
  'options that cannot be used are told before anything is read: %j',
  async (options) => {
    const made = accept(options)
    made.transport.give(head())
    await made.world.settle()
    expect(made.accepted.error).toBeInstanceOf(RangeError)
    expect([made.transport.pulled, made.transport.readable.locked, made.transport.did]).toEqual([0, false, []])
  },
)
