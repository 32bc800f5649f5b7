// How connections fail: a peer that breaks a rule, a transport that breaks. Nothing is delivered after it, and everybody hears why.

import { describe, expect, test } from 'vitest'
import { Connection, Opcode, prepareMessage, WebSocketError } from '../../src/index.ts'
import { utf8 } from '../support/bytes.ts'
import { wire } from '../support/frames.ts'
import { closing } from '../support/streams.ts'
import { connect, expectClean, expectFault, expectUnclean, KEY, roles, source, watch } from './helpers.ts'
import { TestTransport } from './transport.ts'

describe.each(roles)('as a %s', (role) => {
  describe('a violation', () => {
    test.each(
      [
        ['reserved-bits', 1002, 'frame: RSV1 must be 0 where not negotiated, got 1', { rsv: 0x40 }],
        ['unexpected-continuation', 1002, 'message: a Continuation frame needs a message to continue', { opcode: 0 }],
        ['invalid-utf8', 1007, 'message: text must be UTF-8, got 0xff at byte 0', { payload: Uint8Array.of(0xff) }],
      ] as const,
    )(
      'messages before %s in the same chunk are delivered, and an echo of them goes out before our Close',
      async (code, status, says, wrong) => { // Autobahn 3.2
        const { connection, peer, end, world, transport } = connect(role)
        const received: unknown[] = []
        const echo = async () => {
          const reader = connection.readable.getReader()
          for (;;) {
            const { done, value } = await reader.read()
            if (done) return
            received.push(value)
            void connection.send(value)
          }
        }
        const echoing = watch(echo())
        peer.says(peer.text('one'), peer.text('two'), peer.text('bad', wrong), peer.text('three'))
        expect(await peer.hears()).toEqual(['text one', 'text two', `close ${status} Cannot decode ${says}`])
        expect(received).toEqual(['one', 'two'])
        expect(transport.did).toEqual(['shutdown'])
        transport.end()
        await world.settle()
        const error = expectUnclean(end)
        expectFault(error, code)
        expect(echoing.error).toBe(error)
      },
    )

    test.each(['a violation', 'the end'])(
      'messages before %s are delivered though the transport ends in their turn',
      async (how) => {
        const { connection, peer, transport, world, end } = connect(role)
        const received: string[] = []
        const reading = watch((async () => {
          for await (const message of connection.messages()) received.push(await message.text())
        })())
        await world.settle()
        peer.says(peer.text('one'), peer.text('two'), ...(how === 'the end' ? [] : [{ opcode: 0x3 }]))
        transport.end() // as where the system has both on their way, and a read that can be answered is answered at once
        await world.settle()
        expect(received).toEqual(['one', 'two'])
        expectFault(expectUnclean(end), how === 'the end' ? 'unexpected-end' : 'unknown-opcode')
        expect(reading.error).toBe(end.error)
      },
    )

    test('after it nothing is delivered, not even what was read ahead', async () => { // rule 50, law 5
      const { connection, peer, world } = connect(role)
      const messages = connection.messages()
      peer.says(peer.text('first', { fin: false }))
      await world.settle()
      const { value: begun } = await messages.next()
      peer.says(peer.text('good', { opcode: Opcode.Continuation }), { opcode: 0x3 })
      await world.settle()
      const body = watch(begun!.bytes())
      const next = watch(messages.next())
      await world.settle()
      expect([body.state, next.state]).toEqual(['rejected', 'rejected'])
      expectFault(body.error as WebSocketError, 'unknown-opcode')
      expect(next.error).toBe(body.error)
    })

    test('everybody hears the same error', async () => { // WebSocketStream, clause 11
      const { connection, peer, transport, world, end } = connect(role, { limits: { highWaterMark: 1 } })
      transport.hold()
      const write = connection.writable.getWriter()
      const told = [
        watch(connection.readable.getReader().read()),
        watch(write.write('a')),
        watch(write.write('b')),
        watch(write.closed),
        watch(connection.send('c')),
        watch(connection.ping()),
      ]
      await world.settle()
      peer.says({ opcode: 0x3 })
      await world.settle()
      const late = watch(connection.send('late'))
      const latePing = watch(connection.ping())
      transport.end()
      transport.letAll()
      await world.settle()
      const error = expectUnclean(end)
      for (const { error: heard } of [...told, late, latePing]) expect(heard).toBe(error)
    })

    test('our Close reaches a peer that has ended its direction already', async () => {
      const { peer, transport, world, end } = connect(role)
      transport.holdClose()
      peer.says({ opcode: 0x3 })
      transport.end()
      await world.settle()
      expect(peer.heard()[0]).toMatch('close 1002')
      expectUnclean(end)
      expect(transport.did).toEqual(['shutdown'])
      await world.pass(10_000) // and if the transport never ends, it is cut
      expect([transport.did.includes('abort'), world.timers]).toEqual([true, 0])
    })

    test('inside a frame of declared length no Close can say it: our direction just ends', async () => { // connection.md, Messages
      const { connection, peer, transport, world, end } = connect(role)
      const long = source<Uint8Array>()
      connection.send(long.stream, { length: 8 }).catch(() => {})
      long.push(utf8('half'))
      await world.settle()
      const before = transport.chunks.length
      peer.says({ opcode: 0x3 })
      await world.settle()
      expect(transport.chunks.length).toBe(before)
      expect(transport.did).toEqual(['shutdown'])
      transport.end()
      await world.settle()
      expectFault(expectUnclean(end), 'unknown-opcode')
      expect(long.cancelled).toBe(end.error)
    })

    test('while we are closing sends no second Close, and ends our direction', async () => {
      const { connection, peer, transport, world, end } = connect(role)
      connection.close({ closeCode: 3000 })
      await world.settle()
      peer.says({ opcode: 0x3 })
      expect(await peer.hears()).toEqual(['close 3000'])
      expect(transport.did).toEqual(['shutdown']) // rule 50
      transport.end()
      await world.settle()
      expectFault(expectUnclean(end), 'unknown-opcode')
    })
  })

  test.each(['close', 'violation', 'Close of the peer'])(
    'after a %s the end is bounded though the transport always has another chunk',
    async (cause) => {
      const fifth = cause === 'violation' ? 0x3 : cause === 'close' ? Opcode.Ping : Opcode.Close
      const masked = role === 'server' ? { key: KEY } : {}
      let pulls = 0
      const readable = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(wire({ opcode: ++pulls === 5 ? fifth : Opcode.Ping, ...masked }))
        },
      })
      const options = { role, limits: { closeTimeout: 20 } }
      const connection = new Connection({ readable, writable: new WritableStream() }, options)
      if (cause === 'close') connection.close()
      if (cause === 'Close of the peer') expect(await connection.closed).toMatchObject({ closeCode: 1005 })
      else expect(await closing(connection.closed)).toBeInstanceOf(WebSocketError)
    },
  )

  describe('the transport breaks', () => {
    test.each(['open', 'closing', 'handshaken', 'failing'] as const)('in the state %s', async (state) => {
      const { connection, peer, transport, world, end } = connect(role)
      if (state === 'closing') connection.close()
      if (state === 'handshaken') peer.says(peer.close(1000))
      if (state === 'failing') peer.says({ opcode: 0x3 })
      await world.settle()
      const cause = new Error('reset by peer')
      transport.break(cause)
      await world.settle()
      if (state === 'handshaken') expectClean(end, 1000) // both Close frames have passed
      else if (state === 'failing') expectFault(expectUnclean(end), 'unknown-opcode')
      else expect(expectUnclean(end).cause).toBe(cause)
      expect(world.timers).toBe(0)
    })

    test('in writing only: the connection ends as well', async () => {
      const { connection, transport, world, end } = connect(role)
      const cause = new Error('EPIPE')
      transport.hold()
      void connection.send('x')
      await world.settle()
      transport.break(cause)
      await world.settle()
      expect(expectUnclean(end).cause).toBe(cause)
    })

    test('with undefined as its reason', async () => {
      const { transport, world, end } = connect(role)
      transport.break(undefined)
      await world.settle()
      expectUnclean(end)
    })
  })

  test('a peer that closes in the middle of a frame or a header is told apart by the cause', async () => {
    for (
      const bytes of [
        Uint8Array.of(0x81),
        wire({ opcode: 1, payload: utf8('hello'), ...(role === 'server' ? { key: KEY } : {}) }).slice(0, -1),
      ]
    ) {
      const { transport, world, end } = connect(role)
      transport.give(bytes)
      transport.end()
      await world.settle()
      const error = expectUnclean(end)
      expectFault(error, 'unexpected-end')
      expect((error.cause as Error).message).toMatch(/the bytes ended after/)
    }
  })
})

