// How the peer closes: what is answered, what is still delivered, and what of ours is lost.

import { describe, expect, test } from 'vitest'
import { Opcode } from '../../src/index.ts'
import { join, utf8 } from '../support/bytes.ts'
import { collect, connect, expectClean, expectFault, expectUnclean, roles, source, watch } from './helpers.ts'
import { World } from './transport.ts'
import { openEnd } from './twins.ts'

describe.each(roles)('as a %s', (role) => {
  describe('the peer’s Close', () => {
    test('is answered with its code and reason, and the end is clean', async () => { // rules 38, 48, 49
      const { peer, transport, world, end } = connect(role)
      peer.says(peer.close(3333, 'grüß dich'))
      expect(await peer.hears()).toEqual(['close 3333 grüß dich'])
      expect(transport.did).toEqual(role === 'server' ? ['shutdown'] : []) // rule 39: the server closes TCP first
      transport.end()
      await world.settle()
      expectClean(end, 3333, 'grüß dich')
      expect(transport.did).toEqual(['shutdown'])
    })

    test('without a body gives 1005, and is answered without one', async () => { // rule 48
      const { peer, transport, world, end } = connect(role)
      peer.says(peer.close())
      expect(await peer.hears()).toEqual(['close'])
      transport.end()
      await world.settle()
      expectClean(end, 1005)
    })

    test('that never comes makes the end 1006, with the reason as its cause', async () => { // rule 48
      const { transport, world, end } = connect(role)
      transport.end()
      await world.settle()
      expectFault(expectUnclean(end), 'unexpected-end')
    })

    test('is the last thing looked at: garbage, pings and data behind it are nothing', async () => {
      const { peer, transport, world, end, connection } = connect(role)
      const { items } = collect(connection.readable)
      peer.says(peer.close(1000), peer.text('behind'), { opcode: Opcode.Ping }, { opcode: 0x7 })
      peer.says(Uint8Array.of(0xff, 0xff, 0xff))
      expect(await peer.hears()).toEqual(['close 1000'])
      transport.end()
      await world.settle()
      expectClean(end, 1000)
      expect(items).toEqual([])
      expect(connection.stats().framesReceived).toBe(1)
    })

    test('behind a message in one chunk: the application’s echo goes out before our Close', async () => { // Autobahn 7.1.1
      const { connection, peer, transport, world, end } = connect(role)
      const piped = watch(connection.readable.pipeTo(connection.writable))
      peer.says(peer.text('hello'), peer.text('again'), peer.close(1000))
      expect(await peer.hears()).toEqual(['text hello', 'text again', 'close 1000'])
      transport.end()
      await world.settle()
      expectClean(end, 1000)
      expect(piped.state).toBe('resolved')
    })

    test('and the end of the transport in one go: all of it is still answered, and clean', async () => {
      const { connection, peer, transport, world, end } = connect(role)
      peer.says(peer.text('hello'), peer.close(1000))
      transport.end()
      const { items, end: read } = collect(connection.readable)
      expect(await peer.hears()).toEqual(['close 1000'])
      await world.settle()
      expectClean(end, 1000)
      expect([items, read.state]).toEqual([['hello'], 'resolved'])
    })

    test('while a message waits to be read: it can be read after the end', async () => {
      const { connection, peer, transport, world, end } = connect(role)
      peer.says(peer.text('hello'), peer.close(1000))
      transport.end()
      await world.settle()
      expectClean(end, 1000)
      const { items, end: read } = collect(connection.readable)
      await world.settle()
      expect([items, read.state]).toEqual([['hello'], 'resolved'])
    })

    test('before ours, when both close at once: both are done, nobody answers twice', async () => {
      const { connection, peer, transport, world, end } = connect(role)
      connection.close({ closeCode: 3000, reason: 'ours' })
      peer.says(peer.close(4000, 'theirs'))
      expect(await peer.hears()).toEqual(['close 3000 ours'])
      transport.end()
      await world.settle()
      expectClean(end, 4000, 'theirs') // rule 48: the first that was received
    })

    test('with a body that breaks the rules is a violation', async () => {
      for (
        const [payload, code] of [[Uint8Array.of(3), 1002], [Uint8Array.of(3, 237), 1002], [
          join([Uint8Array.of(3, 232), Uint8Array.of(0xff)]),
          1007,
        ]] as const
      ) {
        const { peer } = connect(role)
        peer.says({ opcode: Opcode.Close, payload })
        expect((await peer.hears())[0]).toMatch(`close ${code}`)
      }
    })
  })

  describe('the peer’s Close while data of ours is unsent', () => { // WebSocketStream, clause 13
    test('a streamed message ends between its fragments, its source is cancelled, and the end is not clean', async () => {
      const { connection, peer, transport, world, end } = connect(role)
      const long = source<string>()
      const sent = watch(connection.send(long.stream))
      const behind = watch(connection.send('behind'))
      const other = source<string>('other')
      const streamed = watch(connection.send(other.stream))
      long.push('one')
      await world.settle()
      peer.says(peer.close(3000, 'bye'))
      expect(await peer.hears()).toEqual(['text… one', 'close 3000 bye'])
      transport.end()
      await world.settle()
      const error = expectUnclean(end, 3000, 'bye')
      expect([sent.error, behind.error, streamed.error]).toEqual([error, error, error])
      expect([long.cancelled, other.cancelled]).toEqual([error, error])
    })

    test('a streamed message whose declared bytes are all out is not lost, though its source has not ended yet', async () => {
      const { connection, peer, transport, world, end } = connect(role)
      const from = source<string>('all')
      const sent = watch(connection.send(from.stream, { length: 3 }))
      await world.settle()
      peer.says(peer.close(1000, 'thanks'))
      expect(await peer.hears()).toEqual(['text all', 'close 1000 thanks'])
      transport.end()
      await world.settle()
      expectClean(end, 1000, 'thanks')
      expect(sent.state).toBe('resolved')
      expect(from.cancelled).toBeInstanceOf(Error)
    })

    test('no part of a chunk follows our Close, though the chunk was being cut when the peer’s came', async () => {
      const { connection, peer, transport, world, end } = connect(role, {
        limits: { fragmentSize: 300, highWaterMark: 300 },
      })
      transport.hold()
      const sent = watch(connection.send(source(new Uint8Array(3000)).stream))
      await world.settle()
      peer.says(peer.close(1000))
      await world.settle()
      transport.letAll()
      const heard = await peer.hears()
      expect(heard.filter((word) => word.startsWith('close'))).toEqual(['close 1000'])
      expect(heard.at(-1)).toBe('close 1000')
      expect(heard.length).toBeLessThan(4) // and our Close does not wait for the rest of the chunk
      transport.end()
      await world.settle()
      expect(sent.error).toBe(expectUnclean(end, 1000))
    })

    test('written chunks that are still queued are lost, and their writes reject', async () => {
      const { connection, peer, transport, world, end } = connect(role, { limits: { highWaterMark: 1 } })
      transport.hold()
      const writer = connection.writable.getWriter()
      const writes = ['a', 'b'].map((text) => watch(writer.write(text)))
      await world.settle()
      peer.says(peer.close(1000, 'bye'))
      await world.settle()
      transport.letAll()
      expect(await peer.hears()).toEqual(['text a', 'close 1000 bye'])
      transport.end()
      await world.settle()
      const error = expectUnclean(end, 1000, 'bye')
      expect(writes.map(({ state }) => state)).toEqual(['resolved', 'rejected'])
      expect(writes[1]!.error).toBe(error)
    })

    test('bytes that a stalled transport never takes make the end unclean; once taken, it is clean', async () => {
      for (const taken of [true, false]) {
        const { connection, peer, transport, world, end } = connect(role)
        transport.hold()
        const sent = watch(connection.send(new Uint8Array(70_000)))
        await world.settle()
        peer.says(peer.close(1000))
        await world.settle()
        if (taken) transport.letAll()
        transport.end()
        await world.settle()
        if (!taken) {
          expect(end.state).toBe('pending')
          await world.pass(10_000)
        }
        if (taken) expectClean(end, 1000)
        else expectUnclean(end, 1000)
        expect(sent.state).toBe(taken ? 'resolved' : 'rejected')
        expect(world.timers).toBe(0)
      }
    })

    test('a transport that breaks while the last of ours waits tells it at once, whether it had ended or not', async () => {
      for (const over of ['duplex', 'streams'] as const) {
        for (const ended of [true, false]) {
          const world = new World()
          const { connection, peer, transport, closed } = openEnd(world, { role, over })
          transport.hold()
          const sent = watch(connection.send(new Uint8Array(70_000)))
          await world.settle()
          peer.says(peer.close(1000))
          if (ended) transport.end()
          await world.settle()
          expect(closed.state).toBe('pending')
          transport.break(new Error('reset'))
          await world.settle()
          expect(sent.error).toBe(expectUnclean(closed, 1000))
          expect(world.timers).toBe(0)
        }
      }
    })

    test('a frame of declared length is finished, since no Close fits into it', async () => {
      const { connection, peer, transport, world, end } = connect(role)
      const long = source<Uint8Array>()
      const sent = watch(connection.send(long.stream, { length: 8 }))
      long.push(utf8('half'))
      await world.settle()
      peer.says(peer.close(1000))
      await world.settle()
      long.push(utf8('full'))
      long.close()
      expect(await peer.hears()).toEqual(['binary halffull', 'close 1000'])
      transport.end()
      await world.settle()
      expectUnclean(end, 1000)
      expect(sent.state).toBe('resolved')
    })

    test('a frame of declared length that is never finished is cut at the close timeout', async () => {
      const { connection, peer, transport, world, end } = connect(role)
      const long = source<Uint8Array>()
      const sent = watch(connection.send(long.stream, { length: 8 }))
      long.push(utf8('half'))
      await world.settle()
      peer.says(peer.close(1000))
      await world.pass(9_999)
      expect([end.state, transport.did.includes('abort')]).toEqual(['pending', false])
      await world.pass(1)
      expect(transport.did).toContain('abort')
      expect(sent.error).toBe(expectUnclean(end, 1000))
      expect(long.cancelled).toBe(sent.error)
    })
  })
})
