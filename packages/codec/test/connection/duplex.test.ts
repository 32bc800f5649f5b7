// Law: a `Duplex` has one user, who sees the same whether he takes it as two streams or as a channel: chunks in order, then the end;
// writes one after another; an end of each direction, of both, or a fault (connection.md, Any transport).

import { describe, expect, test } from 'vitest'
import { HandshakeTransport } from '../../src/connection/transport.ts'
import type { Duplex } from '../../src/adapter/index.ts'
import { type ByteStreams, Connection } from '../../src/index.ts'
import { cutAt, expectBytes, join, pattern, utf8 } from '../support/bytes.ts'
import { wire } from '../support/frames.ts'
import { Random } from '../support/random.ts'
import { closing } from '../support/streams.ts'
import { KEY, watch, type Watched } from './helpers.ts'
import { TestSocket, type TestSocketOptions } from './socket.ts'
import { World } from './transport.ts'

/** Who uses a duplex, in either form. */
interface User {
  /** What came: a chunk as its text, `end`, or `failed` and why. */
  readonly came: string[]
  /** Asks for one thing more. */
  take(): void
  write(...chunks: Uint8Array[]): Promise<void>
  shutdown(): Promise<void>
  discard(): void
  abort(): void
}

function asStreams({ readable, writable }: ByteStreams): User {
  const reader = readable.getReader()
  const writer = writable.getWriter()
  for (const { closed } of [reader, writer]) closed.catch(() => {})
  const came: string[] = []
  let over = false
  const tell = (what: string) => {
    if (!over) came.push(what)
  }
  return {
    came,
    take: () =>
      void reader.read().then(({ done, value }) => {
        tell(done ? 'end' : text(value))
        over ||= done
      }, (error) => {
        tell(`failed ${error.message}`)
        over = true
      }),
    write: (...chunks) => Promise.all(chunks.map((chunk) => writer.write(chunk))).then(() => {}),
    shutdown: () => writer.close(),
    discard: () => void reader.cancel().then(() => over = true, () => {}),
    abort: () => {
      over = true
      writer.abort().catch(() => {})
    },
  }
}

function asChannel(duplex: Duplex): User {
  if (!duplex.claim()) throw new TypeError('claimed')
  const came: string[] = []
  let wanted = 0
  let flowing = false
  const tell = (what: string) => {
    came.push(what)
    if (--wanted > 0 || !flowing) return
    flowing = false
    duplex.pause()
  }
  duplex.listen({
    chunk: (chunk) => tell(text(chunk)),
    end: () => came.push('end'),
    failed: (error) => came.push(`failed ${(error as Error).message}`),
  })
  return {
    came,
    take: () => {
      wanted++
      if (flowing) return
      flowing = true
      duplex.resume()
    },
    write: (...chunks) => duplex.write(chunks) ?? Promise.resolve(),
    shutdown: () => duplex.shutdown(),
    discard: () => duplex.discard(),
    abort: () => duplex.abort(),
  }
}

const forms: [string, (duplex: Duplex) => User][] = [['as streams', asStreams], ['as a channel', asChannel]]

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function open(form: (duplex: Duplex) => User, options?: TestSocketOptions) {
  const world = new World()
  const socket = new TestSocket(world, options)
  const user = form(socket.duplex)
  return { world, socket, duplex: socket.duplex, user, closed: watch(socket.duplex.closed) }
}

