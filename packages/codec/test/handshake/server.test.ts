import { describe, expect, test } from 'vitest'
import {
  createUpgradeRequest,
  describeRequest,
  encodeRequest,
  encodeResponse,
  type ExtensionFactory,
  fieldValues,
  type HeaderFields,
  HeadReader,
  judgeUpgradeRequest,
  refuse,
  refuseFault,
  type RequestHead,
  type UpgradeAnswerOptions,
} from '../../src/handshake/index.ts'
import { ProtocolError, type ProtocolErrorCode } from '../../src/values/protocol-error.ts'
import { sharedBytes } from '../support/shared-memory.ts'
import { ACCEPT, KEY, request, REQUEST_FIELDS, RESPONSE_FIELDS, text, withField } from './heads.ts'

const deflate: ExtensionFactory = {
  name: 'permessage-deflate',
  offers: () => [{ name: 'permessage-deflate', params: [] }],
  accept: ({ name }) => ({ name, rsv: 0x40, decode: (frame) => [frame], encode: (frame) => [frame], close() {} }),
  answer: (offer) => offer.params.length > 0 ? undefined : { response: offer, extension: deflate.accept(offer) },
}

function accepted(head: RequestHead, options?: UpgradeAnswerOptions) {
  const answer = judgeUpgradeRequest(head, options)
  if (!answer.accepted) throw new Error(`refused: ${answer.reason?.message}`)
  return answer
}

/** What every refusal must be: a readable HTTP response that names the fault and ends the connection. */
function refused(
  head: RequestHead,
  status: number,
  code: ProtocolErrorCode,
  options?: UpgradeAnswerOptions,
): HeaderFields {
  const answer = judgeUpgradeRequest(head, options)
  if (answer.accepted) throw new Error('accepted')
  const { response, body, reason } = answer
  expect([response.status, reason?.code]).toEqual([status, code])
  expect(response.statusText).not.toBe('')
  expect(body).toBe(`${reason!.message}\n`)
  expect(body).toMatch(/^Cannot accept upgrade: /)
  const bytes = encodeResponse(response, body)
  const read = new HeadReader('response')
  expect(read.push(bytes)).toEqual(response)
  expect(fieldValues(response.headers, 'Content-Length')).toEqual([String(read.rest.length)])
  expect(fieldValues(response.headers, 'Content-Type')).toEqual(['text/plain; charset=utf-8'])
  expect(fieldValues(response.headers, 'Connection').join()).toMatch(/\bclose$/)
  return response.headers
}

const without = (name: string) => request(withField(REQUEST_FIELDS, name))
const having = (name: string, ...values: string[]) => request(withField(REQUEST_FIELDS, name, ...values))

