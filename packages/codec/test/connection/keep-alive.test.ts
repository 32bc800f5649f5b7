// Keepalive: pings when idle, ends the dead with 1006, and counts no silence that we made ourselves.

import { describe, expect, test } from 'vitest'
import { Opcode } from '../../src/index.ts'
import { utf8 } from '../support/bytes.ts'
import { connect, expectClean, expectUnclean, roles } from './helpers.ts'

describe.each(roles)('as a %s', (role) => {
  const keepAlive = { interval: 1000, timeout: 300 }
  const idle = (options = {}) => connect(role, { keepAlive, ...options })

  test('an idle connection is pinged after the interval, and a pong keeps it', async () => {
    const { peer, world, end, connection } = idle()
    await world.pass(999)
    expect(peer.heard()).toEqual([])
    for (let round = 0; round < 5; round++) {
      await world.pass(1)
      const [heard] = peer.heard()
      expect(heard).toMatch(/^ping /)
      await world.pass(200)
      peer.says({ opcode: Opcode.Pong, payload: utf8(heard!.slice(5)) })
      await world.pass(100) // the timer of the time-out sees the pong, and starts the interval
      await world.pass(999)
    }
    expect(end.state).toBe('pending')
    expect(connection.stats()).toMatchObject({ lastRoundTrip: 200, pingsSent: 5 })
  })

  test('silence after the ping ends it with 1006, at once: nobody would answer a Close', async () => {
    const { peer, transport, world, end } = idle()
    await world.pass(1299)
    expect(end.state).toBe('pending')
    await world.pass(1)
    const error = expectUnclean(end)
    expect(error.message).toMatch(/silent for 300 ms after a ping/)
    expect(transport.did).toContain('abort')
    expect(peer.heard().filter((word) => word.startsWith('close'))).toEqual([])
    expect(world.timers).toBe(0)
  })

  test('any byte is a sign of life, half a header too', async () => {
    const { peer, transport, world, end } = idle()
    const drip = peer.wire(peer.text('slow but alive'))
    for (const byte of drip) {
      await world.pass(900)
      transport.give(Uint8Array.of(byte))
    }
    await world.settle()
    expect(end.state).toBe('pending')
    expect(peer.heard()).toEqual([])
  })

  test('a byte between ping and time-out keeps it, though no pong came', async () => {
    const { peer, world, end } = idle()
    await world.pass(1000)
    peer.says(peer.text('busy'))
    await world.pass(300)
    expect(end.state).toBe('pending')
  })

  test('with an infinite timeout it pings and never kills, and remembers one ping', async () => {
    const { connection, peer, world, end } = connect(role, { keepAlive: { interval: 1000, timeout: Infinity } })
    await world.pass(100_000)
    expect(end.state).toBe('pending')
    const pings = peer.heard()
    expect(pings).toHaveLength(100)
    peer.says({ opcode: Opcode.Pong, payload: utf8(pings[0]!.slice(5)) })
    await world.settle()
    expect(connection.stats().lastRoundTrip).toBeUndefined()
    peer.says({ opcode: Opcode.Pong, payload: utf8(pings.at(-1)!.slice(5)) })
    await world.settle()
    expect(connection.stats().lastRoundTrip).toBe(0)
  })

  test('the timeout is the interval unless told', async () => {
    const { world, end } = connect(role, { keepAlive: { interval: 1000 } })
    await world.pass(1999)
    expect(end.state).toBe('pending')
    await world.pass(1)
    expectUnclean(end)
  })

  test('stands still while we have stopped reading, and begins anew when we go on', async () => { // connection.md, Backpressure
    const { connection, peer, world, end } = idle({ limits: { readAhead: 10 } })
    peer.says(peer.text('x'.repeat(100)))
    await world.pass(100_000)
    expect([end.state, peer.heard()]).toEqual(['pending', []])
    // Resumed just before the timer: what the peer sent meanwhile may be on its way.
    await world.pass(999)
    await connection.readable.getReader().read()
    await world.pass(999)
    expect(end.state).toBe('pending')
    await world.pass(1300)
    expectUnclean(end)
  })

  test('stands still while a frame of declared length of ours waits for its source: no ping can go out', async () => {
    const { connection, peer, world, end } = idle()
    let source!: ReadableStreamDefaultController<Uint8Array>
    const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (source = controller) })
    void connection.send(stream, { length: 10 })
    source.enqueue(utf8('12345'))
    await world.pass(60_000)
    expect([end.state, connection.stats().pingsSent]).toEqual(['pending', 0])
    source.enqueue(utf8('67890'))
    source.close()
    expect(await peer.hears()).toEqual(['binary 1234567890'])
    await world.pass(1300 + 1000)
    expect(peer.heard()[0]).toMatch(/^ping /)
    expectUnclean(end)
  })

  test('with an infinite timeout no pings pile up where the transport is stalled', async () => {
    const { connection, transport, world, peer } = idle({ keepAlive: { interval: 1000, timeout: Infinity } })
    transport.hold()
    void connection.send('held')
    await world.settle()
    await world.pass(3_600_000)
    expect(connection.stats().bytesWaiting).toBeLessThan(20)
    transport.letAll()
    await world.pass(2000)
    expect(peer.heard().filter((word) => word.startsWith('ping')).length).toBeLessThan(4)
  })

  test.each(['30', 5n, [5], true, 0, -1, NaN])(
    'takes no interval or timeout that is no positive number: %s',
    (wrong) => {
      for (const keepAlive of [{ interval: wrong }, { interval: 5, timeout: wrong }]) {
        expect(() => connect(role, { keepAlive: keepAlive as never })).toThrow(RangeError)
      }
    },
  )

  test('does not cut what is closing: that has clocks of its own', async () => {
    const { connection, peer, transport, world, end } = idle({ limits: { closeTimeout: 60_000 } })
    connection.close({ closeCode: 3000 })
    await world.pass(50_000)
    expect([end.state, peer.heard()]).toEqual(['pending', ['close 3000']])
    peer.says(peer.close(3000))
    transport.end()
    await world.settle()
    expectClean(end, 3000)
    expect(world.timers).toBe(0)
  })

  test.each([{ interval: 0 }, { interval: -1 }, { interval: NaN }, { interval: 1000, timeout: 0 }])(
    '%j is refused',
    (wrong) => expect(() => connect(role, { keepAlive: wrong })).toThrow(RangeError),
  )
})
