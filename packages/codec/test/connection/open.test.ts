// openConnection, in memory: requests, answers, refusals, and every way in which an upgrade can go wrong as a client.

import { describe, expect, test } from 'vitest'
import { type ClientOptions, openConnection, UpgradeError, WebSocketError } from '../../src/index.ts'
import { cutAt, expectBytes, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { wire } from '../support/frames.ts'
import { expectFault, watch } from './helpers.ts'
import { TestTransport, World } from './transport.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ==' // RFC 6455 §1.3
const RESPONSE = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
]
const head = (lines: string[] = RESPONSE) => utf8(lines.join('\r\n') + '\r\n\r\n')

function open(options: ClientOptions = {}, url = 'ws://example.com/chat?room=1') {
  const world = new World()
  const transport = new TestTransport()
  const opened = watch(openConnection(transport, url, { key, ...options, environment: world.environment }))
  return { world, transport, opened }
}

/** It failed, the transport was cut, and nothing is left. */
function expectCut({ world, transport, opened }: ReturnType<typeof open>): unknown {
  expect([opened.state, transport.did.includes('abort'), world.timers]).toEqual(['rejected', true, 0])
  return opened.error
}

test('the request goes out in one write, nothing follows it before the answer, and then the connection is open', async () => { // rules 5 to 12
  const { transport, world, opened } = open({ protocols: ['a', 'b'] })
  await world.settle()
  expect(new TextDecoder().decode(transport.bytes)).toBe(
    'GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a, b\r\n\r\n`,
  )
  expect(transport.chunks.length).toBe(1)
  transport.give(head([...RESPONSE, 'Sec-WebSocket-Protocol: b']))
  await world.settle()
  expect(opened.value).toMatchObject({ protocol: 'b', extensions: '' })
  expect(world.timers).toBe(0)
})

test('an answer may be cut anywhere, and frames behind it in its last chunk are the first ones read', async () => { // rule 24; security.md, row 33
  const bytes = join([head(), wire({ opcode: 1, payload: utf8('early') })])
  for (
    const chunks of [[bytes], oneByOne(bytes), cutAt(bytes, [head().length - 1]), cutAt(bytes, [head().length + 1])]
  ) {
    const { transport, world, opened } = open()
    for (const chunk of chunks) transport.give(chunk)
    await world.settle()
    expect((await opened.value!.readable.getReader().read()).value).toBe('early')
  }
})

describe('an answer that is no upgrade is an UpgradeError', () => { // rule 13
  async function refused(response: Uint8Array, more: { end?: boolean; pass?: number } = {}) {
    const made = open({ limits: { handshakeTimeout: 500 } })
    for (const chunk of cutAt(response, [5])) made.transport.give(chunk)
    if (more.end) made.transport.end()
    await made.world.settle()
    if (more.pass) {
      expect(made.opened.state).toBe('pending')
      await made.world.pass(more.pass)
    }
    expect(expectCut(made)).toBeInstanceOf(UpgradeError)
    return made.opened.error as UpgradeError
  }

  test('with status, fields and body', async () => {
    const error = await refused(
      join([head(['HTTP/1.1 401 Who', 'WWW-Authenticate: Basic', 'Content-Length: 4']), utf8('who?')]),
    )
    expect(error).toMatchObject({
      status: 401,
      closeCode: null,
      headers: [['WWW-Authenticate', 'Basic'], ['Content-Length', '4']],
    })
    expect(error.message).toBe('Cannot open WebSocket: want status 101, got 401 Who')
    expectBytes(error.body, utf8('who?'))
    expectFault(error, 'unexpected-status')
  })

  test('a 200 too, and a redirect', async () => {
    expect((await refused(head(['HTTP/1.1 200 OK', 'Content-Length: 0']))).status).toBe(200)
    expect((await refused(head(['HTTP/1.1 302', 'Location: /', 'Content-Length: 0']))).status).toBe(302)
  })

  test('with a body that ends with the transport, or with the time', async () => {
    expectBytes(
      (await refused(join([head(['HTTP/1.1 404 No']), utf8('all of it')]), { end: true })).body,
      utf8('all of it'),
    )
    expectBytes((await refused(join([head(['HTTP/1.1 404 No']), utf8('so far')]), { pass: 500 })).body, utf8('so far'))
  })

  test('with at most 64 KiB of a body, whatever is announced', async () => { // law 1
    for (const length of ['99999999999', '65536', '65537']) {
      const error = await refused(join([head(['HTTP/1.1 404 No', `Content-Length: ${length}`]), pattern(70_000)]))
      expect([error.body.length, error.body.buffer.byteLength <= 70_100]).toEqual([65536, true])
    }
  })
})

