// Not in workerd, whose pipe hears of its target's failure only when it writes again.

import { expect, test } from 'vitest'
import { Opcode } from '../../src/index.ts'
import { connect, expectUnclean, watch } from './helpers.ts'

test('memory that cannot be had fails what a pipe writes to, and the pipe with it, not what it reads', async () => {
  const huge = new Uint8Array(200_000)
  const allocate = (length: number): Uint8Array => {
    if (length >= 100_000) throw new RangeError('Array buffer allocation failed')
    return new Uint8Array(length)
  }
  const from = connect('client')
  const to = connect('client', { environment: { allocate } })
  const piped = watch(from.connection.readable.pipeTo(to.connection.writable, { preventCancel: true }))
  from.peer.says({ opcode: Opcode.Binary, payload: huge })
  await from.world.settle()
  await to.world.settle()
  expect(to.transport.did).toEqual(['shutdown'])
  to.transport.end()
  await to.world.settle()
  expect((expectUnclean(to.end).cause as Error).message).toBe('Array buffer allocation failed')
  expect(piped.error).toBe(to.end.error)
  expect(from.end.state).toBe('pending')
  expect(from.connection.readable.locked).toBe(false)
})