describe.each(forms)('a duplex %s', (_name, form) => {
  test('gives chunks in the order in which they came, the head first, then the end', async () => {
    const { world, socket, user } = open(form, { head: utf8('head') })
    for (const chunk of ['a', 'b', 'c']) socket.give(utf8(chunk))
    socket.end()
    for (let i = 0; i < 5; i++) user.take()
    await world.settle()
    expect(user.came).toEqual(['head', 'a', 'b', 'c', 'end'])
  })

  test('gives nothing that was not asked for, and takes little more from the socket', async () => {
    const { world, socket, user } = open(form)
    for (const chunk of ['a', 'b', 'c', 'd']) socket.give(utf8(chunk))
    user.take()
    await world.settle()
    expect(user.came).toEqual(['a'])
    expect(socket.left).toBeGreaterThanOrEqual(2) // a stream reads one ahead
    expect(socket.flowing).toBe(false)
  })

  test('holds what the socket gives although it was paused, and keeps the order behind it', async () => {
    const { world, duplex, user } = open(form)
    for (const chunk of ['a', 'b', 'c']) duplex.push(utf8(chunk))
    duplex.end()
    await world.settle()
    for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'end']]) {
      user.take()
      await world.settle()
      expect(user.came.slice(0, 3)).toEqual(expected.slice(0, 3))
    }
    expect(user.came).toEqual(['a', 'b', 'c', 'end'])
  })

  test('tells the end only to who asks for more, as it does a chunk', async () => {
    const { world, duplex, user } = open(form)
    user.take()
    duplex.push(utf8('a'))
    await world.settle()
    duplex.end()
    await world.settle()
    expect(user.came).toEqual(['a'])
    user.take()
    await world.settle()
    expect(user.came).toEqual(['a', 'end'])
  })

  test('tells a fault at once, and what was held is gone', async () => {
    const { world, socket, duplex, user, closed } = open(form)
    user.take()
    await world.settle()
    duplex.push(utf8('a'))
    await world.settle()
    socket.break(new Error('reset'))
    user.take()
    await world.settle()
    expect(user.came).toEqual(['a', 'failed reset'])
    expect([socket.did, closed.state]).toEqual([['destroy'], 'resolved'])
    duplex.push(utf8('late'))
    duplex.end()
    duplex.fail(new Error('again'))
    user.take()
    await world.settle()
    expect([user.came, socket.did]).toEqual([['a', 'failed reset'], ['destroy']])
  })

  test('a fault before anybody listens is told to who comes', async () => {
    const world = new World()
    const socket = new TestSocket(world)
    socket.break(new Error('reset'))
    const user = form(socket.duplex)
    user.take()
    await world.settle()
    expect(user.came).toEqual(['failed reset'])
    expect(await closing(user.write(utf8('x')))).toMatchObject({ message: 'reset' })
  })

  test('writes leave in order, one at a time, and each is done when the system has taken it', async () => {
    const { world, socket, user } = open(form)
    socket.hold()
    const writes = ['a', 'b', 'c'].map((chunk) => watch(user.write(pattern(5000, chunk.charCodeAt(0)))))
    await world.settle()
    expect([socket.writes.length, writes.map(({ state }) => state)]).toEqual([1, ['pending', 'pending', 'pending']])
    for (let i = 1; i <= 3; i++) {
      socket.letOne()
      await world.settle()
      expect(writes.map(({ state }) => state === 'resolved')).toEqual([true, i >= 2, i >= 3])
    }
    expect(socket.chunks.length).toBe(3)
    for (const [i, chunk] of socket.chunks.entries()) expectBytes(chunk, pattern(5000, 'abc'.charCodeAt(i)))
  })

  test('chunks that a system takes one by one are joined up to what it says, and none are lost', async () => {
    for (const joins of [0, 1, 10, 100, 10_000]) {
      const { world, socket, user } = open(form, { joins })
      const whole = pattern(3000)
      for (let at = 0; at < whole.length; at += 1000) {
        void user.write(...cutAt(whole.slice(at, at + 1000), [1, 1, 5, 30, 100, 101, 999]))
        await world.settle()
      }
      expectBytes(join(socket.chunks), whole)
      for (const chunk of socket.chunks) expect(chunk.length <= Math.max(joins, 898)).toBe(true)
    }
  })

  test('our end follows all that was written, and reading goes on', async () => {
    const { world, socket, user, closed } = open(form)
    socket.hold()
    const written = watch(user.write(pattern(5000)))
    const ended = watch(user.shutdown())
    await world.settle()
    expect([socket.did, ended.state]).toEqual([[], 'pending'])
    socket.letOne()
    await world.settle()
    expect([socket.did, written.state, ended.state]).toEqual([['shutdown'], 'resolved', 'resolved'])
    socket.give(utf8('still here'))
    user.take()
    await world.settle()
    expect([user.came, closed.state]).toEqual([['still here'], 'pending'])
    socket.end()
    user.take()
    await world.settle()
    expect([user.came, socket.did, closed.state]).toEqual([['still here', 'end'], ['shutdown', 'close'], 'resolved'])
    expect(world.timers).toBe(0)
  })

  test('the peer’s end leaves writing alone; ours closes the socket then', async () => {
    const { world, socket, user, closed } = open(form)
    socket.end()
    user.take()
    await world.settle()
    await user.write(utf8('answer'))
    expect([user.came, socket.did, closed.state]).toEqual([['end'], [], 'pending'])
    await user.shutdown()
    expect([socket.did, text(join(socket.chunks))]).toEqual([['shutdown', 'close'], 'answer'])
    await world.settle()
    expect(closed.state).toBe('resolved')
  })

  test('what nobody wants is discarded, also what was held, and the end is still seen', async () => {
    const { world, socket, duplex, user, closed } = open(form)
    for (const chunk of ['a', 'b']) duplex.push(utf8(chunk))
    user.discard()
    await world.settle()
    socket.give(utf8('c'))
    expect([socket.left, socket.flowing]).toEqual([0, true])
    await user.write(utf8('bye'))
    await user.shutdown()
    socket.end()
    await world.settle()
    expect([socket.did, closed.state, world.timers]).toEqual([['shutdown', 'close'], 'resolved', 0])
    expect(user.came.filter((what) => what !== 'end')).toEqual([])
  })

  test.each(['discard first', 'shutdown first'])(
    'a peer who never ends is waited for two seconds, %s',
    async (order) => {
      const { world, socket, user, closed } = open(form)
      if (order === 'discard first') user.discard()
      await user.shutdown()
      if (order === 'shutdown first') user.discard()
      await world.pass(1999)
      expect([socket.did, closed.state]).toEqual([['shutdown'], 'pending'])
      await world.pass(2)
      expect([socket.did, closed.state]).toEqual([['shutdown', 'close'], 'resolved'])
    },
  )

  test('without our end a discarding user is not cut off', async () => {
    const { world, socket, user } = open(form)
    user.discard()
    await world.pass(60_000)
    await user.write(utf8('x'))
    expect([socket.did, text(join(socket.chunks))]).toEqual([[], 'x'])
  })

  test('an abort closes at once, whatever is under way, and everything under way fails', async () => {
    const { world, socket, user, closed } = open(form)
    socket.hold()
    const states = [user.write(pattern(5000)), user.write(pattern(5000)), user.shutdown()].map((done) => watch(done))
    await world.settle()
    user.abort()
    await world.settle()
    expect([socket.did, closed.state]).toEqual([['destroy'], 'resolved'])
    expect(states.map(({ state }) => state)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(socket.writes.length).toBe(1)
  })

  test('a fault fails every write and the end that waits, with its reason', async () => {
    const { world, socket, user } = open(form)
    socket.hold()
    const states = [user.write(pattern(5000)), user.write(pattern(5000)), user.shutdown()].map((done) => watch(done))
    await world.settle()
    socket.break(new Error('reset'))
    await world.settle()
    expect(states.map(({ error }) => (error as Error | undefined)?.message)).toEqual(['reset', 'reset', 'reset'])
    expect(socket.did).toEqual(['destroy'])
    expect(await closing(user.write(utf8('x')))).toMatchObject({ message: 'reset' })
  })

  test('closed resolves once for who asks before and for who asks after', async () => {
    const { world, socket, duplex, closed } = open(form)
    duplex.destroy()
    duplex.destroy()
    await world.settle()
    expect([closed.state, socket.did]).toEqual(['resolved', ['destroy']])
    await duplex.closed
  })
})

