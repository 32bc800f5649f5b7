// Messages between two ends of ours, over every transport: what is sent arrives, whole and in order, and no faster than it is read.

import type { Connection } from '@wirestream/codec'
import assert from 'node:assert/strict'
import type { Adapter, Tests } from './adapter.ts'
import { flipping } from './flip.ts'
import {
  checkPattern,
  echo,
  MiB,
  over,
  pattern,
  patternStream,
  readPattern,
  standstill,
  type Transport,
  urlOf,
} from './support.ts'

/** The tests of one transport. */
export function messageTests(transport: Transport): Tests {
  return {
    async 'text and binary come back, empty ones too'({ serve, connect }) {
      await conversation({ serve, connect }, transport, async (connection) => {
        const reader = connection.readable.getReader()
        for (const message of ['grüße 😀', '', pattern(0, 1), pattern(0, 0), pattern(0, 60000), 'x'.repeat(60000)]) {
          await connection.send(message)
          const { value } = await reader.read()
          if (typeof message === 'string') assert.equal(value, message)
          else {
            assert.ok(value instanceof Uint8Array && value.constructor === Uint8Array)
            assert.equal(value.length, message.length)
            assert.equal(value.buffer.byteLength, message.length)
            checkPattern(value, 0)
          }
        }
      })
    },

    async 'a thousand messages of all sizes keep their order'({ serve, connect }) {
      await conversation({ serve, connect }, transport, async (connection) => {
        const size = (i: number): number => (i * 977) % 5000
        const writer = connection.writable.getWriter()
        const sent = (async () => {
          for (let i = 0; i < 1000; i++) {
            await writer.write(i % 3 === 0 ? `${i}:`.padEnd(size(i), '.') : pattern(i, size(i)))
          }
        })()
        const reader = connection.readable.getReader()
        for (let i = 0; i < 1000; i++) {
          const { value } = await reader.read()
          if (typeof value === 'string') assert.equal(value, `${i}:`.padEnd(size(i), '.'))
          else {
            assert.equal(value!.length, size(i))
            checkPattern(value!, i)
          }
        }
        await sent
      })
    },

    // Who reads into the same memory again must see that somebody still looks at it.
    async 'views that are kept stay as they came, whatever comes behind them'({ serve, connect }) {
      const { server, client } = over(transport)
      const sizes = Array.from({ length: 400 }, (_, i) => [1, 64, 65, 1000, 5000, 17_000, 40_000, 60_000][i * 5 % 8]!)
      await using listener = await serve({ ...server, binary: 'view' }, echo)
      await using connection = await connect(urlOf(listener), { ...client, binary: 'view' })
      const sent = (async () => {
        for (const [i, size] of sizes.entries()) await connection.send(pattern(i, size))
      })()
      const kept: Uint8Array[] = []
      for await (const message of connection.readable) {
        kept.push(message as Uint8Array)
        if (kept.length === sizes.length) break
      }
      await sent
      for (const [i, message] of kept.entries()) {
        assert.equal(message.length, sizes[i])
        checkPattern(message, i)
      }
    },

    async 'a ping is answered, and the round trip is known'({ serve, connect }) {
      await conversation({ serve, connect }, transport, async (connection) => {
        assert.ok(await connection.ping() >= 0)
      })
    },

    async 'an extension that both ends know is run, and closed with its connection'({ serve, connect }) {
      const { server, client } = over(transport)
      const flip = flipping()
      const extensions = [flip]
      const listener = await serve({ ...server, extensions }, echoAsStreams)
      const connection = await connect(urlOf(listener), { ...client, extensions })
      assert.deepEqual([connection.extensions, flip.open], ['x-flip', 2])
      const messages = connection.messages()
      for (const size of [0, 1, 64, 65, 70_000, 3 * MiB]) {
        const sent = connection.send(patternStream(size))
        const { value } = await messages.next()
        assert.equal(await readPattern(value!.body), size)
        await sent
      }
      assert.ok(await connection.ping() >= 0)
      connection.close({ closeCode: 3000, reason: 'done' })
      assert.deepEqual(await connection.closed, { closeCode: 3000, reason: 'done' })
      await listener.close()
      assert.equal(flip.open, 0)
    },

    async 'a message of 64 MiB goes both ways as a stream, and memory does not hold it'({ serve, connect }) {
      const length = 64 * MiB
      await conversation({ serve, connect }, transport, async (connection) => {
        const source = patternStream(length)
        const sent = connection.send(source, { length })
        let most = 0
        for await (const { body } of connection.messages()) {
          assert.equal(await readPattern(counted(body, (n) => most = Math.max(most, source.taken - n))), length)
          break
        }
        await sent
        // What lies between: queues of ours on both sides and those of the system, four times through.
        assert.ok(most < length / 2, `up to ${most} bytes were under way`)
      })
    },

    async 'who does not read makes the sender wait'({ serve, connect }) {
      const length = 64 * MiB
      const { server, client } = over(transport)
      const source = patternStream(length)
      await using listener = await serve(server, async (connection) => {
        await connection.send(source)
        await connection.closed
      })
      await using connection = await connect(urlOf(listener), client)
      const taken = await standstill(() => source.taken)
      assert.ok(taken < length / 2, `${taken} bytes were sent and nobody read`)
      for await (const { body } of connection.messages()) {
        assert.equal(await readPattern(body), length)
        break
      }
      connection.close()
    },

    async 'a server that does not read makes the client wait'({ serve, connect }) {
      const length = 64 * MiB
      const { server, client } = over(transport)
      let go!: () => void
      const reading = new Promise<void>((resolve) => go = resolve)
      let arrived = 0
      await using listener = await serve(server, async (connection) => {
        await reading
        for await (const { body } of connection.messages()) arrived += await readPattern(body)
      })
      await using connection = await connect(urlOf(listener), client)
      const source = patternStream(length)
      const sent = connection.send(source)
      const taken = await standstill(() => source.taken)
      assert.ok(taken < length / 2, `${taken} bytes were sent and nobody read`)
      go()
      await sent
      connection.close({ closeCode: 1000 })
      assert.deepEqual(await connection.closed, { closeCode: 1000, reason: '' })
      assert.equal(arrived, length)
    },

    async 'what was written is flushed before the Close frame'({ serve, connect }) {
      const { server, client } = over(transport)
      let got = 0
      let ended!: () => void
      const end = new Promise<void>((resolve) => ended = resolve)
      await using listener = await serve(server, async (connection) => {
        for await (const message of connection.readable) got += message.length
        ended()
      })
      const connection = await connect(urlOf(listener), client)
      for (let i = 0; i < 100; i++) void connection.send(pattern(0, 50000))
      connection.close({ closeCode: 1000, reason: 'done' })
      assert.deepEqual(await connection.closed, { closeCode: 1000, reason: 'done' })
      await end
      assert.equal(got, 5_000_000)
    },
  }
}

/** One connection to an echo. */
async function conversation(
  { serve, connect }: Pick<Adapter, 'connect' | 'serve'>,
  transport: Transport,
  talk: (connection: Connection) => Promise<void>,
): Promise<void> {
  const { server, client } = over(transport)
  await using listener = await serve(server, echoAsStreams)
  await using connection = await connect(urlOf(listener), client)
  await talk(connection)
}

/** Sends everything back as it comes, whatever its size. */
async function echoAsStreams(connection: Connection): Promise<void> {
  for await (const { type, body } of connection.messages()) await connection.send(body, { type })
}

function counted(body: ReadableStream<Uint8Array>, onCount: (read: number) => void): ReadableStream<Uint8Array> {
  let read = 0
  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      onCount(read += chunk.length)
      controller.enqueue(chunk)
    },
  })
  return body.pipeThrough(count)
}
