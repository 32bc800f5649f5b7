// Messages as they go out: what becomes of every kind, when a promise resolves, whose bytes they are, and how they are written.

import { describe, expect, test } from 'vitest'
import {
  type CommonOptions,
  Connection,
  FrameDecoder,
  Opcode,
  prepareMessage,
  type Role,
  type Sendable,
} from '../../src/index.ts'
import { expectBytes, join, pattern, utf8 } from '../support/bytes.ts'
import { peerOf } from '../support/frames.ts'
import { sharedBytes } from '../support/shared-memory.ts'
import { connect, drain, roles, source, watch, World } from './helpers.ts'

const LENT = 16385

describe.each(roles)('as a %s', (role) => {
  describe('a message', () => {
    test.each([
      ['a string', 'grüß dich', 'text grüß dich'],
      ['an empty string', '', 'text'],
      ['bytes', utf8('bytes'), 'binary bytes'],
      ['an ArrayBuffer', utf8('buffer').buffer, 'binary buffer'],
      ['a DataView', new DataView(utf8('xviewx').buffer, 1, 4), 'binary view'],
      ['no bytes', new Uint8Array(0), 'binary'],
      ['a lone surrogate', 'x\ud800y', 'text x\ufffdy'],
      ['a prepared text', prepareMessage('prepared'), 'text prepared'],
      ['prepared bytes', prepareMessage(utf8('prepared')), 'binary prepared'],
    ])('that is %s goes out as it should', async (_, message, word) => {
      const { connection, peer } = connect(role)
      await connection.send(message as Sendable)
      expect(await peer.hears()).toEqual([word])
    })

    test('has the type that is asked for', async () => {
      const { connection, peer } = connect(role)
      void connection.send('as binary', { type: 'binary' })
      void connection.send(utf8('as text'), { type: 'text' })
      void connection.send(prepareMessage('prepared'), { type: 'text', length: 8 })
      expect(await peer.hears()).toEqual(['binary as binary', 'text as text', 'text prepared'])
    })

    test.each([
      ['a number', 1, {}, TypeError],
      ['nothing', undefined, {}, TypeError],
      ['an object', {}, {}, TypeError],
      ['shared memory', sharedBytes(2), {}, TypeError],
      ['bytes as text that are no UTF-8', Uint8Array.of(0x61, 0xff), { type: 'text' }, TypeError],
      ['bytes as text that end inside a character', Uint8Array.of(0xc3), { type: 'text' }, TypeError],
      ['bytes of a type that there is not', Uint8Array.of(0x61), { type: 'Text' as 'text' }, TypeError],
      ['a text of a type that there is not', 'a', { type: 'json' as 'text' }, TypeError],
      ['bytes of another length than declared', new Uint8Array(3), { length: 4 }, RangeError],
      ['a text of another length than declared', 'ü', { length: 1 }, RangeError],
      ['prepared as text, with another type', prepareMessage('a'), { type: 'binary' }, TypeError],
      ['prepared with another length than declared', prepareMessage('ü'), { length: 1 }, RangeError],
      ['a stream with a length that is none', source('x').stream, { length: -1 }, RangeError],
    ])('that is %s is refused, and nothing is sent', async (_, message, options, kind) => {
      const { connection, peer, end } = connect(role)
      await expect(connection.send(message as string, options as object)).rejects.toBeInstanceOf(kind)
      expect(await peer.hears()).toEqual([])
      expect(end.state).toBe('pending')
      if (message instanceof ReadableStream) expect(message.locked).toBe(false)
    })

    test('of any size goes out with the right bytes, and the caller’s are never written to', async () => {
      for (const size of [0, 125, 126, LENT - 1, LENT, 65535, 65536, 200_000]) {
        const { connection, transport, world } = connect(role)
        const bytes = pattern(size)
        void connection.send(bytes)
        await world.settle()
        expectBytes(bytes, pattern(size))
        expectBytes(unmasked(role, transport.bytes), pattern(size))
      }
    })
  })

  describe('whose bytes they are', () => { // architecture.md, Who owns which bytes
    test('what is not lent is copied when send() returns, behind a streamed message too', async () => {
      for (const behind of [false, true]) {
        const { connection, peer, world } = connect(role)
        const first = source<string>()
        if (behind) void connection.send(first.stream)
        const bytes = utf8('before')
        void connection.send(bytes)
        bytes.set(utf8('after!'))
        await world.settle()
        if (behind) first.close()
        expect((await peer.hears()).at(-1)).toBe('binary before')
      }
    })

    test('a server lends 16 KiB and more, uncopied, until the promise resolves; a client never does', async () => {
      const { connection, transport, world } = connect(role)
      transport.hold()
      const bytes = pattern(LENT)
      const sent = watch(connection.send(bytes))
      await world.settle()
      transport.letOne() // the header
      await world.settle()
      expect(transport.chunks.some(({ buffer }) => buffer === bytes.buffer)).toBe(role === 'server')
      expect(sent.state).toBe(role === 'server' ? 'pending' : 'resolved')
      transport.letAll()
      await world.settle()
      expect(sent.state).toBe('resolved')
    })

    test('no two chunks that are written share a buffer, however a source’s chunks are cut', async () => {
      const { connection, transport, world } = connect(role, { limits: { fragmentSize: LENT } })
      const long = source(pattern(100_000), pattern(40_000))
      void connection.send(long.stream)
      await world.settle()
      long.close()
      await world.settle()
      const buffers = transport.chunks.map(({ buffer }) => buffer)
      expect(new Set(buffers).size).toBe(buffers.length)
    })

    test('a received message that was transferred away since is refused, not sent as an empty one', async () => {
      const { connection, peer, world } = connect(role)
      const reader = connection.readable.getReader()
      peer.says({ opcode: Opcode.Binary, payload: pattern(10) })
      const message = (await reader.read()).value as Uint8Array
      void connection.send(message)
      await world.settle()
      structuredClone(message, { transfer: [message.buffer as ArrayBuffer] })
      await expect(connection.send(message)).rejects.toBeInstanceOf(TypeError)
      expect(await peer.hears()).toHaveLength(1)
    })

    test('a prepared message is the same bytes for everybody, whatever becomes of its source', async () => {
      const bytes = pattern(20_000)
      const prepared = prepareMessage(bytes)
      bytes.fill(0)
      for (let i = 0; i < 3; i++) {
        const { connection, transport, world } = connect(role)
        void connection.send(prepared)
        await world.settle()
        expectBytes(unmasked(role, transport.bytes), pattern(20_000))
      }
    })
  })

  describe('one write a turn', () => { // docs/decisions/0003
    test('a hundred messages of one turn leave in one write, at the end of the turn', async () => {
      const { connection, peer, transport, world } = connect(role)
      for (let i = 0; i < 100; i++) void connection.send(`message ${i}`)
      await Promise.resolve()
      expect(transport.chunks.length).toBe(0)
      world.endTurn()
      expect(await peer.hears()).toHaveLength(100)
      expect(transport.chunks.length).toBe(1)
    })

    test('one message alone leaves within its turn', async () => {
      const { connection, transport, world } = connect(role)
      for (let turn = 1; turn <= 3; turn++) {
        void connection.send('alone')
        expect(world.deferred).toBe(1)
        await world.settle()
        expect(transport.chunks.length).toBe(turn)
      }
    })

    test('a full buffer leaves at once', async () => {
      const { connection, transport } = connect(role, { limits: { highWaterMark: 1000 } })
      void connection.send('x'.repeat(900))
      await drain()
      expect(transport.chunks.length).toBe(0)
      void connection.send('x'.repeat(900))
      await drain()
      expect(transport.chunks.length).toBe(1)
    })

    test('answers and messages of one turn leave together', async () => {
      const { connection, peer, transport, world } = connect(role)
      peer.says({ opcode: Opcode.Ping })
      await Promise.resolve()
      void connection.send('x')
      await world.settle()
      expect(transport.chunks.length).toBe(1)
    })
  })

  describe('a transport that calls back while it is written to', () => {
    // A message of 70 KB goes in two chunks, between which nothing may come.
    const open = (calls: (connection: Connection) => void, options: CommonOptions = {}) => {
      const world = new World()
      const did: string[] = []
      const chunks: Uint8Array[] = []
      const writable = new WritableStream<Uint8Array>({
        write: (chunk) => {
          did.push('write')
          if (chunks.push(chunk) === 1) calls(connection)
        },
        close: () => void did.push('shutdown'),
      }, { highWaterMark: 9 })
      const streams = { readable: new ReadableStream<Uint8Array>(), writable }
      const connection: Connection = new Connection(streams, {
        environment: world.environment,
        limits: { highWaterMark: 2 ** 20 }, // room for more
        ...options,
        role,
      })
      const frames = () => {
        const decoder = new FrameDecoder({ role: peerOf(role), wholeFrameLimit: 2 ** 20, copy: true })
        return [...decoder.decode(join(chunks))].map(({ opcode, payload }) => `${opcode} ${payload.length}`)
      }
      return { world, connection, frames, did }
    }

    test('has what that sends behind the message', async () => {
      const { connection, world, frames } = open((connection) => {
        void connection.send(new Uint8Array(80_000))
        void connection.ping()
        void connection.send('small')
      })
      await drain()
      const sent = watch(connection.send(new Uint8Array(70_000)))
      await world.settle()
      expect(frames()).toEqual(['2 70000', '2 80000', '9 1', '1 5'])
      expect(sent.state).toBe('resolved')
      expect(connection.stats().bytesWaiting).toBe(0)
    })

    test('has its Close behind the message, and its end behind both', async () => {
      const { connection, world, frames, did } = open((connection) => connection.close())
      await drain()
      const sent = watch(connection.send(new Uint8Array(70_000)))
      await world.settle()
      expect(frames()).toEqual(['2 70000', '8 0'])
      expect(sent.state).toBe('resolved')
      expect(did).toEqual(['write', 'write', 'write'])
    })

    test('and fails the connection has the end of our direction behind the message, too', async () => {
      const { connection, world, frames, did } = open((connection) => {
        const writer = connection.writable.getWriter()
        for (const text of ['a', 'b']) writer.write(text.repeat(1000)).catch(() => {}) // more than may wait
      }, {
        environment: { defer: (callback) => callback() },
        limits: { maxQueued: 1000, highWaterMark: 1, closeTimeout: 200 },
      })
      await drain()
      void connection.send(new Uint8Array(70_000))
      await world.settle()
      expect(frames()).toEqual(['2 70000', '8 2'])
      expect(did.at(-1)).toBe('shutdown')
      await connection.closed.catch(() => {})
    })
  })

  test('promises that nobody looks at never become unhandled rejections', async () => { // connection.md, How it ended
    // Vitest fails the run for any of them.
    const { connection, transport, world } = connect(role, { limits: { highWaterMark: 10, maxQueued: 2000 } })
    transport.hold()
    for (let i = 0; i < 100; i++) void connection.send('x'.repeat(100))
    void connection.send(source('a', 'b').stream)
    void connection.send(source('a', 'b').stream)
    void connection.send(new Uint8Array(20_000))
    void connection.ping()
    await world.settle()
    transport.break(new Error('gone'))
    await world.settle()
    void connection.send('late')
    void connection.ping()
    await world.settle()
    expect(world.timers).toBe(0)
  })
})

/** The payload of the frames, put together. */
function unmasked(role: Role, bytes: Uint8Array): Uint8Array {
  const payloads: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    let length = bytes[at + 1]! & 127
    let start = at + 2
    if (length === 126) [length, start] = [bytes[at + 2]! * 256 + bytes[at + 3]!, at + 4]
    else if (length === 127) {
      ;[length, start] = [new DataView(bytes.buffer, bytes.byteOffset + at + 6).getUint32(0), at + 10]
    }
    const key = role === 'client' ? bytes.slice(start, start + 4) : undefined
    if (key !== undefined) start += 4
    const payload = bytes.slice(start, start + length)
    payloads.push(key === undefined ? payload : payload.map((byte, i) => byte ^ key[i & 3]!))
    at = start + length
  }
  return join(payloads)
}