describe('acceptance', () => {
  test('the request of RFC 6455 §1.3 gets its answer, fields in order (rule 21)', () => {
    const { response, protocol, extensions, chain } = accepted(request())
    expect(response).toEqual({
      status: 101,
      statusText: 'Switching Protocols',
      httpVersion: '1.1',
      headers: RESPONSE_FIELDS,
    })
    expect([protocol, extensions, chain]).toEqual(['', '', []])
    expect(text(encodeResponse(response))).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
    )
  })

  test('names and values in any case, lists over several lines, other elements (rule 17)', () => {
    accepted(request([
      ['HOST', 'Server.Example.com:80'],
      ['upgrade', 'h2c'],
      ['UPGRADE', 'foo, WebSocket'],
      ['connection', 'keep-alive'],
      ['Connection', 'x,\tUPGRADE ,'],
      ['SEC-WEBSOCKET-KEY', KEY],
      ['sec-websocket-version', '13'],
      ['Content-Length', '0'],
      ['constructor', 'x'],
      ['__proto__', 'x'],
    ]))
  })

  test.each([
    '/',
    '/a?b',
    '//x',
    'http://server.example.com/a',
    'WS://server.example.com:80',
    'https://other/',
    'http://server.example.com?a',
  ])('target %j (rule 5)', (target) => void accepted(request(undefined, { target })))

  test('header fields of the caller follow ours, in order and case', () => {
    const { response } = accepted(request(), { headers: [['set-cookie', 'a=b'], ['Set-Cookie', 'c=d']] })
    expect(response.headers.slice(3)).toEqual([['set-cookie', 'a=b'], ['Set-Cookie', 'c=d']])
  })

  // security.md, row 12
  test.each([{ X: 'a\r\nEvil: 1' }, { X: '\0' }, { 'X\r\n': 'a' }, { Upgrade: 'x' }, { connection: 'x' }, {
    'Sec-WebSocket-Accept': 'x',
  }])(
    'header fields %j of the caller are a TypeError',
    (headers) => expect(() => judgeUpgradeRequest(request(), { headers })).toThrow(TypeError),
  )

  test.each(['1.1', '1.2', '1.9'])(
    'HTTP/%s is HTTP/1.1 or higher (rule 17), and answered with HTTP/1.1',
    (httpVersion) => {
      expect(accepted(request(undefined, { httpVersion })).response.httpVersion).toBe('1.1')
    },
  )

  test.each(['a', 'a-b_c.example:80', '[::1]:8080', '127.0.0.1', 'xn--e1afmkfd.example', '%C3%A9.example'])(
    'Host %s is one',
    (host) => void accepted(request(withField(REQUEST_FIELDS, 'Host', host))),
  )

  test('what our client asks, our server answers, and our client takes (both roles)', () => {
    const upgrade = createUpgradeRequest('ws://h/', { protocols: ['a', 'b'], extensions: [deflate] })
    const head = new HeadReader('request').push(encodeRequest(upgrade.head))!
    const answer = accepted(head, { protocols: ['b'], extensions: [deflate] })
    const response = new HeadReader('response').push(encodeResponse(answer.response))!
    expect(upgrade.judge(response)).toMatchObject({ protocol: 'b', extensions: 'permessage-deflate' })
  })
})