describe('one user at a time', () => {
  test('who asks for the streams of a duplex that a connection has, gets locked ones', () => {
    const { duplex } = new TestSocket(new World())
    new Connection(duplex, { role: 'server' })
    expect([duplex.readable.locked, duplex.writable.locked]).toEqual([true, true])
    expect([duplex.readable, duplex.writable]).toEqual([duplex.readable, duplex.writable])
    expect(() => duplex.readable.getReader()).toThrow(TypeError)
    expect(() => new Connection(duplex, { role: 'server' })).toThrow(TypeError)
  })

  test('a connection over streams that somebody asked for uses those, and not if they are locked', async () => {
    const world = new World()
    const socket = new TestSocket(world)
    const { readable } = socket.duplex
    const connection = new Connection(socket.duplex, { role: 'server', environment: world.environment })
    expect([readable.locked, socket.duplex.writable.locked]).toEqual([true, true])
    socket.give(wire({ opcode: 1, payload: utf8('hello'), key: KEY }))
    await world.settle()
    expect((await connection.readable.getReader().read()).value).toBe('hello')
    expect(() => new Connection(socket.duplex, { role: 'server' })).toThrow(TypeError)
  })

  test('a duplex whose reader is locked is left alone', () => {
    const { duplex } = new TestSocket(new World())
    duplex.readable.getReader()
    expect(() => new Connection(duplex, { role: 'server' })).toThrow(TypeError)
    expect(duplex.writable.locked).toBe(false)
  })

  test('options that cannot be used leave it free', () => {
    const { duplex } = new TestSocket(new World())
    expect(() => new Connection(duplex, { role: 'server', limits: { readAhead: -1 } })).toThrow(RangeError)
    expect(duplex.claim()).toBe(true)
  })

  test('the handshake hands on what it has not read, and a look at the streams meanwhile spoils nothing', async () => {
    const world = new World()
    const socket = new TestSocket(world)
    const { duplex } = socket
    const handshake = new HandshakeTransport(duplex, world.environment, { timeout: 1000, late: 'no upgrade' })
    expect([duplex.readable.locked, duplex.writable.locked]).toEqual([true, true])
    for (const chunk of ['head', 'one']) duplex.push(utf8(chunk))
    expect(text((await handshake.read())!)).toBe('head')
    const streams = handshake.release()
    expect(streams.readable.locked).toBe(false)
    duplex.push(utf8('two'))
    duplex.end()
    const user = asStreams(streams)
    for (let i = 0; i < 3; i++) user.take()
    await world.settle()
    expect(user.came).toEqual(['one', 'two', 'end'])
  })
})