describe('each of these fails it with a WebSocketError, and nothing is left', () => {
  test.each(
    [
      [
        'a wrong accept key',
        RESPONSE.map((line, i) => i === 3 ? 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=' : line),
        'invalid-accept',
      ], // rule 15
      ['no accept key', RESPONSE.slice(0, 3), 'invalid-accept'],
      ['no Upgrade', RESPONSE.filter((_, i) => i !== 1), 'missing-upgrade'], // security.md, row 33
      ['a protocol that was not offered', [...RESPONSE, 'Sec-WebSocket-Protocol: x'], 'unexpected-protocol'], // rule 16
      ['an extension that was not offered', [...RESPONSE, 'Sec-WebSocket-Extensions: x'], 'unexpected-extension'],
      ['garbage', ['\u0000\u0001\u0002'], 'malformed-head'],
      ['a head without end', [...RESPONSE, ...Array(200).fill(`x: ${'x'.repeat(100)}`)], 'head-too-big'],
    ] as const,
  )('%s', async (_, lines, code) => {
    const made = open()
    made.transport.give(head([...lines]))
    await made.world.settle()
    expectFault(expectCut(made) as WebSocketError, code)
  })

  test('a server that ends in the middle', async () => {
    for (let at = 0; at < head().length; at += 13) {
      const made = open()
      if (at > 0) made.transport.give(head().slice(0, at))
      made.transport.end()
      await made.world.settle()
      expectFault(expectCut(made) as WebSocketError, 'unexpected-end')
    }
  })

  test('a server that never answers, or never reads', async () => {
    for (const reads of [true, false]) {
      const made = open({ limits: { handshakeTimeout: 500 } })
      if (!reads) made.transport.hold()
      await made.world.pass(499)
      expect(made.opened.state).toBe('pending')
      await made.world.pass(1)
      expect(expectCut(made)).toMatchObject({ name: 'WebSocketError', closeCode: 1006 })
    }
  })

  test('a transport that breaks, before the request is out and after', async () => {
    for (const held of [true, false]) {
      const cause = new DOMException('reset', 'NetworkError')
      const made = open()
      if (held) made.transport.hold()
      await made.world.settle()
      made.transport.break(cause)
      await made.world.settle()
      expect([made.opened.state, made.world.timers]).toEqual(['rejected', 0])
      expect(made.opened.error).toMatchObject({ name: 'WebSocketError', cause })
    }
  })

  test('a signal, before, while waiting and while a refusal’s body comes: its reason is what rejects', async () => { // WebSocketStream, clause 2
    for (const phase of ['before', 'waiting', 'body']) {
      const control = new AbortController()
      const reason = new Error('enough')
      if (phase === 'before') control.abort(reason)
      const made = open({ signal: control.signal })
      if (phase === 'body') made.transport.give(head(['HTTP/1.1 404 No', 'Content-Length: 100']))
      await made.world.settle()
      control.abort(reason)
      await made.world.settle()
      expect(expectCut(made)).toBe(reason)
    }
  })
})

test.each([
  [{ keepAlive: { interval: -1 } }, RangeError],
  [{ limits: { headSize: 0 } }, RangeError],
  [{ headers: { Upgrade: 'x' } }, TypeError],
  [{ headers: { 'x-injected': 'a\r\nb: c' } }, TypeError], // security.md, row 12
])('options that cannot be used are told before anything is sent: %j', async (options, kind) => {
  const made = open(options)
  await made.world.settle()
  expect(made.opened.error).toBeInstanceOf(kind)
  expect([made.transport.chunks.length, made.transport.writable.locked, made.transport.did]).toEqual([0, false, []])
})