describe('refusals (rule 17)', () => {
  test.each(['POST', 'get', 'OPTIONS', 'CONNECT', 'PRI'])('method %s: 405 with Allow', (method) => {
    expect(refused(request(undefined, { method }), 405, 'unexpected-method')).toContainEqual(['Allow', 'GET'])
  })

  test('method HEAD: 405 without a body (RFC 9110 §9.3.2)', () => {
    const answer = judgeUpgradeRequest(request(undefined, { method: 'HEAD' }))
    expect(answer).toMatchObject({ accepted: false, body: '', response: { status: 405 } })
  })

  test.each(['0.9', '1.0', '2.0', '2.1'])('HTTP/%s', (httpVersion) => {
    refused(request(undefined, { httpVersion }), 400, 'unsupported-http-version')
  })

  test.each(['*', 'host:80', 'a', '', '/a#b', 'ftp://x/', 'http:/x'])('target %j', (target) => {
    refused(request(undefined, { target }), 400, 'malformed-head')
  })

  test.each([
    [[]],
    [['a', 'a']],
    [['a', 'b']],
    [['']],
    [['a b']],
    [['a"b']],
    [['a{b}']],
    [['a`b']],
    [['\xe9.example']],
    [['a|b']],
    [['<a>']],
    [['a/b']],
    [['u@a']],
    [['a,b:c']],
    [['a:b']],
    [[
      'a\\b',
    ]],
    [['[::1']],
  ])(
    'Host %j',
    (values) => void refused(having('Host', ...values), 400, 'invalid-host'),
  )

  test('a target that is a URL: without a host, without a Host, or beside one that is none', () => {
    refused(request(withField(REQUEST_FIELDS, 'Host'), { target: 'http://x/' }), 400, 'invalid-host')
    refused(request(undefined, { target: 'http://' }), 400, 'invalid-host')
    refused(request(undefined, { target: 'http:///x' }), 400, 'invalid-host')
    refused(request(withField(REQUEST_FIELDS, 'Host', 'a b'), { target: 'http://x/' }), 400, 'invalid-host')
  })

  test.each([['Content-Length', '1'], ['Content-Length', '00'], ['Content-Length', ''], [
    'transfer-encoding',
    'chunked',
  ]])(
    'a body, which would be read as frames: %s: %s',
    (name, value) => void refused(request([...REQUEST_FIELDS, [name, value]]), 400, 'unexpected-body'),
  )

  test('no Upgrade: not a WebSocket request, 426', () => {
    const headers = refused(without('Upgrade'), 426, 'missing-upgrade')
    expect(headers).toContainEqual(['Upgrade', 'websocket'])
    expect(headers).toContainEqual(['Connection', 'Upgrade, close'])
    refused(request([['Host', 'x']]), 426, 'missing-upgrade')
  })

  test.each(['', 'h2c', 'websockets', 'web socket', '"websocket"'])('Upgrade %j', (value) => {
    refused(having('Upgrade', value), 426, 'missing-upgrade')
  })

  test.each([[[]], [['']], [['keep-alive']], [['close', 'x']], [['upgraded']], [['"upgrade"']]])(
    'Connection %j',
    (values) => {
      refused(having('Connection', ...values), 400, 'missing-connection')
    },
  )

  test.each([[[]], [['']], [['x']], [[KEY, KEY]], [[`${KEY}, ${KEY}`]], [[KEY.slice(0, -2)]], [[
    btoa('fifteen bytes !'),
  ]]])(
    'Sec-WebSocket-Key %j (rule 23)',
    (values) => void refused(having('Sec-WebSocket-Key', ...values), 400, 'invalid-key'),
  )

  test.each(['0', '7', '8', '12', '14', '255'])('version %s: 426 with the one that is spoken (rule 19)', (version) => {
    const headers = refused(having('Sec-WebSocket-Version', version), 426, 'unsupported-version')
    expect(headers).toContainEqual(['Sec-WebSocket-Version', '13'])
    expect(headers).toContainEqual(['Upgrade', 'websocket'])
  })

  test.each([[[]], [['']], [['013']], [['256']], [['13, 8']], [['13', '13']], [['13', '8']], [['-1']], [['thirteen']], [
    ['1.3'],
  ]])(
    'version %j (rules 22, 23)',
    (values) => {
      const headers = refused(having('Sec-WebSocket-Version', ...values), 400, 'invalid-version')
      expect(headers).toContainEqual(['Sec-WebSocket-Version', '13'])
    },
  )

  test('a hixie draft: 400 that says so', () => {
    const hixie75: HeaderFields = [['Upgrade', 'WebSocket'], ['Connection', 'Upgrade'], ['Host', 'x'], [
      'Origin',
      'http://x',
    ]]
    const hixie76: HeaderFields = [...hixie75, ['Sec-WebSocket-Key1', '18x 6]8vM;54 *(5:  {   U1]8  z [  8']]
    const beside = (name: string): HeaderFields => [...REQUEST_FIELDS, [name, 'x']]
    for (const fields of [hixie75, hixie76, beside('Sec-WebSocket-Key1'), beside('Sec-WebSocket-Key2')]) {
      const head = request(fields)
      refused(head, 400, 'obsolete-handshake')
      expect(judgeUpgradeRequest(head)).toMatchObject({ body: expect.stringContaining('hixie') })
    }
  })

  // security.md, row 5
  test('every field missing, empty, doubled or junk gets an answer, never an exception', () => {
    const names = [
      ...REQUEST_FIELDS.map(([name]) => name),
      'Origin',
      'Sec-WebSocket-Protocol',
      'Sec-WebSocket-Extensions',
    ]
    for (const name of names) {
      for (const values of [[], [''], ['a', 'a'], ['\0'], ['\x80\xff'], ['__proto__'], ['"'], ['a;b="'], [',']]) {
        const answer = judgeUpgradeRequest(having(name, ...values))
        encodeResponse(answer.response, answer.accepted ? undefined : answer.body)
        const needed = REQUEST_FIELDS.some(([other]) => other === name)
        if (needed && (values[0] === undefined || values[0] === '')) expect(answer.accepted).toBe(false)
      }
    }
    expect(judgeUpgradeRequest(request([])).accepted).toBe(false)
  })
})

