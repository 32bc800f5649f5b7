import { describe, expect, test } from 'vitest'
import {
  createUpgradeRequest,
  encodeRequest,
  type ExtensionFactory,
  fieldValues,
  type HeaderFieldsInit,
  isUpgradeResponse,
} from '../../src/handshake/index.ts'
import {
  ACCEPT,
  expectFault,
  expectSyntaxError,
  KEY,
  latin1,
  response,
  RESPONSE_FIELDS,
  text,
  withField,
} from './heads.ts'
import { catchError } from '../support/errors.ts'

const deflate: ExtensionFactory = {
  name: 'permessage-deflate',
  offers: () => [{ name: 'permessage-deflate', params: [['client_max_window_bits', undefined]] }],
  accept: ({ name }) => ({ name, rsv: 0x40, decode: (frame) => [frame], encode: (frame) => [frame], close() {} }),
  answer: () => undefined,
}

const headersOf = (url: string, options = {}) => createUpgradeRequest(url, { key: KEY, ...options }).head.headers

describe('the request', () => {
  test('is a GET of HTTP/1.1 with the fields of RFC 6455 §4.1, in the order of browsers (rules 5, 6, 7, 9)', () => {
    const { head, key } = createUpgradeRequest('ws://server.example.com/chat', { key: KEY })
    expect(key).toBe(KEY)
    expect(head).toEqual({
      method: 'GET',
      target: '/chat',
      httpVersion: '1.1',
      headers: [
        ['Host', 'server.example.com'],
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
        ['Sec-WebSocket-Key', KEY],
        ['Sec-WebSocket-Version', '13'],
      ],
    })
  })

  test('everything asked for has its place (rules 8, 10, 11)', () => {
    const headers = headersOf('wss://us%65r:p%40ss@h:1/', {
      origin: 'https://page.example',
      protocols: ['b', 'a'],
      extensions: [deflate],
      headers: [['User-Agent', 'me'], ['x-lower', '1'], ['X-Lower', '2'], ['Cookie', 'a=b']],
    })
    expect(headers.slice(5)).toEqual([
      ['Origin', 'https://page.example'],
      ['Sec-WebSocket-Protocol', 'b, a'],
      ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits'],
      ['Authorization', `Basic ${btoa('user:p@ss')}`],
      ['User-Agent', 'me'],
      ['x-lower', '1'],
      ['X-Lower', '2'],
      ['Cookie', 'a=b'],
    ])
  })

  test('a new key for each request (rule 7)', () => {
    const keys = Array.from({ length: 50 }, () => createUpgradeRequest('ws://x').key)
    expect(new Set(keys).size).toBe(50)
  })

  test.each(['', 'abc', `${KEY}\r\n`, btoa('fifteen bytes !')])('refuses key %j', (key) => {
    expect(() => createUpgradeRequest('ws://x', { key })).toThrow(TypeError)
  })

  test('the bytes are one array (rule 24)', () => {
    const bytes = encodeRequest(createUpgradeRequest('ws://x/', { key: KEY }).head)
    expect(text(bytes)).toMatch(/^GET \/ HTTP\/1\.1\r\nHost: x\r\n[^]*\r\n\r\n$/)
  })
})

