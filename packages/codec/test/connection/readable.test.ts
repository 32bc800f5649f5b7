// Whole messages as they come in, from `readable`: cut anywhere, exact, within the limit.

import { describe, expect, test } from 'vitest'
import { Opcode, type WebSocketError } from '../../src/index.ts'
import { cutAt, expectBytes, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import {
  collect,
  connect,
  expectClean,
  expectFault,
  expectUnclean,
  fragments,
  type Peer,
  roles,
  watch,
} from './helpers.ts'

describe.each(roles)('as a %s', (role) => {
  describe('readable', () => {
    test('gives one chunk a message, however the bytes were cut', async () => { // WebSocketStream, clause 4; rule 34
      const cases = (peer: Peer) => [
        peer.wire(peer.text('grüß dich')),
        ...fragments(pattern(300), 0, 0, 100, 299).map((frame) => peer.wire(frame)),
        peer.wire(peer.text('')),
        peer.wire({ opcode: Opcode.Binary }),
        ...[peer.text('ü', { payload: utf8('ü').slice(0, 1), fin: false }), { opcode: 0, payload: utf8('ü').slice(1) }]
          .map((frame) => peer.wire(frame)),
      ]
      for (const cut of [(bytes: Uint8Array) => [bytes], oneByOne, (bytes: Uint8Array) => cutAt(bytes, [7, 50, 200])]) {
        const { connection, peer, transport, world } = connect(role)
        const { items } = collect(connection.readable)
        for (const chunk of cut(join(cases(peer)))) transport.give(chunk)
        await world.settle()
        expect(items.map((item) => typeof item === 'string' ? item : item.length)).toEqual([
          'grüß dich',
          300,
          '',
          0,
          'ü',
        ])
        expectBytes(items[1] as Uint8Array, pattern(300))
      }
    })

    test.each([0, 1, 10, 64, 65, 5000, 70_000])(
      'a binary message of %i bytes is an exact array of the receiver’s own',
      async (size) => { // WebSocketStream, clause 4
        for (const cuts of [[], [3], [5, 60]]) {
          const { connection, peer, transport, world } = connect(role)
          const { items } = collect(connection.readable)
          const wire = join([
            ...fragments(pattern(size)).map((frame) => peer.wire(frame)),
            peer.wire(peer.text('next')),
          ])
          for (const chunk of cutAt(wire, cuts)) transport.give(chunk)
          await world.settle()
          const message = items[0] as Uint8Array
          expect(message.constructor).toBe(Uint8Array)
          expect([message.byteOffset, message.buffer.byteLength]).toEqual([0, size])
          expectBytes(message, pattern(size))
          // It may be transferred: nothing else is in its buffer.
          structuredClone(message, { transfer: [message.buffer as ArrayBuffer] })
          peer.says(peer.text('still fine'))
          await world.settle()
          expect(items.slice(1)).toEqual(['next', 'still fine'])
        }
      },
    )

    test('with binary: "view" may be a window onto what was received', async () => {
      const { connection, peer, world } = connect(role, { binary: 'view' })
      const { items } = collect(connection.readable)
      peer.says({ opcode: Opcode.Binary, payload: pattern(100) }, ...fragments(pattern(100), 50))
      await world.settle()
      expect((items[0] as Uint8Array).buffer.byteLength).toBeGreaterThan(100)
      for (const item of items) expectBytes(item as Uint8Array, pattern(100))
    })

    test('a chunk that is a Buffer gives plain arrays, and a small one pins no large buffer', async () => { // security.md, row 22
      const { connection, peer, transport, world } = connect(role, { binary: 'view' })
      const { items } = collect(connection.readable)
      const wire = peer.wire({ opcode: Opcode.Binary, payload: pattern(100) })
      class Subclass extends Uint8Array {
        override slice(start?: number, end?: number) { // as Node's Buffer has it: no copy
          return this.subarray(start, end) as never
        }
      }
      const pool = new Subclass(100_000)
      pool.set(wire, 500)
      transport.give(pool.subarray(500, 500 + wire.length))
      await world.settle()
      const message = items[0] as Uint8Array
      expect(message.constructor).toBe(Uint8Array)
      expect(message.buffer.byteLength).toBeLessThan(1000)
      expectBytes(message, pattern(100))
    })

    test('a message above maxMessageSize fails with 1009 once it is pulled, as soon as its header says so', async () => { // rule 53; security.md, row 13
      const { connection, peer, transport, world, end } = connect(role, { limits: { maxMessageSize: 100 } })
      peer.says({ opcode: Opcode.Binary, payload: pattern(60), fin: false })
      peer.says({ opcode: Opcode.Continuation, length: 41 })
      await world.settle()
      expect([end.state, await peer.hears()]).toEqual(['pending', []])
      const read = watch(connection.readable.getReader().read())
      expect((await peer.hears())[0]).toMatch('close 1009 Cannot decode message: must be at most 100 bytes')
      transport.end()
      await world.settle()
      const error = expectUnclean(end)
      expectFault(error, 'message-too-big')
      expect(read.error).toBe(error)
    })

    test('the limit is exact, for one frame and for fragments', async () => {
      for (const cuts of [[], [40], [100]]) {
        const { connection, peer } = connect(role, { limits: { maxMessageSize: 100 } })
        const reader = connection.readable.getReader()
        peer.says(...fragments(pattern(100), ...cuts))
        expectBytes((await reader.read()).value as Uint8Array, pattern(100))
        peer.says(...fragments(pattern(101), ...cuts))
        await expect(reader.read()).rejects.toMatchObject({ closeCode: 1006 })
      }
    })

    test('a message too big that is pulled after a clean end fails its reader, and nothing of it is given', async () => {
      const { connection, peer, transport, world, end } = connect(role, { limits: { maxMessageSize: 10 } })
      peer.says(peer.text('good'), ...fragments(pattern(30), 8, 16), peer.text('more'), peer.close(1000))
      transport.end()
      await world.settle()
      expectClean(end, 1000)
      const { items, end: read } = collect(connection.readable)
      await world.settle()
      expect(items).toEqual(['good'])
      expectFault(read.error as WebSocketError, 'message-too-big')
    })

    test('text that is not UTF-8 fails with 1007 at its first wrong byte, pulled or not', async () => { // rule 42; security.md, rows 31 and 34
      const { peer, transport, world, end } = connect(role)
      const bad = peer.wire({
        opcode: Opcode.Text,
        payload: join([utf8('fine so far'), Uint8Array.of(0xff)]),
        length: 5000,
      })
      for (const byte of oneByOne(bad)) transport.give(byte)
      expect((await peer.hears())[0]).toMatch('close 1007')
      transport.end()
      await world.settle()
      expectFault(expectUnclean(end), 'invalid-utf8')
    })

    test('a message that a clean end cuts is not given, and readable closes', async () => {
      const { connection, peer, transport, world, end } = connect(role)
      const { items, end: read } = collect(connection.readable)
      peer.says(peer.text('half', { fin: false }), peer.close(1000))
      transport.end()
      await world.settle()
      expectClean(end, 1000)
      expect([items, read.state]).toEqual([[], 'resolved'])
    })
  })
})
