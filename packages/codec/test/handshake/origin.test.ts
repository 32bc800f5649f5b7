// security.md, row 32: pages of strangers drive a server that does not look at Origin (rules 8, 18 and 53).

import { describe, expect, test } from 'vitest'
import { type AllowedOrigins, judgeUpgradeRequest, type RequestHead } from '../../src/handshake/index.ts'
import { request, REQUEST_FIELDS, withField } from './heads.ts'

interface Asking {
  host?: string
  origins?: string[]
  secure?: boolean
  target?: string
}

function head({ host = 'app.example', origins = [], target = '/' }: Asking): RequestHead {
  const fields = withField(REQUEST_FIELDS, 'Host', host)
  return request([...fields, ...origins.map((origin) => ['Origin', origin] as const)], { target })
}

function passes(asking: Asking, allowedOrigins?: AllowedOrigins): boolean {
  const answer = judgeUpgradeRequest(head(asking), { allowedOrigins, secure: asking.secure })
  if (!answer.accepted) {
    expect([answer.response.status, answer.reason?.code]).toEqual([403, 'refused-origin'])
  }
  return answer.accepted
}

describe('same origin, the default', () => {
  test.each<[string, Asking]>([
    ['no Origin: no browser', {}],
    ['the same', { origins: ['http://app.example'] }],
    ['case', { origins: ['HTTP://App.EXAMPLE'], host: 'aPP.example' }],
    ['default port in Host', { origins: ['http://app.example'], host: 'app.example:80' }],
    ['default port in Origin', { origins: ['http://app.example:80'] }],
    ['a port', { origins: ['http://app.example:8080'], host: 'app.example:8080' }],
    ['TLS', { origins: ['https://app.example'], secure: true }],
    ['TLS with its default port', { origins: ['https://app.example'], host: 'app.example:443', secure: true }],
    ['TLS with a port', { origins: ['https://app.example:444'], host: 'app.example:444', secure: true }],
    ['IPv6', { origins: ['http://[::1]:3000'], host: '[0:0::1]:3000' }],
    ['IPv4', { origins: ['http://127.0.0.1:3000'], host: '127.0.0.1:3000' }],
    ['IDN', { origins: ['http://xn--bcher-kva.example'], host: 'xn--bcher-kva.example' }],
    ['a target that is a URL', { origins: ['http://other.example'], target: 'http://other.example/x' }],
  ])('%s passes', (_, asking) => {
    expect(passes(asking)).toBe(true)
    expect(passes(asking, 'same-origin')).toBe(true)
  })

  test.each<[string, Asking]>([
    ['another host', { origins: ['http://evil.example'] }],
    ['a subdomain', { origins: ['http://x.app.example'] }],
    ['a host that begins alike', { origins: ['http://app.example.evil.example'] }],
    ['a host that ends alike', { origins: ['http://evilapp.example'] }],
    ['a final dot', { origins: ['http://app.example.'] }],
    ['another port', { origins: ['http://app.example:8080'] }],
    ['no port where Host has one', { origins: ['http://app.example'], host: 'app.example:8080' }],
    ['https to a plain server', { origins: ['https://app.example'] }],
    ['http to a TLS server', { origins: ['http://app.example'], secure: true }],
    ['http with port 443 to a TLS server', { origins: ['http://app.example:443'], secure: true }],
    ['ws, which no page has', { origins: ['ws://app.example'] }],
    ['the opaque origin', { origins: ['null'] }],
    ['the opaque origin where the host is null', { origins: ['null'], host: 'null' }],
    ['an empty Origin', { origins: [''] }],
    ['two Origins', { origins: ['http://app.example', 'http://app.example'] }],
    ['two Origins in one', { origins: ['http://app.example http://evil.example'] }],
    ['two Origins with a comma', { origins: ['http://app.example, http://evil.example'] }],
    ['no scheme', { origins: ['app.example'] }],
    ['a path', { origins: ['http://app.example/'] }],
    ['a path elsewhere', { origins: ['http://evil.example/http://app.example'] }],
    ['a query', { origins: ['http://app.example?x'] }],
    ['a fragment', { origins: ['http://app.example#x'] }],
    ['a user', { origins: ['http://app.example@evil.example'] }],
    ['a user before the right host', { origins: ['http://evil@app.example'] }],
    ['a backslash', { origins: ['http:\\\\app.example'] }],
    ['a backslash in the host', { origins: ['http://evil.example\\@app.example'] }],
    ['a tab, which URL parsers drop', { origins: ['http://app.\texample'] }],
    ['a control character at the end', { origins: ['http://app.example\x01'] }],
    ["an extension's page", { origins: ['chrome-extension://abcdef'] }],
    ['a file', { origins: ['file://'] }],
    ['a port that is none', { origins: ['http://app.example:x'] }],
    ['Host counts less than a target that is a URL', {
      origins: ['http://app.example'],
      target: 'http://other.example/',
    }],
  ])('%s is refused', (_, asking) => {
    expect(passes(asking)).toBe(false)
  })
})