// rules 1 and 6; WebSocketStream, clause 1
describe('the URL', () => {
  test.each([
    ['ws://h', 'ws://h/', 'h', '/'],
    ['ws://h:80/', 'ws://h/', 'h', '/'],
    ['wss://h:443/a', 'wss://h/a', 'h', '/a'],
    ['wss://h:80/', 'wss://h:80/', 'h:80', '/'],
    ['ws://h:443/', 'ws://h:443/', 'h:443', '/'],
    ['http://h:80/a?b', 'ws://h/a?b', 'h', '/a?b'],
    ['https://h:443/', 'wss://h/', 'h', '/'],
    ['https://h:8443/', 'wss://h:8443/', 'h:8443', '/'],
    ['HTTP://h:443/', 'ws://h:443/', 'h:443', '/'],
    ['ws://h?x=y', 'ws://h/?x=y', 'h', '/?x=y'],
    ['ws://h/?', 'ws://h/?', 'h', '/'],
    ['ws://h/a b/\u00fc?\u00fc=%23', 'ws://h/a%20b/%C3%BC?%C3%BC=%23', 'h', '/a%20b/%C3%BC?%C3%BC=%23'],
    ['ws://[::1]:9000/', 'ws://[::1]:9000/', '[::1]:9000', '/'],
    ['ws://[0:0::1]/', 'ws://[::1]/', '[::1]', '/'],
    ['ws://B\u00dcCHER.example/', 'ws://xn--bcher-kva.example/', 'xn--bcher-kva.example', '/'],
    ['ws://h//evil', 'ws://h//evil', 'h', '//evil'],
    ['ws://h/\r\nX:y', 'ws://h/X:y', 'h', '/X:y'],
  ])('%j becomes %j', (url, href, host, target) => {
    const upgrade = createUpgradeRequest(url)
    expect(upgrade.url.href).toBe(href)
    expect(upgrade.head.target).toBe(target)
    expect(upgrade.head.headers[0]).toEqual(['Host', host])
    encodeRequest(upgrade.head)
  })

  test.each([
    '',
    'h',
    '/path',
    'ws:',
    'ws://',
    'ws://h:99999',
    'ws://[a',
    'ftp://h/',
    'file:///a',
    'javascript:x',
    'ws://h/#a',
    'ws://h/#',
    'http://h#',
  ])('%j is a SyntaxError', (url) => {
    expectSyntaxError(() => createUpgradeRequest(url))
  })

  test.each([
    'ws://me:hunter2@h/#x',
    'ftp://me:hunter2@h/',
    'ws://me:hunter2@h:99999',
    'ws://me:hun@ter2@[',
    'ws:me:hunter2@h/#x',
    'wss:/me:hunter2@h/#x',
    ' ws:\\\\me:hunter2@h/#x',
    'ftp:me:hunter2@h/',
    'mailto:me:hunter2@h',
    'me:hunter2@h',
  ])('what is no URL is shown without its password: %j', (url) => {
    expect(() => createUpgradeRequest(url)).toThrow(/got ".*…@/)
    expect(() => createUpgradeRequest(url)).not.toThrow('ter2')
  })

  test('a URL object is copied, never changed', () => {
    const url = new URL('https://h/a')
    const upgrade = createUpgradeRequest(url)
    expect(upgrade.url.protocol).toBe('wss:')
    expect(url.protocol).toBe('https:')
  })

  test('user and password become Authorization, and stay out of Host', () => {
    const headers = headersOf('ws://us%C3%BCr:p%40s%3As@h/')
    expect(headers[0]).toEqual(['Host', 'h'])
    const [value] = fieldValues(headers, 'Authorization')
    expect(new TextDecoder().decode(latin1(atob(value!.slice('Basic '.length))))).toBe('us\u00fcr:p@s:s')
    expect(fieldValues(headersOf('ws://only@h/'), 'Authorization')).toEqual([`Basic ${btoa('only:')}`])
    expect(fieldValues(headersOf('ws://h/'), 'Authorization')).toEqual([])
  })
})

describe('header fields of the caller', () => {
  test('Host and Origin take the place of ours, spelled as they were given', () => {
    const headers = headersOf('ws://h/', { origin: 'a', headers: [['X', 'y'], ['ORIGIN', 'b'], ['host', 'other']] })
    expect(headers[0]).toEqual(['host', 'other'])
    expect(headers.slice(5)).toEqual([['ORIGIN', 'b'], ['X', 'y']])
  })

  test('Authorization wins over the URL, and stays where it was given', () => {
    const headers = headersOf('ws://u:p@h/', { headers: { X: 'y', authorization: 'Bearer z' } })
    expect(headers.slice(5)).toEqual([['X', 'y'], ['authorization', 'Bearer z']])
  })

  test.each(['Host', 'origin', 'AUTHORIZATION'])('%s is given once', (name) => {
    expect(() => headersOf('ws://h/', { headers: [[name, 'a'], [name.toLowerCase(), 'b']] })).toThrow(TypeError)
  })

  test.each([
    'Upgrade',
    'connection',
    'Sec-WebSocket-Key',
    'sec-websocket-version',
    'Sec-WebSocket-Protocol',
    'Sec-WebSocket-Extensions',
    'Sec-WebSocket-Accept',
    'Content-Length',
    'Transfer-Encoding',
  ])("%s is not the caller's: a TypeError names it", (name) => {
    const error = catchError(() => headersOf('ws://h/', { headers: { [name]: 'x' } }))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as TypeError).message).toContain(name)
  })

  // security.md, row 12
  test.each(['\r', '\n', '\0', '\r\nEvil: 1'])('%j is refused in every string', (evil) => {
    const options: [string, HeaderFieldsInit | undefined, string | undefined][] = [
      ['X-Mine', { 'X-Mine': `a${evil}` }, undefined],
      ['Host', { Host: `a${evil}` }, undefined],
      ['Origin', { Origin: `a${evil}` }, undefined],
      ['token', { [`X${evil}`]: 'a' }, undefined],
      ['origin', undefined, `a${evil}`],
    ]
    for (const [named, headers, origin] of options) {
      const error = catchError(() => createUpgradeRequest('ws://h/', { headers, origin }))
      expect(error).toBeInstanceOf(TypeError)
      expect((error as TypeError).message).toContain(named)
    }
    expectSyntaxError(() => createUpgradeRequest('ws://h/', { protocols: `a${evil}` }))
    expect(() => createUpgradeRequest('ws://h/', { key: KEY + evil })).toThrow(TypeError)
    const extension = { ...deflate, offers: () => [{ name: `a${evil}`, params: [] }] }
    expect(() => createUpgradeRequest('ws://h/', { extensions: [extension] })).toThrow(TypeError)
  })
})

