// Senders wait for the transport; who does not wait meets a limit, and the limit counts everything.

import { describe, expect, test } from 'vitest'
import { type ConnectionOptions, Opcode } from '../../src/index.ts'
import { pattern } from '../support/bytes.ts'
import { connect, expectUnclean, roles, source, watch } from './helpers.ts'

describe.each(roles)('as a %s', (role) => {
  describe('backpressure', () => {
    const narrow = (more: Partial<ConnectionOptions['limits']> = {}) =>
      connect(role, { limits: { highWaterMark: 1000, ...more } })

    test('send() waits while the high-water mark is reached, and no longer', async () => {
      const { connection, transport, world } = narrow()
      transport.hold()
      const sends = [watch(connection.send('x'.repeat(900))), watch(connection.send('x'.repeat(900)))]
      await world.settle()
      expect(sends.map(({ state }) => state)).toEqual(['resolved', 'pending'])
      expect(connection.stats().bytesWaiting).toBe(transport.bytes.length)
      transport.letAll()
      await world.settle()
      expect(sends[1]!.state).toBe('resolved')
      expect(connection.stats().bytesWaiting).toBe(0)
    })

    test('write() and ready wait for the transport', async () => {
      const { connection, transport, world } = narrow()
      transport.hold()
      const writer = connection.writable.getWriter()
      await world.settle() // workerd forgets backpressure that began before the stream did
      const writes = ['a', 'b', 'c'].map((text) => watch(writer.write(text.repeat(600))))
      const ready = watch(writer.ready)
      await world.settle()
      expect([...writes.map(({ state }) => state), ready.state]).toEqual(['resolved', 'pending', 'pending', 'pending'])
      expect(connection.stats().bytesWaiting).toBeGreaterThan(1800)
      transport.letAll()
      await world.settle()
      expect([...writes.map(({ state }) => state), ready.state]).toEqual([
        'resolved',
        'resolved',
        'resolved',
        'resolved',
      ])
    })

    test('sixteen large writes resolve one by one, as the transport takes them', async () => {
      const { connection, transport, world } = connect(role)
      transport.hold()
      const writer = connection.writable.getWriter()
      const writes = Array.from({ length: 16 }, () => watch(writer.write(new Uint8Array(100_000))))
      const done = () => writes.filter(({ state }) => state === 'resolved').length
      await world.settle()
      expect(done()).toBe(0)
      let most = 0
      for (let i = 0; i < 100 && done() < 16; i++) {
        const before = done()
        transport.letOne()
        await world.settle()
        most = Math.max(most, done() - before)
      }
      expect([done(), most]).toEqual([16, 1])
    })

    test('a sender that does not wait gets a RangeError at maxQueued; the message is not queued, the connection lives', async () => {
      const { connection, peer, transport, world, end } = narrow({ maxQueued: 5000 })
      transport.hold()
      const sends = Array.from({ length: 10 }, (_, i) => watch(connection.send(`${i}`.repeat(1000))))
      await world.settle()
      const refused = sends.filter(({ error }) => error instanceof RangeError)
      expect(refused.length).toBeGreaterThan(4)
      expect((refused[0]!.error as Error).message).toMatch(
        /at most 5000 bytes may wait to go out \(limits\.maxQueued\), got 1016 more on/,
      )
      expect(connection.stats().bytesWaiting).toBeLessThanOrEqual(5000)
      expect(end.state).toBe('pending')
      transport.letAll()
      expect(await peer.hears()).toHaveLength(10 - refused.length)
      await connection.send('again')
      expect(await peer.hears()).toEqual(['text again'])
    })

    test('whoever waits for ready is never refused, whatever the size of the messages', async () => {
      const { connection, transport, world, peer, end } = narrow({ maxQueued: 3000 })
      transport.hold()
      const heard: number[] = []
      const send = async () => {
        for (const size of [900, 10_000, 1, 5000, 3000]) {
          await connection.send('x'.repeat(size))
          heard.push(size)
        }
        const writer = connection.writable.getWriter()
        for (const size of [900, 10_000, 1, 5000, 3000]) {
          await writer.ready
          writer.write('x'.repeat(size)).catch(() => {})
        }
      }
      const sending = watch(send())
      for (let i = 0; i < 40; i++) {
        await world.settle()
        transport.letOne()
      }
      await world.settle()
      expect([sending.error, sending.state, end.state]).toEqual([undefined, 'resolved', 'pending'])
      expect(peer.heard()).toHaveLength(10)
    })

    test('streams that wait for another one count, too: what is refused stays the caller’s', async () => {
      const { connection, world } = narrow({ maxQueued: 5000 })
      void connection.send(new ReadableStream()).catch(() => {})
      const streams = Array.from({ length: 1000 }, () => new ReadableStream<string>())
      const sent = streams.map((stream) => watch(connection.send(stream)))
      await world.settle()
      const refused = sent.filter(({ state }) => state === 'rejected')
      expect(refused.length).toBeGreaterThan(600)
      for (const { error } of refused) expect(error).toBeInstanceOf(RangeError)
      expect(streams.filter(({ locked }) => !locked).length).toBe(refused.length)
    })

    test('who waits never meets maxQueued, though that is below the high-water mark', async () => { // connection.md, Messages
      const { connection, peer, transport, world } = connect(role, { limits: { maxQueued: 5000 } })
      transport.hold()
      const waits = async () => {
        for (let i = 0; i < 5; i++) await connection.send(pattern(3000))
        const writer = connection.writable.getWriter()
        for (let i = 0; i < 5; i++) {
          await writer.ready
          void writer.write(pattern(3000))
        }
        await writer.ready
      }
      const end = watch(waits())
      for (let i = 0; i < 100 && end.state === 'pending'; i++) {
        await world.settle()
        transport.letOne()
      }
      transport.letAll()
      await world.settle()
      expect(end).toMatchObject({ state: 'resolved' })
      expect(await peer.hears()).toEqual(Array(10).fill('binary (3000)'))
    })

    test('a writer that ignores ready fails the connection with 1011 at maxQueued', async () => {
      const { connection, peer, transport, world, end } = narrow({ maxQueued: 5000 })
      transport.hold()
      const writer = connection.writable.getWriter()
      const writes = Array.from({ length: 20 }, () => watch(writer.write('x'.repeat(1000))))
      await world.settle()
      expect(writes.at(-1)!.error).toBeInstanceOf(RangeError)
      expect(connection.stats().bytesWaiting).toBeLessThan(7500)
      transport.letAll()
      expect((await peer.hears()).at(-1)).toBe('close 1011')
      transport.end()
      await world.settle()
      expect(expectUnclean(end).cause).toBeInstanceOf(RangeError)
      expect(writes.every(({ state }) => state !== 'pending')).toBe(true)
    })

    test('empty messages count as well', async () => {
      const { connection, transport, world } = narrow({ maxQueued: 5000 })
      transport.hold()
      void connection.send('x'.repeat(1000))
      const writer = connection.writable.getWriter()
      const writes = Array.from({ length: 2000 }, () => watch(writer.write('')))
      await world.settle()
      expect(writes.at(-1)!.error).toBeInstanceOf(RangeError)
      const other = narrow({ maxQueued: 5000 })
      void other.connection.send(source<string>().stream)
      const sends = Array.from({ length: 2000 }, () => watch(other.connection.send('')))
      await other.world.settle()
      expect(sends.at(-1)!.error).toBeInstanceOf(RangeError)
    })

    test('sends and writes side by side: a chunk that the stream has taken is never refused', async () => {
      const { connection, peer, transport, world } = narrow({ maxQueued: 3000 })
      transport.hold()
      const writer = connection.writable.getWriter()
      const writes = ['a', 'b'].map((text) => watch(writer.write(text.repeat(1000))))
      const sends = ['c', 'd'].map((text) => watch(connection.send(text.repeat(900))))
      await world.settle()
      transport.letAll()
      await world.settle()
      expect([...writes, ...sends].map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved', 'resolved'])
      expect(await peer.hears()).toHaveLength(4)
    })

    test('a pong goes out beside sends that never let the transport be idle', async () => { // rule 40
      const { connection, peer, transport, world } = connect(role)
      transport.hold()
      const heard: string[] = []
      for (let i = 0; i < 10; i++) {
        void connection.send(`${i}`)
        if (i === 3) peer.says({ opcode: Opcode.Ping })
        await world.settle()
        if (i >= 2) transport.letOne() // two writes are always under way
        heard.push(...await peer.hears())
      }
      expect(heard.slice(0, 6)).toContain('pong')
    })

    test('two hundred thousand sends that nobody awaits cost linear work', async () => {
      const { connection, transport, world } = connect(role)
      transport.hold()
      const count = 100_000
      for (let i = 0; i < count; i++) void connection.send('0123456789')
      const first = source<string>()
      void connection.send(first.stream)
      for (let i = 0; i < count; i++) void connection.send('0123456789')
      await world.settle()
      first.close()
      transport.letAll()
      await world.settle()
      expect(connection.stats().messagesSent).toBe(2 * count + 1)
    })
  })
})
