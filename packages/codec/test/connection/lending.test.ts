// Law: what a pipe lends from one received chunk to outgoing messages arrives unchanged, whatever the transports do with memory: take it
// late, transfer it, write over it as soon as it is theirs again (architecture.md, Who owns which bytes).

import { describe, expect, test } from 'vitest'
import { Connection, Opcode, type Role } from '../../src/index.ts'
import { chop, cutAt, join, pattern, utf8 } from '../support/bytes.ts'
import type { WireFrame } from '../support/frames.ts'
import { Random } from '../support/random.ts'
import { fragments, Peer, roles, watch } from './helpers.ts'
import { TestSocket } from './socket.ts'
import { TestTransport, type Wire, World } from './transport.ts'
import { type End, openEnd, sentBy, word } from './twins.ts'

type Message = string | Uint8Array

/** Messages of all ways through the codec: copied, lent, masked, in one part, in many. */
const CONTENT: Message[] = [
  pattern(64),
  pattern(65),
  pattern(16_384),
  pattern(16_385),
  'ü'.repeat(20_000),
  pattern(70_000),
  'short',
  pattern(100_000),
  pattern(30_000, 5),
]

function frameOf(message: Message): WireFrame {
  if (typeof message === 'string') return { opcode: Opcode.Text, payload: utf8(message) }
  return { opcode: Opcode.Binary, payload: message }
}

const wordsOf = (messages: readonly Message[]): string[] =>
  messages.map((message) => `${typeof message === 'string' ? 1 : 2} ${word(message)}`)

/** A transport as a MessagePort has it: whatever is written is transferred away, and arrives when it is asked for. */
function transferring(): { wire: Wire; chunks: Uint8Array[]; transport: TestTransport } {
  const transport = new TestTransport()
  const chunks: Uint8Array[] = []
  const writable = new WritableStream<Uint8Array>({
    write(chunk) {
      if (chunk.length > 0) chunks.push(structuredClone(chunk, { transfer: [chunk.buffer as ArrayBuffer] }))
    },
  })
  Object.defineProperty(transport, 'writable', { value: writable })
  Object.defineProperty(transport, 'chunks', { value: chunks })
  return { wire: transport, chunks, transport }
}

const overs = ['duplex', 'duplex as streams', 'streams'] as const
const pairs = [['duplex', 'duplex'], ['duplex', 'streams'], ['streams', 'duplex'], [
  'duplex',
  'duplex as streams',
]] as const

describe.each(roles)('from a source as %s', (sourceRole) => {
  describe.each(pairs)('over %s to one over %s', (from, to) => {
    test.each(roles)(
      'as %s, messages that share a chunk arrive unchanged, however late they are taken',
      async (role) => {
        for (const pieces of ['one chunk', 'chunks of 64 KiB']) {
          const world = new World()
          const limits = { highWaterMark: 1_000_000, readAhead: 100_000 }
          const source = openEnd(world, { role: sourceRole, over: from, limits })
          const target = openEnd(world, { role, over: to, limits })
          void source.connection.readable.pipeTo(target.connection.writable)
          target.transport.hold()
          const wire = join(CONTENT.map((message) => source.peer.wire(frameOf(message))))
          const cuts = Array.from({ length: Math.floor(wire.length / 65_536) }, (_, i) => (i + 1) * 65_536)
          const chunks = pieces === 'one chunk'
            ? [wire]
            : pieces === 'chopped'
            ? chop(new Random(7), wire)
            : cutAt(wire, cuts)
          for (const chunk of chunks) {
            source.transport.give(chunk)
            await world.settle()
          }
          // The source goes on receiving while all that waits.
          for (let i = 0; i < 5; i++) {
            source.peer.says(frameOf(pattern(3000, i)))
            await world.settle()
            target.transport.letOne()
            await world.settle()
          }
          target.transport.letAll()
          await world.settle()
          const more = Array.from({ length: 5 }, (_, i) => pattern(3000, i))
          expect(sentBy(target)).toEqual(wordsOf([...CONTENT, ...more]))
        }
      },
    )
  })
})

describe.each(roles)('as %s to a transport that transfers what it is given', (role) => {
  test.each(overs)('nothing that is still needed goes with it, from a source over %s', async (from) => {
    for (const binary of ['copy', 'view'] as const) {
      const world = new World()
      const source = openEnd(world, { role: 'client', over: from, binary })
      const { chunks, transport, wire } = transferring()
      const connection = new Connection(transport, { role, environment: world.environment })
      const target: End = {
        connection,
        transport: wire,
        seen: [],
        closed: watch(connection.closed),
        peer: new Peer<Wire>(role, world, wire),
      }
      const piped = watch(source.connection.readable.pipeTo(connection.writable))
      source.peer.says(...CONTENT.map(frameOf), ...fragments(pattern(100_000), 16_385, 40_000, 80_000), frameOf('end'))
      await world.settle()
      source.peer.says(...CONTENT.map(frameOf))
      await world.settle()
      expect(chunks.length).toBeGreaterThan(1)
      expect(piped.state).toBe('pending')
      expect(sentBy(target)).toEqual(wordsOf([...CONTENT, pattern(100_000), 'end', ...CONTENT]))
    }
  })
})