describe('subprotocols (rule 10)', () => {
  test('none, one and several', () => {
    expect(fieldValues(headersOf('ws://h', { protocols: [] }), 'Sec-WebSocket-Protocol')).toEqual([])
    expect(fieldValues(headersOf('ws://h', { protocols: 'a' }), 'Sec-WebSocket-Protocol')).toEqual(['a'])
    expect(createUpgradeRequest('ws://h', { protocols: new Set(['b', 'B']) }).protocols).toEqual(['b', 'B'])
  })

  test.each([[''], ['a b'], ['a,b'], ['\u00fc'], ['a/b'], [['a', 'a']], [['a', 'b', 'a']], [['a', '']]])(
    '%j is a SyntaxError',
    (protocols) => expectSyntaxError(() => createUpgradeRequest('ws://h', { protocols })),
  )
})

test.each([5, true, {}, null])('%j is no list of subprotocols: a TypeError', (protocols) => {
  expect(() => createUpgradeRequest('ws://h', { protocols: protocols as never })).toThrow(
    /^Cannot offer subprotocols: want a string or a list of them, got /,
  )
})

describe('judging the response', () => {
  const judge = (fields = RESPONSE_FIELDS, options = {}, status = 101) =>
    createUpgradeRequest('ws://h/', { key: KEY, ...options }).judge(response(fields, { status }))

  test('the answer of RFC 6455 §1.3 is taken', () => {
    expect(judge()).toEqual({ protocol: '', extensions: '', chain: [] })
  })

  test('names and values in any case, white space around, more fields', () => {
    const fields = [
      ['UPGRADE', 'WebSocket'],
      ['connection', 'keep-alive ,uPGRADE'],
      ['sec-websocket-accept', ` ${ACCEPT}\t`],
      ['Content-Length', '0'],
      ['__proto__', 'x'],
    ] as const
    expect(judge(fields).protocol).toBe('')
    expect(judge([['Connection', 'keep-alive'], ...RESPONSE_FIELDS]).protocol).toBe('')
  })

  test.each([100, 200, 201, 204, 301, 302, 401, 403, 426, 500])('status %d is no upgrade (rule 13)', (status) => {
    expect(isUpgradeResponse(response([], { status }))).toBe(false)
    expectFault(() => judge(RESPONSE_FIELDS, {}, status), 'unexpected-status', new RegExp(`got ${status}$`))
  })

  test('a 101 is an upgrade', () => {
    expect(isUpgradeResponse(response())).toBe(true)
  })

  // HTTP/1.0 has neither 1xx nor upgrades (RFC 9110 §7.8, §15.2).
  test.each(['1.0', '0.9', '1.2', '2.0'])('a 101 of HTTP/%s is refused', (httpVersion) => {
    const { judge } = createUpgradeRequest('ws://h/', { key: KEY })
    expectFault(() => judge(response(RESPONSE_FIELDS, { httpVersion })), 'unsupported-http-version', /want HTTP\/1\.1/)
  })

  // rule 14; security.md, rows 5 and 33
  test.each([[[]], [['']], [['h2c']], [['websocket, h2c']], [['websocket', 'websocket']], [['websockets']], [[
    '"websocket"',
  ]], [['websoc\u212Aet']]])(
    'Upgrade %j is refused',
    (values) => expectFault(() => judge(withField(RESPONSE_FIELDS, 'Upgrade', ...values)), 'missing-upgrade'),
  )

  test.each([[[]], [['']], [['close']], [['upgraded']], [['up grade']], [['"upgrade"']], [['keep-alive', 'close']]])(
    'Connection %j is refused (rule 14)',
    (values) => expectFault(() => judge(withField(RESPONSE_FIELDS, 'Connection', ...values)), 'missing-connection'),
  )

  test.each([
    [[]],
    [['']],
    [[ACCEPT.toLowerCase()]],
    [[ACCEPT.slice(0, -1)]],
    [[`${ACCEPT}=`]],
    [[`\u00a0${ACCEPT}`]],
    [[KEY]],
    [[ACCEPT, ACCEPT]],
    [[`${ACCEPT}, ${ACCEPT}`]],
    [['Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=']],
  ])('Sec-WebSocket-Accept %j is refused (rules 15, 23)', (values) => {
    expectFault(() => judge(withField(RESPONSE_FIELDS, 'Sec-WebSocket-Accept', ...values)), 'invalid-accept')
  })

  const withProtocol = (...values: string[]) => withField(RESPONSE_FIELDS, 'Sec-WebSocket-Protocol', ...values)

  test('one of the offered subprotocols, or none, is taken (rules 16, 20)', () => {
    expect(judge(withProtocol('b'), { protocols: ['a', 'b'] }).protocol).toBe('b')
    expect(judge(RESPONSE_FIELDS, { protocols: ['a', 'b'] }).protocol).toBe('')
  })

  test.each([
    [['c'], ['a', 'b']],
    [['A'], ['a']],
    [[''], ['a']],
    [['a, b'], ['a', 'b']],
    [['a', 'a'], ['a']],
    [['a', 'b'], ['a', 'b']],
    [['__proto__'], ['a']],
    [['a'], []],
    [[''], []],
  ])('Sec-WebSocket-Protocol %j to an offer of %j is refused (rules 16, 20, 23)', (values, protocols) => {
    expectFault(() => judge(withProtocol(...values), { protocols }), 'unexpected-protocol')
  })

  const withExtensions = (...values: string[]) => withField(RESPONSE_FIELDS, 'Sec-WebSocket-Extensions', ...values)
  const options = { extensions: [deflate] }

  test('an offered extension is taken, or its absence', () => {
    const { extensions, chain } = judge(withExtensions('permessage-deflate;server_no_context_takeover'), options)
    expect(extensions).toBe('permessage-deflate; server_no_context_takeover')
    expect(chain.map(({ name }) => name)).toEqual(['permessage-deflate'])
    expect(judge(RESPONSE_FIELDS, options).chain).toEqual([])
  })

  test.each([[['x-other']], [['permessage-deflate', 'x-other']], [['permessage-deflate, permessage-deflate']], [[
    'permessage-deflate',
    'permessage-deflate',
  ]]])(
    'Sec-WebSocket-Extensions %j is refused (rule 16)',
    (values) => expectFault(() => judge(withExtensions(...values), options), 'unexpected-extension'),
  )

  test('an extension nobody offered is refused (rule 16), and a header that is none (rule 22)', () => {
    expectFault(() => judge(withExtensions('permessage-deflate')), 'unexpected-extension')
    expectFault(() => judge(withExtensions('permessage-deflate;;'), options), 'malformed-extensions')
    expectFault(() => judge(withExtensions('')), 'malformed-extensions')
  })

  test('an extension that was not offered is refused though there is a factory for it', () => { // rule 16
    for (const offers of [[], [{ name: 'x-other', params: [] }]]) {
      const upgrade = createUpgradeRequest('ws://h', { key: KEY, extensions: [{ ...deflate, offers: () => offers }] })
      expectFault(() => upgrade.judge(response(withExtensions('permessage-deflate'))), 'unexpected-extension')
    }
  })

  test('a factory added later is not part of the offer', () => {
    const extensions: ExtensionFactory[] = []
    const upgrade = createUpgradeRequest('ws://h', { key: KEY, extensions })
    extensions.push(deflate)
    expectFault(() => upgrade.judge(response(withExtensions('permessage-deflate'))), 'unexpected-extension')
  })
})