test.each(['channel', 'streams'])(
  'a slow reader gets all that came before the peer’s end, over a duplex as %s',
  async (form) => {
    const world = new World()
    const socket = new TestSocket(world)
    if (form === 'streams') void socket.duplex.readable
    const { environment } = world
    const connection = new Connection(socket.duplex, { role: 'server', environment, limits: { readAhead: 100 } })
    const closed = watch(connection.closed)
    const frames = ['one', 'two', 'three', 'four'].map((word) => wire({ opcode: 1, payload: utf8(word), key: KEY }))
    await world.settle()
    socket.duplex.push(join([...frames, wire({ opcode: 8, payload: Uint8Array.of(3, 232), key: KEY })]))
    socket.duplex.end() // as a system may that had it on its way
    await world.settle()
    expect(closed.state).toBe('pending')
    const reader = connection.readable.getReader()
    const words: unknown[] = []
    for (let read = await reader.read(); !read.done; read = await reader.read()) words.push(read.value)
    await world.settle()
    expect([words, closed.value]).toEqual([['one', 'two', 'three', 'four'], { closeCode: 1000, reason: '' }])
  },
)

describe('as streams', () => {
  test('small chunks of one step leave together, behind a copy of each', async () => {
    const { world, socket, duplex } = open(() => ({}) as User)
    const writer = duplex.writable.getWriter()
    const chunks = ['a', 'b', 'c'].map(utf8)
    const writes = chunks.map((chunk, i) => watch(writer.write(chunk).then(() => chunks[i]!.fill(0))))
    await world.settle()
    expect(writes.every(({ state }) => state === 'resolved')).toBe(true)
    expect([socket.writes, text(join(socket.chunks))]).toEqual([[3], 'abc'])
  })

  test('a write that came too late takes nothing with it', async () => {
    const { world, socket, duplex } = open(() => ({}) as User)
    const writer = duplex.writable.getWriter()
    writer.closed.catch(() => {})
    const outcomes: Watched<void>[] = []
    outcomes.push(watch(writer.write(utf8('a'))), watch(writer.write(utf8('b'))), watch(writer.close()))
    outcomes.push(watch(writer.write(utf8('late'))))
    await world.settle()
    expect(text(join(socket.chunks))).toBe('ab')
    expect(outcomes.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved', 'rejected'])
    expect(socket.did).toEqual(['shutdown'])
  })

  test('empty chunks send nothing', async () => {
    const { world, socket, duplex } = open(() => ({}) as User)
    const writer = duplex.writable.getWriter()
    for (const chunk of ['', 'a', '', 'b', '']) void writer.write(utf8(chunk))
    await writer.close()
    await world.settle()
    expect([text(join(socket.chunks)), socket.did]).toEqual(['ab', ['shutdown']])
  })
})

// Invariant: whatever happens in whatever order, both forms tell the same, send the same and end the same.
test('random lives of a socket look the same as streams and as a channel', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const lives = await Promise.all(forms.map(([, form]) => live(form, new Random(seed))))
    expect(lives[1], `seed ${seed}`).toEqual(lives[0])
  }
})

