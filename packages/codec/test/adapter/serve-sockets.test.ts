// serveSockets, in memory: the sockets of a listener, and asking for one after another.

import { expect, test, vi } from 'vitest'
import { type Accepted, serveSockets, type ServingOptions, type SocketSource } from '../../src/adapter/index.ts'
import { watch } from '../connection/helpers.ts'
import { TestSocket } from '../connection/socket.ts'
import { World } from '../connection/transport.ts'

/** A listener whose `accept` answers as the test says. */
async function listening(options: ServingOptions & { unix?: string; tls?: object } = {}, asked = true) {
  const world = new World()
  const onError = vi.fn()
  const waiting: { resolve: () => void; reject: (error: unknown) => void }[] = []
  let accepted!: Accepted
  const source: SocketSource = {
    hostname: '127.0.0.1',
    port: 80,
    ...(asked ? { accept: () => new Promise<void>((resolve, reject) => waiting.push({ resolve, reject })) } : {}),
    stop: vi.fn(() => waiting.at(-1)?.reject(new Error('closed'))),
  }
  const given = { onError, ...options, environment: world.environment }
  const listener = await serveSockets(given, () => {}, (_, take) => {
    accepted = take
    return source
  })
  return { world, onError, waiting, accepted, source, listener }
}

test('has the address of its source, but none for a Unix socket; TLS makes it wss', async () => {
  const { listener } = await listening()
  expect([listener.url, listener.hostname, listener.port]).toEqual(['ws://127.0.0.1:80', '127.0.0.1', 80])
  const { listener: unix } = await listening({ unix: '/x' })
  expect([unix.url, unix.hostname, unix.port]).toEqual(['ws+unix:/x', '', 0])
  expect((await listening({ tls: {} })).listener.url).toBe('wss://127.0.0.1:80')
})

test('a source that is asked is asked again when it has told a socket', async () => {
  const { world, waiting } = await listening()
  expect(waiting).toHaveLength(1)
  waiting[0]!.resolve()
  await world.settle()
  expect(waiting).toHaveLength(2)
})

test('an accept that fails is told, and the next follows 100 ms later', async () => {
  const { world, onError, waiting } = await listening()
  waiting[0]!.reject(new Error('no descriptors'))
  await world.pass(99)
  expect(onError.mock.calls).toEqual([[new Error('no descriptors'), { where: 'listener' }]])
  expect(waiting).toHaveLength(1)
  await world.pass(1)
  expect([waiting.length, world.timers]).toEqual([2, 0])
})

test.each([['while it is asked', false], ['in the pause behind an accept that failed', true]])(
  'closing %s asks no more and tells no error',
  async (_, pausing) => {
    const { world, onError, waiting, source, listener } = await listening()
    if (pausing) waiting.shift()!.reject(new Error('no descriptors'))
    await world.settle()
    const closed = watch(listener.close())
    await world.settle()
    expect([closed.state, world.timers, waiting.length]).toEqual(['resolved', 0, pausing ? 0 : 1])
    expect(onError).toHaveBeenCalledTimes(pausing ? 1 : 0)
    expect(source.stop).toHaveBeenCalledTimes(1)
  },
)

test('closing waits for the sockets that were accepted, and cuts them after the timeout', async () => {
  const { world, accepted, listener } = await listening({}, false)
  const [gone, left] = [new TestSocket(world), new TestSocket(world)]
  accepted(gone.duplex)
  accepted(left.duplex, '::1')
  await world.settle()
  gone.duplex.destroy()
  // The handshakes are given up at once; a request that is being answered is not.
  const closed = watch(listener.close({ timeout: 70 }))
  await world.pass(70)
  expect([closed.state, left.duplex.over, world.timers]).toEqual(['resolved', true, 0])
})

test.each([NaN, -1, '5000'])('closing refuses a timeout of %s, and the listener goes on', async (timeout) => {
  const { world, accepted, listener } = await listening({}, false)
  const socket = new TestSocket(world)
  accepted(socket.duplex)
  const message = `Cannot close listener: timeout must be at least 0 milliseconds, got ${timeout}`
  await expect(listener.close({ timeout: timeout as number })).rejects.toThrow(new RangeError(message))
  expect(socket.duplex.over).toBe(false)
  const closed = watch(listener.close({ timeout: 0 }))
  await world.pass(0)
  expect(closed.state).toBe('resolved')
})
