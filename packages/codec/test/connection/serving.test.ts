// ConnectionGroup, in memory: what every adapter's `serve` does beside listening.

import { describe, expect, test, vi } from 'vitest'
import { ConnectionGroup, type ServingOptions } from '../../src/adapter/index.ts'
import { type Connection, WebSocketError } from '../../src/index.ts'
import { utf8 } from '../support/bytes.ts'
import { wire } from '../support/frames.ts'
import { expectUnclean, KEY, watch } from './helpers.ts'
import { TestTransport, World } from './transport.ts'

const REQUEST = utf8(
  'GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
)

function group(options: ServingOptions = {}, handler: (connection: Connection) => void | Promise<void> = () => {}) {
  const world = new World()
  const onError = vi.fn()
  const connections: Connection[] = []
  const group = new ConnectionGroup({ onError, ...options, environment: world.environment }, (connection) => {
    connections.push(connection)
    return handler(connection)
  })
  const accept = async () => {
    const transport = new TestTransport()
    const accepted = watch(group.accept(transport))
    transport.give(REQUEST.slice())
    await world.settle()
    return { transport, accepted }
  }
  return { world, onError, connections, group, accept }
}

/** The status code of the one Close frame among the bytes behind the response. */
function closeCode({ bytes }: TestTransport): number {
  const at = new TextDecoder('latin1').decode(bytes).indexOf('\r\n\r\n') + 4
  expect([...bytes.subarray(at, at + 2)]).toEqual([0x88, 2])
  return bytes[at + 2]! * 256 + bytes[at + 3]!
}

const close = (code: number) => wire({ opcode: 8, payload: Uint8Array.of(code >> 8, code & 255), key: KEY, fin: true })

describe('closing', () => {
  test('says 1001 to all, and waits for their ends', async () => {
    const { world, group: all, accept } = group()
    const peers = [await accept(), await accept()]
    expect(all.connections.size).toBe(2)
    const closed = watch(all.close())
    await world.settle()
    for (const { transport } of peers) expect(closeCode(transport)).toBe(1001)
    expect(closed.state).toBe('pending')
    for (const { transport } of peers) {
      transport.give(close(1001))
      transport.end()
    }
    await world.settle()
    expect([closed.state, all.connections.size, world.timers]).toEqual(['resolved', 0, 0])
  })

  test('cuts those that are left after the timeout, not before', async () => {
    const { world, connections, group: all, accept } = group()
    const { transport } = await accept()
    const end = watch(connections[0]!.closed)
    const closed = watch(all.close({ timeout: 70 }))
    await world.pass(69)
    expect([closed.state, transport.did.includes('abort')]).toEqual(['pending', false])
    await world.pass(1)
    expect([closed.state, transport.did.includes('abort')]).toEqual(['resolved', true])
    expectUnclean(end)
    expect([all.connections.size, world.timers]).toEqual([0, 0])
  })

  test('cuts one that was closing already, and waits five seconds unless told', async () => {
    const { world, connections, group: all, accept } = group()
    await accept()
    connections[0]!.close({ closeCode: 3000 })
    await world.settle()
    const closed = watch(all.close())
    await world.pass(4999)
    expect(closed.state).toBe('pending')
    await world.pass(1)
    expect([closed.state, world.timers]).toEqual(['resolved', 0])
  })

  test('gives up the upgrades under way, in silence', async () => {
    const { world, onError, group: all, accept } = group({ accept: () => new Promise(() => {}) })
    const { transport, accepted } = await accept()
    await all.close()
    await world.settle()
    expect([accepted.state, transport.did.includes('abort'), world.timers]).toEqual(['resolved', true, 0])
    expect(onError).not.toHaveBeenCalled()
  })
})