test.each(['a string', [0x81, 0], new ArrayBuffer(2), new DataView(new ArrayBuffer(2)), null])(
  'a head that is no Uint8Array is refused before the transport is taken: %s',
  (head) => {
    const transport = new TestTransport()
    const open = (): unknown => new Connection(transport, { role: 'client', head: head as unknown as Uint8Array })
    expect(open).toThrow(/^Cannot open WebSocket: head must be a Uint8Array/)
    expect([transport.readable.locked, transport.writable.locked]).toEqual([false, false])
  },
)

describe('as a client, memory that cannot be had for a payload whose header is written', () => {
  const allocate = (length: number): Uint8Array => {
    if (length >= 100_000) throw new RangeError('Array buffer allocation failed')
    return new Uint8Array(length)
  }
  const huge = new Uint8Array(200_000)
  const parts = (): ReadableStream<Uint8Array> => source(huge).stream
  const writeTo = (connection: Connection): Promise<void> => connection.writable.getWriter().write(huge)

  test.each<[string, (connection: Connection) => Promise<void>]>([
    ['a message', (connection) => connection.send(huge)],
    ['a message that waited', (connection) => {
      const { stream, close } = source<string>()
      void connection.send(stream)
      const sent = connection.send(prepareMessage(huge))
      close()
      return sent
    }],
    ['a written message', writeTo],
    ['a fragment', (connection) => connection.send(parts())],
    ['a frame of declared length', (connection) => connection.send(parts(), { length: huge.length })],
  ])('fails the connection: nothing goes out behind the header of %s', async (_, send) => {
    const limits = { fragmentSize: 2 ** 20, highWaterMark: 2 ** 20 }
    const { connection, transport, peer, world, end } = connect('client', { environment: { allocate }, limits })
    const sent = watch(send(connection))
    await world.settle()
    expect(sent.error).toBeInstanceOf(RangeError)
    const late = watch(connection.send('late'))
    await peer.hears() // what does not hold is heard as a fault
    expect(transport.did).toEqual(['shutdown'])
    transport.end()
    await world.settle()
    expect(expectUnclean(end).cause).toBe(sent.error)
    expect(late.error).toBe(end.error)
  })
})