describe('memory that a socket takes back', () => {
  test('is given back once for each chunk, and only when nobody looks at it', async () => {
    for (const role of roles) {
      const world = new World()
      const source = openEnd(world, { role: 'client', over: 'duplex' })
      const target = openEnd(world, { role, over: 'duplex', limits: { highWaterMark: 10_000_000 } })
      const socket = source.transport as TestSocket
      void source.connection.readable.pipeTo(target.connection.writable)
      await world.settle()
      target.transport.hold()
      const given: Uint8Array[] = []
      for (let i = 0; i < 10; i++) {
        const chunk = source.peer.wire(frameOf(pattern(60_000, i)))
        given.push(chunk)
        source.transport.give(chunk)
        await world.settle()
      }
      const early = socket.reclaimed.length
      // A client copies as it masks; a server lends until the transport has taken it.
      expect(early).toBe(role === 'client' ? 10 : 0)
      target.transport.letAll()
      await world.settle()
      expect(sentBy(target)).toEqual(given.map((_, i) => `2 ${word(pattern(60_000, i))}`))
      expect(new Set(socket.reclaimed).size).toBe(socket.reclaimed.length)
      expect(socket.reclaimed.length).toBe(10)
    }
  })

  test('is given back when the message is whole that its parts were kept for', async () => {
    for (const binary of ['copy', 'view'] as const) {
      const world = new World()
      const source = openEnd(world, { role: 'client', over: 'duplex', binary })
      const read = watch(source.connection.readable.getReader().read())
      for (const part of fragments(pattern(90_000), 30_000, 60_000)) {
        expect((source.transport as TestSocket).reclaimed.length).toBe(0)
        source.peer.says(part)
        await world.settle()
      }
      expect(word(read.value!.value!)).toBe(word(pattern(90_000)))
      expect((source.transport as TestSocket).reclaimed.length).toBe(3)
    }
  })

  test('holds no pong that waits for the transport', async () => {
    for (const role of roles) {
      const world = new World()
      const end = openEnd(world, { role, over: 'duplex' })
      end.transport.hold()
      void end.connection.send('in the way')
      await world.settle()
      const data = 'x'.repeat(125)
      end.peer.says({ opcode: Opcode.Ping, payload: utf8(data) })
      await world.settle()
      expect((end.transport as TestSocket).reclaimed.length).toBe(1)
      end.transport.letAll()
      await world.settle()
      expect(sentBy(end)).toEqual([`1 ${word('in the way')}`, `10 ${word(data)}`])
    }
  })

  test('is not given back while a message in parts, a reader or an iteration may look at it', async () => {
    for (const take of ['read', 'iterate', 'messages'] as const) {
      for (const binary of ['copy', 'view'] as const) {
        const world = new World()
        const source = openEnd(world, { role: 'client', over: 'duplex', binary })
        const got: Message[] = []
        const reading = watch(readAll(source.connection, take, got))
        for (let i = 0; i < 3; i++) {
          source.peer.says(...fragments(pattern(90_000, i), 30_000, 60_000))
          await world.settle()
          for (const part of fragments(pattern(90_000, 10 + i), 30_000, 60_000)) {
            source.peer.says(part, { opcode: Opcode.Ping })
            await world.settle()
          }
          source.peer.says(frameOf('é'.repeat(30_000)), frameOf(pattern(500, i)))
          await world.settle()
        }
        const expected = [0, 1, 2].flatMap((
          i,
        ) => [pattern(90_000, i), pattern(90_000, 10 + i), 'é'.repeat(30_000), pattern(500, i)])
        expect(reading.state).toBe('pending')
        expect(got.map((message) => word(message))).toEqual(expected.map((message) => word(message)))
      }
    }
  })
})

async function readAll(connection: Connection, take: 'read' | 'iterate' | 'messages', got: Message[]): Promise<void> {
  if (take === 'messages') {
    for await (const message of connection.messages()) {
      got.push(message.type === 'text' ? await message.text() : await message.bytes())
    }
  } else if (take === 'iterate') {
    for await (const message of connection.readable as unknown as AsyncIterable<Message>) got.push(message)
  } else {
    const reader = connection.readable.getReader()
    for (let read = await reader.read(); !read.done; read = await reader.read()) got.push(read.value)
  }
}

// Invariant: whatever is said, cut and held back anywhere, the target's peer hears the source's messages, in order, and nothing else.
test('random messages through random transports', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed)
    const world = new World()
    const limits = {
      highWaterMark: random.pick([1, 5000, 65_536, 1_000_000]),
      readAhead: random.pick([1, 5000, 65_536]),
    }
    const source = openEnd(world, { role: random.pick<Role>(roles), over: random.pick(overs), limits })
    const target = openEnd(world, { role: random.pick<Role>(roles), over: random.pick(overs), limits })
    void source.connection.readable.pipeTo(target.connection.writable)
    const said: Message[] = []
    for (let step = 0; step < 8; step++) {
      const frames = Array.from({ length: 1 + random.below(4) }, () => {
        const bytes = random.bytes(random.pick([10, 65, 1000, 5000, 16_385, 20_000, 50_000]))
        said.push(bytes)
        const places = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1)).sort((a, b) =>
          a - b
        )
        return fragments(bytes.slice(), ...places)
      }).flat()
      const wire = join(frames.map((frame) => source.peer.wire(frame)))
      for (const chunk of random.chance(0.5) ? [wire] : chop(random, wire)) source.transport.give(chunk)
      if (random.chance(0.7)) await world.settle()
      if (random.chance(0.4)) target.transport.hold()
      if (random.chance(0.4)) target.transport.letOne()
      if (random.chance(0.3)) target.transport.letAll()
    }
    await world.settle()
    target.transport.letAll()
    await world.settle()
    expect(sentBy(target), `seed ${seed}`).toEqual(wordsOf(said))
  }
})