describe('subprotocols (rule 20)', () => {
  const offering = (...values: string[]) => having('Sec-WebSocket-Protocol', ...values)

  test("the client's most preferred one that is spoken here", () => {
    const { protocol, response } = accepted(offering('x, b', 'a'), { protocols: ['a', 'b'] })
    expect(protocol).toBe('b')
    expect(fieldValues(response.headers, 'Sec-WebSocket-Protocol')).toEqual(['b'])
  })

  test.each([[['c'], ['a']], [['A'], ['a']], [['a'], []], [['a'], undefined], [['toString'], ['a']], [[], ['a']]])(
    'no header at all for offer %j where %j is spoken',
    (offer, protocols) => {
      const { protocol, response } = accepted(offering(...offer), { protocols })
      expect(protocol).toBe('')
      expect(fieldValues(response.headers, 'Sec-WebSocket-Protocol')).toEqual([])
    },
  )

  test('a function chooses among those offered', () => {
    const head = offering('a, b')
    const seen: unknown[] = []
    const choose = (offered: readonly string[], request: RequestHead) => {
      seen.push(offered, request)
      return offered[1]
    }
    expect(accepted(head, { protocols: choose }).protocol).toBe('b')
    expect(seen).toEqual([['a', 'b'], head])
    expect(accepted(head, { protocols: () => undefined }).protocol).toBe('')
    for (const wrong of ['c', '', 'a\r\n', null, Promise.resolve('a')]) {
      expect(() => judgeUpgradeRequest(head, { protocols: () => wrong as string })).toThrow(TypeError)
    }
  })

  test.each([[['']], [[',']], [['a b']], [['a, a']], [['a', 'a']], [['a;b']], [['\xfc']], [['"a"']]])(
    '%j is refused (rule 10)',
    (values) => {
      const answer = judgeUpgradeRequest(offering(...values), { protocols: ['a'] })
      expect(answer).toMatchObject({
        accepted: false,
        response: { status: 400 },
        reason: { code: 'malformed-protocols' },
      })
    },
  )
})

describe('extensions (rules 20, 22, 23)', () => {
  const offering = (...values: string[]) => having('Sec-WebSocket-Extensions', ...values)
  const options = { extensions: [deflate] }

  test('the first acceptable offer is answered, from any line', () => {
    const { response, extensions, chain } = accepted(
      offering('x-other, permessage-deflate; a', 'permessage-deflate'),
      options,
    )
    expect(extensions).toBe('permessage-deflate')
    expect(chain).toHaveLength(1)
    expect(fieldValues(response.headers, 'Sec-WebSocket-Extensions')).toEqual(['permessage-deflate'])
  })

  test('no header where nothing fits', () => {
    for (
      const answer of [
        accepted(offering('x-other'), options),
        accepted(offering('permessage-deflate')),
        accepted(request(), options),
      ]
    ) {
      expect([answer.extensions, answer.chain]).toEqual(['', []])
      expect(fieldValues(answer.response.headers, 'Sec-WebSocket-Extensions')).toEqual([])
    }
  })

  test.each(['', 'a;', 'a;b="', 'a b'])('%j is refused', (value) => {
    const answer = judgeUpgradeRequest(offering(value), options)
    expect(answer).toMatchObject({
      accepted: false,
      response: { status: 400 },
      reason: { code: 'malformed-extensions' },
    })
  })
})