/** One life: what came, what was sent, what was done to the socket, and what became of each call. */
async function live(form: (duplex: Duplex) => User, random: Random) {
  const { world, socket, user, closed } = open(form, { joins: random.pick([0, 100]) })
  const calls: Watched<void>[] = []
  let chunk = 0
  let ended = false
  let peerEnded = false
  let broken = false
  let discarded = false
  for (let step = 0; step < 20; step++) {
    switch (random.pick(['give', 'give', 'take', 'take', 'take', 'write', 'write', 'hold', 'let', 'rare'])) {
      case 'give':
        if (!peerEnded) socket.give(utf8(`chunk ${chunk++}`))
        break
      case 'take':
        if (!discarded) user.take()
        break
      case 'write':
        if (!ended) calls.push(watch(user.write(pattern(5000, step))))
        break
      case 'hold':
        socket.hold()
        break
      case 'let':
        socket.letAll()
        break
      default:
        switch (random.pick(['end', 'break', 'shutdown', 'discard', 'abort', 'time'])) {
          case 'end':
            peerEnded = true
            socket.end()
            break
          case 'break':
            broken = true
            socket.break(new Error('reset'))
            break
          case 'shutdown':
            if (!ended) calls.push(watch(user.shutdown()))
            ended = true
            break
          case 'discard':
            user.discard()
            discarded = true
            break
          case 'abort':
            broken = true
            if (!ended) user.abort() // a stream that is closed cannot be aborted
            break
          default:
            await world.pass(2001)
        }
    }
    await world.settle()
  }
  socket.letAll()
  for (let i = 0; i < 20 && !discarded; i++) user.take()
  await world.settle()
  const sent = join(socket.chunks)
  return {
    // A stream has read the end ahead of its user where a fault comes behind it.
    came: discarded ? [] : user.came.filter((what) => what.startsWith('chunk') || (what === 'end' && !broken)),
    sent: sent.length,
    // A stream sees the peer's end before it is asked for; then a fault behind both ends finds the socket closed.
    did: socket.did.map((what) => what === 'shutdown' ? what : 'gone'),
    closed: closed.state,
    calls: calls.map(({ state }) => state),
  }
}
