// Pongs that the application sends itself (RFC 6455 §5.5.3, rule 41).

import { describe, expect, test } from 'vitest'
import { pattern, utf8 } from '../support/bytes.ts'
import { connect, roles } from './helpers.ts'

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

  test('anything but at most 125 bytes is refused, and nothing is sent', async () => {
    const { connection, peer } = connect(role)
    await expect(connection.pong(5 as never)).rejects.toThrow(TypeError)
    await expect(connection.pong(pattern(126))).rejects.toThrow(RangeError)
    expect(await peer.hears()).toEqual([])
  })

  test('after a close it is refused', async () => {
    const { connection } = connect(role)
    connection.close()
    await expect(connection.pong()).rejects.toMatchObject({ name: 'InvalidStateError' })
  })
})
