// Not in workerd, whose pipe hears of its target's failure only when it writes again, and whose writer loses what waits when it is
// released.

import { describe, expect, test } from 'vitest'
import { Opcode } from '../../src/index.ts'
import { collect, connect, expectClean, expectUnclean, roles, watch } from './helpers.ts'

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

// A pipe learns from one message that its target takes none any more, and that one is lost, as it is in the platform's pipes.
const endings = [
  ['closes', (to: End) => to.connection.close(), ['behind', 'and more']],
  ['is closed by its peer', (to: End) => to.peer.says(to.peer.close(1000)), ['behind', 'and more']],
  ['breaks', (to: End) => to.transport.break(new Error('reset')), ['begun, and ended', 'behind', 'and more']],
] as const

type End = ReturnType<typeof connect>

describe.each(roles)('what comes when the target, a %s,', (role) => {
  test.each(endings)('%s is for the next reader, but for the message that tells the pipe', async (_, end, left) => {
    const from = connect('server')
    const to = connect(role)
    const { readable } = from.connection
    const piped = watch(readable.pipeTo(to.connection.writable, { preventCancel: true }))
    from.peer.says(from.peer.text('before'), from.peer.text('begun, ', { fin: false }))
    await from.world.settle()
    end(to)
    await to.world.settle()
    from.peer.says(from.peer.text('and ended', { opcode: 0 }), from.peer.text('behind'), from.peer.text('and more'))
    await from.world.settle()
    expect((await to.peer.hears())[0]).toBe('text before')
    expect([piped.state, readable.locked]).toEqual(['rejected', false])
    const { items } = collect(readable)
    await from.world.settle()
    expect(items).toEqual(left)
  })
})

test('a pipe does not overtake what was written before it began', async () => {
  const from = connect('server')
  const to = connect('client')
  from.peer.says(from.peer.text('here already'))
  await from.world.settle()
  const writer = to.connection.writable.getWriter()
  const writes = ['first', 'second'].map((text) => watch(writer.write(text)))
  writer.releaseLock()
  void from.connection.readable.pipeTo(to.connection.writable)
  await from.world.settle()
  expect(await to.peer.hears()).toEqual(['text first', 'text second', 'text here already'])
  expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved'])
})

test.each([['close', {}], ['abort', { signal: AbortSignal.abort('no') }]])(
  'a pipe that is over before it begins takes nothing: %s',
  async (how, options) => {
    const from = connect('server')
    const to = connect('client')
    const { readable } = from.connection
    const { writable } = to.connection
    if (how === 'close') {
      to.connection.close()
      to.peer.says(to.peer.close(1000))
      to.transport.end()
      await to.world.settle()
      expectClean(to.end, 1000)
    }
    from.peer.says(from.peer.text('first'), from.peer.text('second'))
    await from.world.settle()
    const piped = watch(readable.pipeTo(writable, { ...options, preventCancel: true }))
    await from.world.settle()
    expect([piped.state, readable.locked]).toEqual(['rejected', false])
    const { items } = collect(readable)
    await from.world.settle()
    expect(items).toEqual(['first', 'second'])
  },
)