describe('a handler that fails', () => {
  test('closes its connection with 1011, and onError hears of it once', async () => {
    const { onError, connections, accept } = group({}, () => Promise.reject(new Error('mine')))
    const { transport } = await accept()
    expect(closeCode(transport)).toBe(1011)
    const context = { where: 'handler', request: expect.objectContaining({ target: '/' }), connection: connections[0] }
    expect(onError.mock.calls).toEqual([[new Error('mine'), context]])
  })

  test('with the end of its connection: nobody hears of it', async () => {
    const { world, onError, accept } = group({}, async ({ closed }) => void await closed)
    const { transport } = await accept()
    transport.break(new Error('gone'))
    await world.settle()
    expect(onError).not.toHaveBeenCalled()
  })

  test('with something else after the end of its connection: onError hears of it', async () => {
    const { world, onError, accept } = group({}, async ({ closed }) => {
      await closed.catch(() => {})
      throw new Error('mine')
    })
    const { transport } = await accept()
    transport.break(new Error('gone'))
    await world.settle()
    expect(onError).toHaveBeenCalledTimes(1)
  })
})

test('what a peer does wrong before it is upgraded is no error of ours', async () => {
  const { world, onError, group: all } = group()
  for (const bytes of ['garbage\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', '']) {
    const transport = new TestTransport()
    const accepted = watch(all.accept(transport))
    transport.give(utf8(bytes))
    transport.end()
    await world.settle()
    expect(accepted.state).toBe('resolved')
  }
  expect([onError.mock.calls.length, all.connections.size, world.timers]).toEqual([0, 0, 0])
})

test('an error of a hook is one, though a peer’s would have its class', async () => {
  const mistake = new WebSocketError('the backend cannot be reached')
  const { onError, accept, world } = group({ accept: () => Promise.reject(mistake) })
  const { accepted } = await accept()
  await world.settle()
  expect(accepted.state).toBe('resolved')
  expect(onError).toHaveBeenCalledExactlyOnceWith(mistake, expect.objectContaining({ where: 'upgrade' }))
})

test('header fields that can be read only once are sent with every answer', async () => {
  const { accept } = group({ headers: new Map([['X-Once', 'yes']]).entries() })
  for (const { transport } of [await accept(), await accept()]) {
    expect(new TextDecoder('latin1').decode(transport.bytes)).toContain('\r\nX-Once: yes\r\n')
  }
})

test('a handler that is none is a TypeError', () => {
  expect(() => new ConnectionGroup({}, undefined as never)).toThrow(TypeError)
})

describe('options', () => {
  const never = 'that no request could be answered with are refused before the first'

  test.each<[unknown, string]>([
    [{ protocols: 'chat' }, 'Cannot serve: protocols must be a list, got "chat"'],
    [{ protocols: ['chat', 'a b'] }, 'Cannot serve: a subprotocol must be a token, got "a b"'],
    [
      { allowedOrigins: '*' },
      'Cannot serve: allowedOrigins must be a list, a function, "same-origin" or "all", got "*"',
    ],
    [
      { allowedOrigins: ['https://app.example/'] },
      'Cannot judge origin: want allowed origins such as "https://app.example", got "https://app.example/"',
    ],
    [
      { headers: { 'Set Cookie': 'a=b' } },
      'Cannot serve: the name of a header field must be a token, got "Set Cookie"',
    ],
    [
      { headers: { Upgrade: 'h2c' } },
      'Cannot serve: header field Upgrade cannot be set by the caller',
    ],
    [{ accept: 5 }, 'Cannot serve: accept must be a function, got number'],
    [{ onRequest: 'x' }, 'Cannot serve: onRequest must be a function, got string'],
    [{ onError: {} }, 'Cannot serve: onError must be a function, got Object'],
    [{ observe: [] }, 'Cannot open WebSocket: observe must be a function, got Array'],
    [{ binary: 'text' }, 'Cannot open WebSocket: binary must be copy or view, got text'],
    [{ extensions: [{ name: 'x y' }] }, 'Cannot serve: want a token as an extension\'s name, got "x y"'],
  ])(`%j ${never}`, (options, message) => {
    expect(() => group(options as ServingOptions)).toThrow(new TypeError(message))
  })

  test.each<ServingOptions>([
    { protocols: ['chat.v2', 'chat.v1'], allowedOrigins: ['https://app.example', 'null'] },
    { protocols: () => undefined, allowedOrigins: () => true },
    { protocols: [], allowedOrigins: 'all', extensions: [] },
    { allowedOrigins: 'same-origin', headers: [['Set-Cookie', 'a=b']] },
  ])('%j are taken', (options) => {
    expect(() => group(options)).not.toThrow()
  })
})
