// Law: memory is used again only when nobody looks at it any more, and whoever gets a chunk may do with it as he likes
// (architecture.md, Who owns which bytes).

import { describe, expect, test } from 'vitest'
import { Duplex, type DuplexSocket } from '../../src/adapter/index.ts'
import { Connection, FrameDecoder, Opcode, type Role } from '../../src/index.ts'
import { cutAt, expectBytes, join, pattern } from '../support/bytes.ts'
import { Random } from '../support/random.ts'
import { connect, fragments, roles } from './helpers.ts'
import { drain } from './transport.ts'

/** A connection that sends to a transport which takes a chunk when it is told to. */
function sender(role: Role, { reuse }: { reuse: boolean }) {
  const chunks: Uint8Array[] = []
  const copies: Uint8Array[] = []
  const waiting: (() => void)[] = []
  const write = (chunk: Uint8Array) => {
    chunks.push(chunk)
    copies.push(chunk.slice())
    return new Promise<void>((resolve) => waiting.push(resolve))
  }
  const nothing = () => {}
  const socket: DuplexSocket = {
    write: async (chunks) => {
      for (const chunk of chunks) await write(chunk)
    },
    resume: nothing,
    pause: nothing,
    shutdown: nothing,
    close: nothing,
    destroy: nothing,
  }
  const streams = { readable: new ReadableStream(), writable: new WritableStream<Uint8Array>({ write }) }
  const transport = reuse ? new Duplex(socket, { startTimer: () => nothing }) : streams
  const connection = new Connection(transport, { role })
  const takeNext = async () => {
    await drain()
    const taken = waiting.shift()
    taken?.()
    return taken !== undefined
  }
  const takeAll = async () => {
    while (await takeNext());
  }
  /** The messages as the transport saw them. */
  const heard = () => {
    const decoder = new FrameDecoder({
      role: role === 'client' ? 'server' : 'client',
      wholeFrameLimit: 2 ** 20,
      copy: true,
    })
    return copies.flatMap((copy) => [...decoder.decode(copy)].map(({ payload }) => payload))
  }
  return {
    connection,
    chunks,
    copies,
    takeNext,
    takeAll,
    heard,
    buffers: () => new Set(chunks.map(({ buffer }) => buffer)).size,
  }
}

describe('large blocks of outgoing bytes', () => {
  const message = (i: number) => pattern(65536, i) // with its header, a block of the largest size

  test('are written again once a transport that says so has taken them', async () => {
    const { connection, takeAll, heard, buffers } = sender('client', { reuse: true })
    for (let i = 0; i < 50; i++) {
      void connection.send(message(i))
      await takeAll()
    }
    expect(heard()).toHaveLength(50)
    for (const [i, payload] of heard().entries()) expectBytes(payload, message(i))
    expect(buffers()).toBeLessThan(10)
  })

  test('are not touched while their write is under way', async () => {
    const { connection, chunks, copies, takeNext, takeAll, heard } = sender('client', { reuse: true })
    for (let i = 0; i < 50; i++) {
      void connection.send(message(i))
      if (i % 3 === 0) await takeNext() // the others pile up
      if (chunks.length > 0) expectBytes(chunks.at(-1)!, copies.at(-1)!)
    }
    await takeAll()
    expect(heard()).toHaveLength(50)
    for (const [i, payload] of heard().entries()) expectBytes(payload, message(i))
  })

  test('are not written again for any other transport: it may hand them on', async () => {
    const { connection, chunks, copies, takeAll, buffers } = sender('client', { reuse: false })
    for (let i = 0; i < 50; i++) {
      void connection.send(message(i))
      await takeAll()
    }
    expect(buffers()).toBe(chunks.length)
    for (const [i, chunk] of chunks.entries()) expectBytes(chunk, copies[i]!)
  })

  test('are ours: what a caller lent is his again', async () => {
    const lent = pattern(65536)
    const server = sender('server', { reuse: true })
    void server.connection.send(lent)
    await server.takeAll()
    expect(server.chunks.some(({ buffer }) => buffer === lent.buffer)).toBe(true) // it was lent
    const client = sender('client', { reuse: true })
    for (let i = 0; i < 50; i++) void client.connection.send(message(i))
    await client.takeAll()
    expectBytes(lent, pattern(65536))
  })
})

describe.each(roles)('the chunks of bodies, as %s', (role) => {
  test('one received chunk comes as one, whatever headers stand in it', async () => {
    const { connection, peer, world } = connect(role)
    const whole = pattern(5000)
    peer.says(...fragments(whole, 1000, 1010, 1010, 3000).flatMap((frame) => [frame, { opcode: Opcode.Ping }]))
    const { value: message } = await connection.messages().next()
    const reader = message!.body.getReader()
    const { value: chunk } = await reader.read()
    expectBytes(chunk!, whole)
    await world.settle()
    expect(await reader.read()).toEqual({ done: true, value: undefined })
  })

  test.each([[[200, 400]], [[]]])(
    'take nothing of the next message, though it is asked for meanwhile: %j',
    async (cuts) => {
      const { connection, peer } = connect(role)
      const [first, second] = [pattern(1500), pattern(600, 5)]
      peer.says(...fragments(first, 1400), ...fragments(second, ...cuts))
      const messages = connection.messages()
      const reader = (await messages.next()).value!.body.getReader()
      await drain() // the stream has started, and will pull at once
      const reading = reader.read()
      const { value: next } = await messages.next()
      const { value: chunk } = await reading
      expectBytes(chunk!, first.subarray(0, 1400))
      structuredClone(chunk, { transfer: [chunk!.buffer as ArrayBuffer] })
      expectBytes(await next!.bytes(), second)
    },
  )

  test('may be transferred at once, however messages were cut into frames and frames into chunks', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = new Random(seed)
      const { connection, peer, world } = connect(role, { limits: { readAhead: random.below(4000) } })
      const sizes = Array.from({ length: 6 }, () => random.below(random.below(2) === 0 ? 100 : 3000))
      const wanted = sizes.map((size, i) => pattern(size, i))
      const cuts = (length: number) =>
        Array.from({ length: random.below(6) }, () => random.below(length + 1)).sort((a, b) => a - b)
      const bytes = join(
        wanted.flatMap((whole) => fragments(whole, ...cuts(whole.length)).map((frame) => peer.wire(frame))),
      )
      for (const chunk of cutAt(bytes, cuts(bytes.length))) peer.transport.give(chunk.slice())
      let i = 0
      const messages = connection.messages()
      const read = (async () => {
        for (const want of wanted) {
          const got: Uint8Array[] = []
          for await (const chunk of (await messages.next()).value!.body as unknown as AsyncIterable<Uint8Array>) {
            got.push(chunk.slice())
            structuredClone(chunk, { transfer: [chunk.buffer as ArrayBuffer] })
          }
          expectBytes(join(got), want)
          i++
        }
      })()
      await world.settle()
      expect(i, `messages read with seed ${seed}`).toBe(wanted.length)
      await read
    }
  })
})
