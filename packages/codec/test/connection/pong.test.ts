// Pongs that the application sends itself (RFC 6455 §5.5.3, rule 41).

import { describe, expect, test } from 'vitest'
import { pattern, utf8 } from '../support/bytes.ts'
import { connect, roles, source } from './helpers.ts'

describe.each(roles)('as a %s', (role) => {
  test('who turned automatic answers off answers a ping that was observed', async () => {
    const pings: Uint8Array[] = []
    const { connection, peer } = connect(role, {
      autoPong: false,
      observe: (direction, frame) => void (direction === 'in' && pings.push(frame.payload.slice())),
    })
    peer.says({ opcode: 9, payload: utf8('are you there') })
    expect(await peer.hears()).toEqual([])
    await connection.pong(pings[0]!)
    expect(await peer.hears()).toEqual(['pong are you there'])
    expect(connection.stats().pongsSent).toBe(1)
  })

  test('without data it is empty, and its data is copied', async () => {
    const { connection, peer } = connect(role)
    const data = utf8('before')
    void connection.pong(data)
    void connection.pong()
    data.fill(0x21)
    expect(await peer.hears()).toEqual(['pong before', 'pong'])
  })

  test('its data is copied also where it waits for the end of a frame of declared length', async () => {
    const { connection, peer, world } = connect(role)
    const long = source(utf8('half'))
    void connection.send(long.stream, { length: 8 })
    await world.settle()
    const data = utf8('before')
    void connection.pong(data)
    data.fill(0x21)
    long.push(utf8('half'))
    expect(await peer.hears()).toEqual(['binary halfhalf', 'pong before'])
  })

  test('anything but at most 125 bytes is refused, and nothing is sent', async () => {
    const { connection, peer } = connect(role)
    await expect(connection.pong(5 as never)).rejects.toThrow(TypeError)
    await expect(connection.pong(pattern(126))).rejects.toThrow(RangeError)
    expect(await peer.hears()).toEqual([])
  })

  test.each(['pong', 'ping'] as const)(
    'a peer that reads nothing fills no memory: %s meets maxQueued',
    async (what) => {
      const { connection, peer, transport, world } = connect(role, { limits: { maxQueued: 5000, highWaterMark: 1000 } })
      const flood = async () => {
        let refused = 0
        const told = Array.from({ length: 1000 }, () => connection[what](pattern(100)).catch(() => refused++))
        await world.settle()
        return { refused, told }
      }
      transport.hold()
      expect((await flood()).refused).toBeGreaterThan(900)
      expect(connection.stats().bytesWaiting).toBeLessThanOrEqual(5200)
      transport.letAll()
      await world.settle()
      await connection.pong() // the connection lives
      const { stream, push } = source<Uint8Array>()
      void connection.send(stream, { length: 2 })
      push(pattern(1))
      await world.settle()
      expect((await flood()).refused).toBeGreaterThan(900) // behind a frame that is not whole
      expect(connection.stats().bytesWaiting).toBeGreaterThan(4000)
      push(pattern(1))
      await world.settle()
      expect((await peer.hears()).filter((word) => word.startsWith(what)).length).toBeLessThan(101)
      expect(connection.stats().bytesWaiting).toBe(0)
    },
  )

  test('after a close it is refused', async () => {
    const { connection } = connect(role)
    connection.close()
    await expect(connection.pong()).rejects.toMatchObject({ name: 'InvalidStateError' })
  })
})