describe('refuse', () => {
  test('says what the caller wants, and ends the connection (rule 18)', () => {
    const { response, body, accepted } = refuse(401, { headers: { 'WWW-Authenticate': 'Basic' }, body: 'who?\u00fc' })
    expect(accepted).toBe(false)
    expect(text(encodeResponse(response, body))).toBe(
      'HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n' +
        'Content-Length: 6\r\nWWW-Authenticate: Basic\r\n\r\nwho?\u00c3\u00bc',
    )
  })

  test('bytes have no type unless told; nothing has no body', () => {
    expect(refuse(302, { headers: [['location', '/x']] }).response.headers).toEqual([
      ['Connection', 'close'],
      ['Content-Length', '0'],
      ['location', '/x'],
    ])
    expect(refuse(404, { body: new Uint8Array(3), headers: { 'content-type': 'x/y' } }).response.headers).toEqual([
      ['Connection', 'close'],
      ['Content-Length', '3'],
      ['content-type', 'x/y'],
    ])
    const typeOf = (headers = {}) => fieldValues(refuse(404, { body: 'x', headers }).response.headers, 'Content-Type')
    expect(typeOf()).toEqual(['text/plain; charset=utf-8'])
    expect(typeOf({ 'content-type': 'a/b' })).toEqual(['a/b'])
  })

  test('a body of bytes goes out as they are, of any view, and what is none is refused', () => { // security.md, row 1
    const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)
    for (const body of [bytes, bytes.buffer, new DataView(bytes.buffer), new Float64Array(bytes.buffer)]) {
      const { response, body: sent } = refuse(404, { body: body as Uint8Array })
      expect(fieldValues(response.headers, 'Content-Length')).toEqual(['8'])
      expect(sent).toEqual(bytes)
    }
    for (const body of [8, null, {}, [1, 2], sharedBytes(8)]) {
      expect(() => refuse(404, { body: body as Uint8Array })).toThrow(TypeError)
    }
  })

  test('204 and 304 have neither body nor length, and 205 no body', () => {
    expect(refuse(204).response.headers).toEqual([['Connection', 'close']])
    expect(refuse(205).response.headers).toEqual([['Connection', 'close'], ['Content-Length', '0']])
    for (const status of [204, 205, 304]) expect(() => refuse(status, { body: 'x' })).toThrow(TypeError)
  })

  test.each([101, 199, 600, 400.5, NaN, '400' as never])('status %j is a RangeError', (status) => {
    expect(() => refuse(status)).toThrow(RangeError)
  })

  // security.md, row 12
  test.each([{ X: 'a\r\n' }, { 'X\n': 'a' }, { Connection: 'x' }, { 'Content-Length': '1' }, {
    'transfer-encoding': 'chunked',
  }])(
    'header fields %j are a TypeError',
    (headers) => expect(() => refuse(400, { headers })).toThrow(TypeError),
  )

  test('a status text of the caller cannot break the head', () => {
    expect(refuse(599, { statusText: 'Mine' }).response.statusText).toBe('Mine')
    expect([404, 599].map((status) => refuse(status).response.statusText)).toEqual(['Not Found', ''])
    expect(() => refuse(599, { statusText: 'a\r\nb' })).toThrow(TypeError)
  })

  test('faults of the head itself have answers too', () => {
    expect(refuseFault(new ProtocolError('head-too-big', 'm')).response.status).toBe(431)
    expect(refuseFault(new ProtocolError('malformed-head', 'm'))).toMatchObject({
      body: 'm\n',
      response: { status: 400 },
    })
  })
})

describe('describeRequest', () => {
  test('takes a request apart', () => {
    const head = having('Sec-WebSocket-Protocol', 'a, b', 'c')
    expect(describeRequest(head, { remoteAddress: '::1', secure: true })).toEqual({
      method: 'GET',
      target: '/chat',
      httpVersion: '1.1',
      headers: head.headers,
      protocols: ['a', 'b', 'c'],
      origin: undefined,
      remoteAddress: '::1',
      secure: true,
    })
    expect(describeRequest(having('Origin', 'null'))).toMatchObject({ origin: 'null', protocols: [], secure: false })
  })
})
