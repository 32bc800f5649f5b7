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

// From Node 24 on the platform's own pipe fails an assertion over it, which ends the process; here the test's listener would hear of it.
test('a message that comes while a pipe ends by its signal is neither lost nor an accident', async () => {
  for (let abortAt = 0; abortAt < 12; abortAt++) {
    for (let saidAt = 0; saidAt < 12; saidAt++) {
      const world = new World()
      const [from, to] = [
        openEnd(world, { role: 'client', over: 'streams' }),
        openEnd(world, { role: 'server', over: 'streams' }),
      ]
      const { readable } = from.connection
      await world.settle()
      const stop = new AbortController()
      const options = { signal: stop.signal, preventCancel: true, preventAbort: true, preventClose: true }
      const piped = readable.pipeTo(to.connection.writable, options).catch(() => {})
      for (let step = 0; step < 12; step++) {
        if (step === abortAt) stop.abort()
        if (step === saidAt) from.peer.says(from.peer.text('one'))
        await undefined
      }
      await piped
      from.peer.says(from.peer.text('two'))
      await world.settle()
      const reader = readable.getReader()
      const seen = (await to.peer.hears()).map((word) => word.replace('text ', ''))
      while (seen.at(-1) !== 'two') seen.push((await reader.read()).value as string)
      expect([abortAt, saidAt, seen]).toEqual([abortAt, saidAt, ['one', 'two']])
    }
  }
  expect(reported).toEqual([])
})
