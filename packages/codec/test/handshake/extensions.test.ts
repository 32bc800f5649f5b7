import { describe, expect, test } from 'vitest'
import {
  acceptExtensions,
  answerExtensions,
  type ExtensionFactory,
  formatExtensions,
  parseExtensions,
} from '../../src/handshake/extensions.ts'
import type { Extension } from '../../src/values/extension.ts'
import { ProtocolError } from '../../src/values/protocol-error.ts'
import { expectFault } from './heads.ts'

const deflate = (...params: [string, string?][]) => ({
  name: 'permessage-deflate',
  params: params.map(([name, value]) => [name, value]),
})

describe('parsing (rule 22, RFC 6455 §9.1)', () => {
  test.each([
    ['permessage-deflate', [deflate()]],
    ['permessage-deflate; client_max_window_bits', [deflate(['client_max_window_bits'])]],
    ['permessage-deflate;a=1;b', [deflate(['a', '1'], ['b'])]],
    ['permessage-deflate ; a = 1 ;\tb', [deflate(['a', '1'], ['b'])]],
    ['permessage-deflate; a="10"', [deflate(['a', '10'])]],
    ['permessage-deflate; a="1\\0"', [deflate(['a', '10'])]],
    ['foo, ,bar; x,', [{ name: 'foo', params: [] }, { name: 'bar', params: [['x', undefined]] }]],
    [' , foo', [{ name: 'foo', params: [] }]],
    ['foo; a; a=1; a=2', [{ name: 'foo', params: [['a', undefined], ['a', '1'], ['a', '2']] }]],
  ])('%j', (value, offers) => {
    expect(parseExtensions([value])).toEqual(offers)
  })

  test('several header lines are one list (rule 23)', () => {
    expect(parseExtensions(['foo; a', 'bar', 'foo'])).toEqual(parseExtensions(['foo; a, bar, foo']))
    expect(parseExtensions([])).toEqual([])
  })

  test.each([
    '',
    ' ',
    ',',
    ';',
    'foo;',
    'foo; ;a',
    'foo; =1',
    'foo; a=',
    'foo; a=;',
    'foo; a=,b',
    'foo bar',
    'foo; a b',
    'foo; a=1 2',
    'foo="x"',
    '"foo"',
    'foo; a=""',
    'foo; a="x y"',
    'foo; a="x,y"',
    'foo; a="x',
    'foo; a="x\\',
    'foo; a="x\\"',
    'foo; a="x"y',
    'foo; a="\\""',
    'f\u00f6o',
    'foo\0',
    'foo\u00a0',
  ])('refuses %j', (value) => {
    expectFault(() => parseExtensions([value]), 'malformed-extensions', /^Cannot parse Sec-WebSocket-Extensions: want /)
  })

  // security.md, row 2
  test("names of an object's own machinery are names like any other", () => {
    const offers = parseExtensions(['__proto__; constructor=x; __proto__, toString; hasOwnProperty'])
    expect(offers).toEqual([
      { name: '__proto__', params: [['constructor', 'x'], ['__proto__', undefined]] },
      { name: 'toString', params: [['hasOwnProperty', undefined]] },
    ])
    expectFault(() => acceptExtensions(['__proto__'], []), 'unexpected-extension')
    expect(answerExtensions(offers, [])).toEqual({ extensions: '', chain: [] })
  })

  test('formatting and parsing are inverse', () => {
    const offers = [deflate(['server_max_window_bits', '10'], ['client_max_window_bits']), { name: 'x', params: [] }]
    const text = 'permessage-deflate; server_max_window_bits=10; client_max_window_bits, x'
    expect(formatExtensions(offers as never)).toBe(text)
    expect(parseExtensions([text])).toEqual(offers)
    expect(formatExtensions([])).toBe('')
  })

  // security.md, row 12
  test.each(['a\r\nX: y', '', 'a b', 'a\0', '"a"'])('formatting refuses %j', (evil) => {
    expect(() => formatExtensions([{ name: evil, params: [] }])).toThrow(TypeError)
    expect(() => formatExtensions([{ name: 'a', params: [[evil, undefined]] }])).toThrow(TypeError)
    expect(() => formatExtensions([{ name: 'a', params: [['b', evil]] }])).toThrow(TypeError)
  })
})

/** An extension that takes any parameter but `bad`, and remembers whether it is open. */
function factory(name: string, rsv: number, open: Set<string>): ExtensionFactory {
  const extension = (): Extension => {
    open.add(name)
    return { name, rsv, decode: (frame) => [frame], encode: (frame) => [frame], close: () => void open.delete(name) }
  }
  return {
    name,
    offers: () => [{ name, params: [] }],
    accept({ params }) {
      if (params.some(([param]) => param === 'bad')) throw new ProtocolError('unexpected-extension', 'bad parameter')
      return extension()
    },
    answer(offer) {
      if (offer.params.some(([param]) => param === 'bad')) return undefined
      return { response: offer, extension: extension() }
    },
  }
}

describe('negotiation', () => {
  const open = new Set<string>()
  const [a, b, clash] = [factory('a', 0x40, open), factory('b', 0x20, open), factory('c', 0x40, open)]

  test('client: the chain stands in the order of the answer (§9.1)', () => {
    const { extensions, chain } = acceptExtensions(['b ;x', 'a'], [a, b])
    expect(chain.map(({ name }) => name)).toEqual(['b', 'a'])
    expect(extensions).toBe('b; x, a')
  })

  test.each([
    ['c', 'not offered (rule 16)'],
    ['a, c', 'not offered (rule 16)'],
    ['A', 'spelled otherwise'],
    ['a, a', 'answered twice'],
    ['a, b; bad', 'a parameter the extension refuses'],
  ])('client: refuses %j: %s; what was built is closed', (value) => {
    open.clear()
    expectFault(() => acceptExtensions([value], [a, b]), 'unexpected-extension')
    expect(open.size).toBe(0)
  })

  test('client: two extensions may not claim one reserved bit', () => {
    expectFault(() => acceptExtensions(['a, c'], [a, clash]), 'unexpected-extension', /reserved bit/)
  })

  test('server: answers a subset of the offers, the first acceptable one of each extension (rule 20)', () => {
    const offers = parseExtensions(['unknown, b; bad, a; x, a; y, b; z'])
    const { extensions, chain } = answerExtensions(offers, [a, b])
    expect(extensions).toBe('a; x, b; z')
    expect(chain.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('server: answers an extension once, though it claims no reserved bit, and whatever it calls itself', () => {
    const offers = parseExtensions(['quiet; a, quiet; b'])
    const quiet = factory('quiet', 0, open)
    const renamed = factory('another', 0, open)
    for (const one of [quiet, { ...renamed, name: 'quiet' }]) {
      expect(answerExtensions(offers, [one]).extensions).toBe('quiet; a')
    }
  })

  test('server: where an answer cannot be sent, all that were made are closed', () => {
    open.clear()
    const response = { name: 'c', params: [['bits', 9 as never]] as const }
    const wrong = {
      ...clash,
      answer: () => ({ response, extension: factory('c', 0x10, open).answer(response)!.extension }),
    }
    expect(() => answerExtensions(parseExtensions(['a, c']), [a, wrong])).toThrow(TypeError)
    expect(open.size).toBe(0)
  })

  test('server: declines what claims a reserved bit that is taken, and closes it', () => {
    open.clear()
    expect(answerExtensions(parseExtensions(['c, a']), [a, clash]).extensions).toBe('c')
    expect([...open]).toEqual(['c'])
  })
})
