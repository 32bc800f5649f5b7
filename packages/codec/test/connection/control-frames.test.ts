// Pings and pongs: answered in time, bounded in number, out of the way of data.

import { describe, expect, test } from 'vitest'
import { type Connection, Opcode } from '../../src/index.ts'
import { join, pattern, utf8 } from '../support/bytes.ts'
import { sharedBytes } from '../support/shared-memory.ts'
import { collect, connect, expectFault, expectUnclean, roles, source, watch } from './helpers.ts'

const ping = (text: string) => ({ opcode: Opcode.Ping, payload: utf8(text) })
const pong = (text: string) => ({ opcode: Opcode.Pong, payload: utf8(text) })

describe.each(roles)('as a %s', (role) => {
  describe('pings are answered', () => {
    test('each of ten in one chunk, in order, where the transport takes them', async () => { // rule 40
      const { peer } = connect(role)
      const names = Array.from({ length: 10 }, (_, i) => `p${i}`)
      peer.says(...names.map(ping))
      expect(await peer.hears()).toEqual(names.map((name) => `pong ${name}`))
    })

    test('with the same data, whatever its size', async () => {
      const { peer, transport } = connect(role)
      for (const size of [0, 1, 124, 125]) {
        const before = transport.chunks.length
        peer.says({ opcode: Opcode.Ping, payload: pattern(size) })
        expect((await peer.hears()).length).toBe(1)
        expect(transport.chunks.length).toBe(before + 1)
      }
    })

    test('while nobody reads messages, as long as the read-ahead has room; then not until it has again', async () => { // connection.md, Backpressure
      const { connection, peer } = connect(role, { limits: { readAhead: 1000 } })
      peer.says(peer.text('x'.repeat(100)), ping('a'))
      expect(await peer.hears()).toEqual(['pong a'])
      peer.says(peer.text('x'.repeat(1000)))
      peer.says(ping('b'))
      expect(await peer.hears()).toEqual([])
      const reader = connection.readable.getReader()
      await reader.read()
      await reader.read()
      expect(await peer.hears()).toEqual(['pong b'])
    })

    test('between the fragments of a message that comes in', async () => { // rule 33
      const { connection, peer, world } = connect(role)
      const { items } = collect(connection.readable)
      peer.says(peer.text('a', { fin: false }), ping('1'), { opcode: 0, payload: utf8('b'), fin: false })
      peer.says(ping('2'), { opcode: 0, payload: utf8('c') })
      expect(await peer.hears()).toEqual(['pong 1', 'pong 2'])
      await world.settle()
      expect(items).toEqual(['abc'])
    })

    test('between the fragments of a message that goes out: before the next but one', async () => {
      const { connection, peer, transport, world } = connect(role)
      transport.hold()
      const long = source<Uint8Array>(...Array.from({ length: 6 }, () => new Uint8Array(40_000)))
      void connection.send(long.stream)
      await world.settle()
      peer.says(ping('now'))
      // One write at a time: the transport is never idle, and the pong must go out all the same.
      const heard: string[] = []
      for (let i = 0; i < 40; i++) {
        transport.letOne()
        await world.settle()
        heard.push(...peer.heard())
      }
      // When the ping came two fragments were out or encoded; one more may be before the answer.
      const at = heard.indexOf('pong now')
      expect(at).toBeGreaterThan(0)
      expect(at).toBeLessThanOrEqual(3)
    })

    test('at the end of a frame of declared length, which nothing may interrupt', async () => { // connection.md, Messages
      const { connection, peer, world } = connect(role)
      const long = source<Uint8Array>()
      const sent = watch(connection.send(long.stream, { length: 8 }))
      long.push(utf8('half'))
      await world.settle()
      peer.says(ping('1'), ping('2'))
      const mine = watch(connection.ping(utf8('mine')))
      await world.settle()
      long.push(utf8('full'))
      long.close()
      expect(await peer.hears()).toEqual(['binary halffull', 'ping mine', 'pong 2'])
      peer.says(pong('mine'))
      await world.settle()
      expect([sent.state, mine.state]).toEqual(['resolved', 'resolved'])
    })

    test('not where automatic answers are off', async () => {
      const seen: string[] = []
      const { peer } = connect(role, {
        autoPong: false,
        observe: (direction, { opcode }) => seen.push(`${direction} ${opcode}`),
      })
      peer.says(ping('hello'))
      expect(await peer.hears()).toEqual([])
      expect(seen).toEqual(['in 9'])
    })
  })

  test('a flood of 100 000 pings against a stalled transport: one pong waits, the newest', async () => { // security.md, rows 17 and 18; law 4
    const { connection, peer, transport, world } = connect(role)
    transport.hold()
    void connection.send('in the way')
    await world.settle()
    const flood = 500
    const chunk = join(Array.from({ length: 200 }, () => peer.wire(ping('flood'))))
    for (let i = 0; i < flood; i++) transport.give(chunk.slice())
    peer.says(ping('last'))
    await world.settle()
    expect(connection.stats().pingsReceived).toBe(flood * 200 + 1)
    expect(transport.chunks.length).toBe(1)
    expect(connection.stats().bytesWaiting).toBe(transport.chunks[0]!.length)
    expect(world.allocated).toBeLessThan(10_000)
    transport.letAll()
    expect(await peer.hears()).toEqual(['text in the way', 'pong last'])
    expect(connection.stats().pongsSent).toBe(1)
  })

  test('pongs do not pile up behind a stalled transport, though messages keep being sent', async () => { // security.md, row 18
    const { connection, peer, transport, world } = connect(role, { limits: { highWaterMark: 1000 } })
    transport.hold()
    for (let i = 0; i < 20; i++) {
      void connection.send('x'.repeat(600))
      peer.says(ping(`${i}`))
      await world.settle()
    }
    expect(connection.stats().pongsSent).toBeLessThan(3)
    transport.letAll()
    expect((await peer.hears()).at(-1)).toBe('pong 19')
  })

  test('nor behind one that has taken only some of what it was given', async () => { // security.md, row 18; law 4
    const { connection, peer, transport, world } = connect(role, { limits: { highWaterMark: 1000 } })
    transport.hold()
    for (const length of [500, 5000]) {
      void connection.send('x'.repeat(length))
      await world.settle()
    }
    transport.letOne()
    await world.settle()
    peer.says(...Array.from({ length: 100 }, (_, i) => ping(`${i}`)))
    await world.settle()
    transport.letAll()
    expect((await peer.hears()).filter((word) => word.startsWith('pong'))).toEqual(['pong 99'])
  })

  test('a pong that waits goes out before our Close, whoever closes', async () => { // rule 40
    for (const closer of ['we', 'the peer']) {
      const { connection, peer, transport, world } = connect(role)
      transport.hold()
      void connection.send('in the way')
      await world.settle()
      peer.says(ping('waits'))
      await world.settle()
      if (closer === 'we') connection.close()
      else peer.says(peer.close())
      await world.settle()
      transport.letAll()
      expect(await peer.hears()).toEqual(['text in the way', 'pong waits', 'close'])
    }
  })

  test('a flood of pings that no transport ever takes keeps at most the high-water mark waiting', async () => {
    const { connection, peer, transport, world } = connect(role, { limits: { highWaterMark: 1000 } })
    transport.hold()
    const chunk = join(Array.from({ length: 500 }, () => peer.wire(ping('flood'))))
    for (let i = 0; i < 100; i++) transport.give(chunk.slice())
    await world.settle()
    expect(connection.stats().bytesWaiting).toBeLessThanOrEqual(500 * 11) // the pongs of the first chunk
  })

  describe('pongs that nobody asked for, or that come twice, change nothing', () => { // rule 41; security.md, row 21
    test.each([['before any ping', []], ['beside one, whose data is the begin of theirs', ['no']]])(
      '%s',
      async (_, sent) => {
        const { connection, peer, world } = connect(role)
        const pings = sent.map((text) => watch(connection.ping(utf8(text))))
        peer.says(pong(''), pong('nobody'), pong('nobody'))
        await world.settle()
        expect(pings.map(({ state }) => state)).toEqual(sent.map(() => 'pending'))
        peer.says(...sent.map(pong), ...sent.map(pong))
        await world.settle()
        expect(pings.map(({ state }) => state)).toEqual(sent.map(() => 'resolved'))
        peer.says(peer.text('fine'))
        expect((await connection.readable.getReader().read()).value).toBe('fine')
      },
    )
  })

  describe('ping()', () => {
    test('resolves with the round trip, and stats() keeps the last', async () => {
      const { connection, peer, world } = connect(role)
      expect(connection.stats().lastRoundTrip).toBeUndefined()
      const trip = watch(connection.ping(utf8('hello')))
      expect(await peer.hears()).toEqual(['ping hello'])
      await world.pass(42)
      peer.says(pong('hello'))
      await world.settle()
      expect(trip.value).toBe(42)
      expect(connection.stats()).toMatchObject({ lastRoundTrip: 42, pingsSent: 1, pongsReceived: 1 })
    })

    test('without data has data of its own, so that each is told from the other', async () => {
      const { connection, peer, world } = connect(role)
      const trips = [watch(connection.ping()), watch(connection.ping())]
      const [first, second] = await peer.hears()
      expect(first).not.toBe(second)
      await world.pass(5)
      peer.says(pong(first!.slice(5)))
      await world.settle()
      expect(trips.map(({ value }) => value)).toEqual([5, undefined])
    })

    test('is answered by the pong of a later one, since a peer may answer only the newest', async () => { // rule 41
      const { connection, peer, world } = connect(role)
      const trips = [watch(connection.ping(utf8('a'))), watch(connection.ping(utf8('b')))]
      peer.says(pong('b'))
      await world.settle()
      expect(trips.map(({ state }) => state)).toEqual(['resolved', 'resolved'])
    })

    test('copies its data', async () => {
      const { connection, peer, world } = connect(role)
      const data = utf8('before')
      const trip = watch(connection.ping(data))
      data.set(utf8('after!'))
      expect(await peer.hears()).toEqual(['ping before'])
      peer.says(pong('before'))
      await world.settle()
      expect(trip.state).toBe('resolved')
    })

    test.each([
      ['a number', 100, TypeError], // security.md, row 1
      ['a string', 'hello', TypeError],
      ['null', null, TypeError],
      ['an array', [1, 2], TypeError],
      ['shared memory', sharedBytes(4), TypeError],
      ['126 bytes', new Uint8Array(126), RangeError],
    ])('refuses %s, and sends nothing', async (_, data, kind) => {
      const { connection, peer } = connect(role)
      await expect(connection.ping(data as Uint8Array)).rejects.toBeInstanceOf(kind)
      expect(await peer.hears()).toEqual([])
    })

    test.each([0, 125])('takes %i bytes', async (length) => {
      const { connection, peer } = connect(role)
      void connection.ping(pattern(length))
      expect(await peer.hears()).toHaveLength(1)
    })

    test('rejects when the connection ends first, clean or not', async () => {
      const clean = connect(role)
      const first = watch(clean.connection.ping())
      clean.peer.says(clean.peer.close(1000))
      clean.transport.end()
      await clean.world.settle()
      expect(first.error).toMatchObject({ name: 'InvalidStateError' })
      const broken = connect(role)
      const second = watch(broken.connection.ping())
      broken.transport.end()
      await broken.world.settle()
      expect(second.error).toBe(expectUnclean(broken.end))
    })
  })

  test('a control frame that breaks the rules fails the connection', async () => { // rules 33, 37
    for (const frame of [{ ...ping('x'), fin: false }, { opcode: Opcode.Ping, length: 126 }]) {
      const { peer, transport, world, end } = connect(role)
      peer.says(frame)
      transport.end()
      await world.settle()
      expectFault(expectUnclean(end), 'fin' in frame ? 'control-fragmented' : 'control-too-long')
    }
  })
})

describe('observe', () => {
  test('is told on which connection a frame passed, also for bytes that came with the upgrade', async () => {
    const seen: [string, Opcode, Connection][] = []
    const { connection, world } = connect('client', {
      head: Uint8Array.of(0x89, 0),
      observe: (direction, frame, where) => seen.push([direction, frame.opcode, where]),
    })
    await world.settle()
    expect(seen.map(([direction, opcode]) => [direction, opcode])).toEqual([['in', Opcode.Ping], ['out', Opcode.Pong]])
    expect(seen.every(([, , where]) => where === connection)).toBe(true)
  })
})
