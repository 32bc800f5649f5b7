// Law: a pipe that fails and that nobody looks at is reported once, as the platform's is; a pipe that somebody looks at never.

import process from 'node:process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { drain, World } from './transport.ts'
import { openEnd } from './twins.ts'

const reported: unknown[] = []
const report = (error: unknown): void => void reported.push(error)
let others: NodeJS.UnhandledRejectionListener[] = []

beforeEach(() => {
  reported.length = 0
  others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', report)
})

afterEach(() => {
  process.removeAllListeners('unhandledRejection')
  for (const other of others) process.on('unhandledRejection', other)
})

type Message = string | Uint8Array
const ways = [
  [
    'ours',
    (from: ReadableStream<Message>, to: WritableStream<Message>, signal?: AbortSignal) =>
      from.pipeTo(to, { signal: signal! }),
  ],
  [
    'the platform’s',
    (from: ReadableStream<Message>, to: WritableStream<Message>, signal?: AbortSignal) =>
      ReadableStream.prototype.pipeTo.call(from, to, { signal: signal! }),
  ],
] as const

test.each(ways)('a pipe that fails, %s', async (_name, pipeTo) => {
  for (const whose of ['source', 'target', 'signal', 'lock'] as const) {
    for (const looked of [false, true]) {
      reported.length = 0
      const world = new World()
      const ends = {
        source: openEnd(world, { role: 'server', over: 'streams' }),
        target: openEnd(world, { role: 'server', over: 'duplex' }),
      }
      const { readable } = ends.source.connection
      const { writable } = ends.target.connection
      const stop = new AbortController()
      if (whose === 'lock') writable.getWriter()
      const piped = whose === 'signal' ? pipeTo(readable, writable, stop.signal) : pipeTo(readable, writable)
      if (looked) piped.catch(() => {})
      ends.source.peer.says(ends.source.peer.text('hello'))
      await world.settle()
      if (whose === 'signal') stop.abort()
      else if (whose !== 'lock') ends[whose].transport.break(new Error('reset'))
      await world.settle()
      await drain()
      expect([whose, reported.length]).toEqual([whose, looked ? 0 : 1])
    }
  }
})

test('an iteration that fails reports nothing but to who asked', async () => {
  const world = new World()
  const { connection, transport } = openEnd(world, { role: 'server', over: 'duplex' })
  const iterator = (connection.readable as unknown as AsyncIterable<Message>)[Symbol.asyncIterator]()
  const asked = iterator.next()
  asked.catch(() => {})
  transport.break(new Error('reset'))
  await world.settle()
  await drain()
  expect(reported).toEqual([])
  void iterator.next()
  const left = openEnd(world, { role: 'server', over: 'duplex' })
  ;(left.connection.readable as unknown as AsyncIterable<Message>)[Symbol.asyncIterator]()
  left.transport.break(new Error('reset'))
  await world.settle()
  await drain()
  expect(reported).toEqual([])
})