describe('a list of origins', () => {
  const list = [
    'https://App.Example:443',
    'http://b\u00fccher.example',
    'chrome-extension://AbC',
    'http://localhost:3000',
  ]

  test.each([
    'https://app.example',
    'HTTPS://APP.example:443',
    'http://xn--bcher-kva.example',
    'http://XN--BCHER-KVA.example:80',
    'chrome-extension://abc',
    'http://localhost:3000',
  ])('%s passes, whatever Host says', (origin) => {
    expect(passes({ origins: [origin], host: 'other.example' }, list)).toBe(true)
  })

  test.each([
    'http://app.example',
    'https://app.example:444',
    'https://x.app.example',
    'null',
    '',
    'http://localhost',
    'chrome-extension://abcd',
  ])(
    '%j is refused, as far as it is not listed',
    (origin) => expect(passes({ origins: [origin] }, list)).toBe(false),
  )

  test('a request without Origin passes; the own origin does not unless listed', () => {
    expect(passes({}, list)).toBe(true)
    expect(passes({ origins: ['http://app.example'] }, [])).toBe(false)
  })

  test('null must be listed by name', () => {
    expect(passes({ origins: ['null'] }, ['null'])).toBe(true)
    expect(passes({ origins: ['NULL'] }, ['null'])).toBe(false)
  })

  const none = ['', '*', 'app.example', 'https://app.example/', 'https://*/x', 'https://u@h']
  const never = ['https://*.app.example', 'wss://app.example', 'WS://app.example']
  test.each([...none, ...never])(
    '%j in a list is a TypeError',
    (entry) => {
      expect(() => passes({}, [entry])).toThrow(TypeError)
      expect(() => passes({ origins: ['http://app.example'] }, ['http://app.example', entry])).toThrow(
        /allowed origins/,
      )
    },
  )
})

describe('a function', () => {
  test('is asked for every request, and its word counts', () => {
    const asked: unknown[] = []
    const judge = (answer: boolean) => (origin: string | undefined, request: RequestHead) => {
      asked.push(origin, request.target)
      return answer
    }
    expect(passes({}, judge(true))).toBe(true)
    expect(passes({}, judge(false))).toBe(false)
    expect(passes({ origins: ['null'] }, judge(true))).toBe(true)
    expect(passes({ origins: ['http://app.example'] }, judge(false))).toBe(false)
    expect(asked).toEqual([undefined, '/', undefined, '/', 'null', '/', 'http://app.example', '/'])
  })

  test.each([undefined, 1, 'yes', Promise.resolve(false)])(
    'must answer true or false, not %j: a promise would let all in',
    (answer) => {
      expect(() => passes({}, (() => answer) as never)).toThrow(TypeError)
    },
  )
})

test('all: nothing is looked at', () => {
  for (const origins of [[], ['null'], ['http://evil.example'], ['', 'x']]) {
    expect(passes({ origins }, 'all')).toBe(true)
  }
})

describe('a refusal', () => {
  const why = (asking: Asking, allowedOrigins?: AllowedOrigins) => {
    const answer = judgeUpgradeRequest(head(asking), { allowedOrigins, secure: asking.secure })
    return answer.accepted ? undefined : answer.reason?.message
  }

  test('names the own origin that was wanted, so that a server behind a proxy sees which scheme it takes itself to have', () => {
    expect(why({ origins: ['https://app.example'] })).toBe(
      'Cannot accept upgrade: want the server\'s own Origin "http://app.example", got "https://app.example"',
    )
  })

  test('does not name what is on a list', () => {
    expect(why({ origins: ['https://evil.example'] }, ['https://secret.example'])).toBe(
      'Cannot accept upgrade: want an Origin that is allowed, got "https://evil.example"',
    )
  })
})
