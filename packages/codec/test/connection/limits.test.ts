// Limits and laws on the way in: memory follows the bytes that came, reading stops in time, and every attack has its bound.

import { describe, expect, test } from 'vitest'
import { Opcode } from '../../src/index.ts'
import { cutAt, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { wire } from '../support/frames.ts'
import { collect, connect, expectClean, expectFault, expectUnclean, KEY, roles, watch } from './helpers.ts'

describe.each(roles)('as a %s', (role) => {
  describe('reading stops when the read-ahead is full, and goes on when there is room', () => { // law 6
    test('messages that nobody reads', async () => {
      const { connection, peer, transport, world } = connect(role, { limits: { readAhead: 10_000 } })
      for (let i = 0; i < 100; i++) peer.says({ opcode: Opcode.Binary, payload: pattern(1000) })
      await world.settle()
      expect(transport.pulled).toBeGreaterThan(8000)
      expect(transport.pulled).toBeLessThan(13_000)
      expect(connection.stats().bytesReadAhead).toBeLessThan(12_000)
      const reader = connection.readable.getReader()
      const before = transport.pulled
      for (let i = 1; i <= 5; i++) await reader.read()
      await world.settle()
      expect(transport.pulled).toBeGreaterThan(before + 3000)
      expect(transport.pulled).toBeLessThan(before + 7000)
      for (let i = 6; i <= 100; i++) await reader.read()
      expect(connection.stats()).toMatchObject({ messagesReceived: 100, bytesReadAhead: 0 })
    })

    test('a read-ahead of nothing still lets everything through', async () => {
      const { connection, peer, transport, world, end } = connect(role, { limits: { readAhead: 0 } })
      peer.says(peer.text('a'), peer.text('b'))
      peer.says(peer.text('c', { fin: false }), peer.text('d', { opcode: 0 }), peer.close(1000))
      transport.end()
      const { items } = collect(connection.readable)
      await world.settle()
      expect(items).toEqual(['a', 'b', 'cd'])
      expectClean(end, 1000)
    })

    test('the end of the transport is seen when what came before was read', async () => {
      const { connection, peer, transport, world, end } = connect(role, { limits: { readAhead: 10 } })
      peer.says(peer.text('x'.repeat(100)))
      transport.end()
      await world.settle()
      expect(end.state).toBe('pending')
      const reader = connection.readable.getReader()
      expect((await reader.read()).value).toHaveLength(100)
      await world.settle()
      expectFault(expectUnclean(end), 'unexpected-end')
    })
  })

  describe('what waits to be read costs no more than the read-ahead', () => { // law 1
    const attacks: [string, (peer: ReturnType<typeof connect>['peer'], i: number) => Uint8Array][] = [
      ['empty fragments', (peer, i) =>
        // security.md, rows 7 and 13
        join(Array.from({ length: 200 }, (_, j) => peer.wire({ opcode: i + j === 0 ? 2 : 0, fin: false })))],
      [
        'fragments of one byte',
        (peer, i) =>
          join(
            Array.from({ length: 200 }, (_, j) =>
              peer.wire({ opcode: i + j === 0 ? 2 : 0, fin: false, payload: pattern(1) })),
          ),
      ],
      ['a long frame that drips byte by byte', (peer, i) =>
        // security.md, row 22
        i === 0 ? peer.wire({ opcode: 2, length: 2 ** 40 }) : Uint8Array.of(i)],
      ['a little data at the end of each chunk of pongs', (peer, i) =>
        join([
          ...Array.from({ length: 1000 }, () => peer.wire({ opcode: Opcode.Pong })),
          peer.wire({ opcode: i === 0 ? 2 : 0, fin: false, payload: pattern(100) }),
        ])],
      ['a little data before each chunk of pongs', (peer, i) =>
        join([
          peer.wire({ opcode: i === 0 ? 2 : 0, fin: false, payload: pattern(100) }),
          ...Array.from({ length: 1000 }, () => peer.wire({ opcode: Opcode.Pong })),
        ])],
      ['small windows onto large buffers', (peer, i) => { // security.md, row 22
        const wire = peer.wire({ opcode: i === 0 ? 2 : 0, fin: false, payload: pattern(10) })
        const pool = new Uint8Array(100_000)
        pool.set(wire, 5000)
        return pool.subarray(5000, 5000 + wire.length)
      }],
    ]

    test.each(attacks)('%s', async (_, chunk) => {
      const { connection, peer, transport, world } = connect(role, { limits: { readAhead: 20_000 } })
      const given: { buffer: number }[] = []
      for (let i = 0; i < 600; i++) {
        const bytes = chunk(peer, i)
        given.push({ buffer: bytes.length * 2 < bytes.buffer.byteLength ? bytes.length : bytes.buffer.byteLength })
        transport.give(bytes)
      }
      await world.settle()
      // Whatever was read is held at most, and objects are not free: some hundred parts, not twenty thousand.
      const read = 600 - transport.left
      const held = given.slice(0, read).reduce((sum, { buffer }) => sum + buffer, 0)
      const { framesReceived, pongsReceived } = connection.stats()
      expect(held).toBeLessThan(60_000)
      expect(framesReceived - pongsReceived).toBeLessThan(1000)
      expect(read).toBeLessThan(400)
      // And nothing is lost by it.
      void connection.readable.cancel()
      await world.settle()
      expect(transport.left).toBe(0)
    })

    test('a header that declares 2^40 bytes allocates nothing', async () => { // security.md, rows 22, 27, 28
      const { connection, peer, transport, world } = connect(role, { limits: { maxMessageSize: Infinity } })
      const read = watch(connection.readable.getReader().read())
      transport.give(peer.wire({ opcode: Opcode.Binary, length: 2 ** 40, payload: pattern(1000) }))
      await world.settle()
      expect(read.state).toBe('pending')
      expect(world.allocated).toBeLessThan(2 * 1000 + 65536)
    })

    test('a message in a million pieces allocates at most twice its bytes, and 64 KiB', async () => { // laws 1 and 2
      const { connection, peer, transport, world } = connect(role)
      const { items } = collect(connection.readable)
      const total = 300_000
      const frames = 1_000_000
      transport.give(peer.wire({ opcode: 2, fin: false }))
      const piece = join([
        ...Array.from({ length: 70 }, () => peer.wire({ opcode: 0, fin: false })),
        ...Array.from({ length: 30 }, () => peer.wire({ opcode: 0, fin: false, payload: Uint8Array.of(7) })),
      ])
      for (let i = 0; i < frames / 100; i++) transport.give(piece.slice())
      peer.says({ opcode: 0 })
      await world.settle()
      expect((items[0] as Uint8Array).length).toBe(total)
      expect(world.allocated).toBeLessThan(2 * total + 65536 + total) // the exact array at the end
      expect(connection.stats()).toMatchObject({ framesReceived: frames + 2, messagesReceived: 1 })
    })

    test('the same through a body that is read', async () => {
      const { connection, peer, transport, world } = connect(role)
      transport.give(peer.wire({ opcode: 2, fin: false }))
      const piece = join(Array.from({ length: 1000 }, () => peer.wire({ opcode: 0, fin: false })))
      for (let i = 0; i < 300; i++) transport.give(piece.slice())
      peer.says({ opcode: 0, payload: utf8('end') })
      const { value: message } = await connection.messages().next()
      const { items } = collect<Uint8Array>(message!.body)
      await world.settle()
      expect(items.map((item) => item.length)).toEqual([3])
    })
  })

  describe('limits are judged as early as the header allows', () => { // law 3
    test('a frame above maxFrameSize fails at its header, message or not', async () => { // security.md, row 27
      const { peer, transport, world, end } = connect(role, { limits: { maxFrameSize: 1000 } })
      transport.give(peer.wire({ opcode: Opcode.Binary, length: 2 ** 40 }).slice(0, 10))
      expect((await peer.hears())[0]).toMatch('close 1009 Cannot decode frame: payload must be at most 1000 bytes')
      transport.end()
      await world.settle()
      expectFault(expectUnclean(end), 'frame-too-big')
    })

    test('an unknown opcode fails at its first byte', async () => { // security.md, row 27
      const { peer, transport } = connect(role)
      transport.give(Uint8Array.of(0x83))
      expect((await peer.hears())[0]).toMatch('close 1002')
    })

    test.each([
      ['readAhead', -1],
      ['maxMessageSize', 1.5],
      ['maxFrameSize', NaN],
      ['highWaterMark', '10'],
      ['fragmentSize', 0],
      ['closeTimeout', 0],
      ['maxQueued', -Infinity],
    ])('limits.%s of %j is a RangeError that names it', (name, value) => {
      expect(() => connect(role, { limits: { [name]: value } })).toThrow(RangeError)
      expect(() => connect(role, { limits: { [name]: value } })).toThrow(`limits.${name}`)
    })

    test('infinite limits are limits too', async () => {
      const all = Object.fromEntries(
        ['maxMessageSize', 'maxFrameSize', 'readAhead', 'highWaterMark', 'maxQueued', 'fragmentSize', 'closeTimeout']
          .map((name) => [name, Infinity]),
      )
      const { connection, peer, world } = connect(role, { limits: all })
      void connection.send(new Uint8Array(50_000))
      peer.says(peer.text('x'))
      expect((await connection.readable.getReader().read()).value).toBe('x')
      connection.close()
      expect(await peer.hears()).toEqual(['binary (50000)', 'close'])
      await world.pass(1e12)
    })
  })

  test('whatever garbage comes, one byte at a time, the end comes too', async () => { // law 5
    for (let seed = 0; seed < 64; seed++) {
      const { transport, world, end, connection } = connect(role, { limits: { readAhead: Infinity } })
      collect(connection.readable)
      for (const byte of oneByOne(pattern(60, seed * 7919))) transport.give(byte)
      transport.end()
      await world.pass(30_000)
      expect(end.state).not.toBe('pending')
      expect([world.timers, world.deferred]).toEqual([0, 0])
    }
  })

  test('what is read ahead counts as much as the memory that it keeps alive', async () => { // security.md, row 22
    const { connection, peer, world } = connect(role, { limits: { readAhead: 1 } })
    peer.says(...[1, 2].map((seed) => ({ opcode: Opcode.Binary, payload: pattern(20_000, seed) })))
    await world.settle()
    const reader = connection.readable.getReader()
    for (let message = 1; message <= 2; message++) { // one waits, the other is still to be looked at
      expect(connection.stats().bytesReadAhead).toBeGreaterThan(40_000)
      await reader.read()
    }
    expect(connection.stats().bytesReadAhead).toBe(0)
  })

  test('a few bytes that came with the upgrade keep nothing alive that came with them', async () => { // security.md, row 22
    const memory = new Uint8Array(100_000)
    const said = wire({ opcode: Opcode.Binary, payload: pattern(100), ...(role === 'server' && { key: KEY }) })
    memory.set(said)
    const { connection, world } = connect(role, { head: memory.subarray(0, said.length) })
    await world.settle()
    expect(connection.stats().bytesReadAhead).toBeLessThan(1000)
  })

  test('stats() counts both ways, in frames, messages and bytes of the wire', async () => {
    const { connection, peer, transport, world } = connect(role)
    const { items } = collect(connection.readable)
    expect(connection.stats()).toEqual({
      framesReceived: 0,
      framesSent: 0,
      messagesReceived: 0,
      messagesSent: 0,
      bytesReceived: 0,
      bytesSent: 0,
      pingsReceived: 0,
      pingsSent: 0,
      pongsReceived: 0,
      pongsSent: 0,
      bytesWaiting: 0,
      bytesReadAhead: 0,
      lastRoundTrip: undefined,
    })
    const first = peer.wire(peer.text('aa', { fin: false }))
    const bytes = join([
      first,
      peer.wire({ opcode: 0, payload: utf8('b') }),
      peer.wire({ opcode: Opcode.Ping }),
      peer.wire({ opcode: Opcode.Pong }),
    ])
    // A frame in two parts is one, and so is one whose header came alone.
    for (const chunk of cutAt(bytes, [first.length - 2, first.length - 1, bytes.length - 1])) transport.give(chunk)
    await connection.send('out')
    void connection.ping()
    await world.settle()
    expect(items).toEqual(['aab'])
    expect(connection.stats()).toMatchObject({
      framesReceived: 4,
      framesSent: 3,
      messagesReceived: 1,
      messagesSent: 1,
      bytesReceived: bytes.length,
      bytesSent: transport.bytes.length,
      pingsReceived: 1,
      pingsSent: 1,
      pongsReceived: 1,
      pongsSent: 1,
      bytesWaiting: 0,
    })
  })
})
