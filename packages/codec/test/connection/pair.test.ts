// Two connections over a pipe in memory, with every kind of "later": what one says the other hears, whatever the timing.

import { describe, expect, test } from 'vitest'
import { acceptConnection, Connection, type Environment, openConnection } from '../../src/index.ts'
import { expectBytes, pattern } from '../support/bytes.ts'
import { watch } from './helpers.ts'
import { pipeEnds } from './transport.ts'

const laters: [string, Partial<Environment>][] = [
  ['the portable one', {}],
  ['microtasks', { defer: (callback) => queueMicrotask(callback) }],
  ['at once', { defer: (callback) => callback() }],
]

/** A client and a server on the two ends of a pipe that holds little. */
function pair(environment: Partial<Environment>, options: object = {}) {
  const [client, server] = pipeEnds().map((transport, i) =>
    new Connection(transport, { role: i === 0 ? 'client' : 'server', environment, ...options })
  ) as [Connection, Connection]
  return { client, server }
}

describe.each(laters)('with “later” as %s', (name, environment) => {
  test('an echo by pipeTo gives every message back, in order, and both ends are clean', async () => {
    const { client, server } = pair(environment)
    const echoed = server.readable.pipeTo(server.writable)
    const sizes = [0, 1, 125, 126, 5000, 16_383, 16_384, 65_535, 65_536, 300_000]
    const writer = client.writable.getWriter()
    const writing = (async () => {
      for (const size of sizes) {
        await writer.write(pattern(size, size))
        await writer.write('x'.repeat(size))
      }
    })()
    const reader = client.readable.getReader()
    for (const size of sizes) {
      expectBytes((await reader.read()).value as Uint8Array, pattern(size, size))
      expect((await reader.read()).value).toBe('x'.repeat(size))
    }
    await writing
    await writer.close()
    expect(await client.closed).toEqual({ closeCode: 1005, reason: '' })
    expect(await server.closed).toEqual({ closeCode: 1005, reason: '' })
    // How a pipe itself ends needs what `defer` promises: that microtasks run first.
    await (name === 'the portable one' ? echoed : echoed.catch(() => {}))
    expect((await reader.read()).done).toBe(true)
  })

  test('bodies that are sent on as they come, both ways, come back whole', async () => {
    const { client, server } = pair(environment, { limits: { readAhead: 10_000, highWaterMark: 10_000 } })
    const echoing = (async () => {
      for await (const { type, body } of server.messages()) await server.send(body, { type })
    })()
    const sum = async (body: ReadableStream<Uint8Array>) => {
      const reader = body.getReader()
      let length = 0
      let hash = 0
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        length += read.value.length
        for (const byte of read.value) hash = (hash * 31 + byte) | 0
      }
      return { length, hash }
    }
    const chunks = Array.from({ length: 100 }, (_, i) => pattern(1 + i * 331, i))
    const source = () => new ReadableStream<Uint8Array>({ pull: next(chunks.map((chunk) => chunk.slice())) })
    const messages = client.messages()
    for (const length of [undefined, chunks.reduce((all, chunk) => all + chunk.length, 0)]) {
      const sent = client.send(source(), { length })
      const { value: message } = await messages.next()
      expect(await sum(message!.body)).toEqual(await sum(source()))
      await sent
    }
    client.close({ closeCode: 3000 })
    expect(await server.closed).toEqual({ closeCode: 3000, reason: '' })
    await echoing
  })

  test('pings are answered in the middle of all that', async () => {
    const { client, server } = pair(environment)
    const reading = server.readable.pipeTo(new WritableStream())
    const sends = Array.from({ length: 20 }, () => client.send(pattern(30_000)))
    expect(await client.ping()).toBeGreaterThanOrEqual(0)
    expect(await server.ping()).toBeGreaterThanOrEqual(0)
    await Promise.all(sends)
    server.close()
    await Promise.all([client.closed, server.closed, reading])
  })

  test('both close at once', async () => {
    const { client, server } = pair(environment)
    client.close({ closeCode: 3001 })
    server.close({ closeCode: 3002 })
    expect(await client.closed).toEqual({ closeCode: 3002, reason: '' })
    expect(await server.closed).toEqual({ closeCode: 3001, reason: '' })
  })

  test('the upgrade too, from the first byte to the last', async () => {
    const [atClient, atServer] = pipeEnds()
    const [client, server] = await Promise.all([
      openConnection(atClient, 'ws://example.com/', { environment }),
      acceptConnection(atServer, { environment }),
    ])
    await server.send('welcome')
    expect((await client.readable.getReader().read()).value).toBe('welcome')
    await Promise.all([client[Symbol.asyncDispose](), server[Symbol.asyncDispose]()])
    await Promise.all([client.closed, server.closed])
  })

  test('one that reads nothing makes the other wait, and goes on when it reads', async () => {
    const { client, server } = pair(environment, { limits: { readAhead: 5000, highWaterMark: 5000 } })
    const sends = Array.from({ length: 50 }, () => watch(client.send('x'.repeat(2000))))
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0))
    const waiting = sends.filter(({ state }) => state === 'pending').length
    expect(waiting).toBeGreaterThan(30)
    const reader = server.readable.getReader()
    for (let i = 0; i < 50; i++) expect((await reader.read()).value).toHaveLength(2000)
    await client.ping()
    expect(sends.every(({ state }) => state === 'resolved')).toBe(true)
    client.close()
    await reader.read()
    await Promise.all([client.closed, server.closed])
  })
})

function next(chunks: Uint8Array[]): (controller: ReadableStreamDefaultController<Uint8Array>) => void {
  return (controller) => {
    const chunk = chunks.shift()
    if (chunk === undefined) controller.close()
    else controller.enqueue(chunk)
  }
}
