// Connections whose extensions are slow, wrong, or at work when the end comes: nothing of what was promised breaks, and each is closed once,
// when it has nothing more to do.

import { describe, expect, test } from 'vitest'
import {
  acceptKey,
  Connection,
  type Extension,
  type Frame,
  Opcode,
  openConnection,
  ProtocolError,
} from '../../src/index.ts'
import { pattern, utf8 } from '../support/bytes.ts'
import { collect, connect, expectFault, expectUnclean, roles, watch } from './helpers.ts'
import { TestTransport, World } from './transport.ts'

/** Passes frames on as they are, but for what a test changes; knows what happened to it, and when. */
class Tracer implements Extension {
  readonly name = 'tracer'
  readonly rsv: number = 0
  closed = 0
  /** Frames that came behind `close`, and frames that were on their way when it came. */
  late = 0
  working = 0

  decode(frame: Frame): Iterable<Frame> | AsyncIterable<Frame> {
    return this.#pass(frame)
  }

  encode(frame: Frame): Iterable<Frame> | AsyncIterable<Frame> {
    return this.#pass(frame)
  }

  close(): void {
    this.closed++
    this.late += this.working
  }

  *#pass(frame: Frame): Generator<Frame> {
    if (this.closed > 0) this.late++
    yield frame
  }
}

/** The same, each frame as long as the test wants. */
class Gated extends Tracer {
  readonly #waiting: (() => void)[] = []
  open = false

  override decode(frame: Frame): AsyncGenerator<Frame> {
    return this.#wait(super.decode(frame))
  }

  override encode(frame: Frame): AsyncGenerator<Frame> {
    return this.#wait(super.encode(frame))
  }

  /** Lets all frames pass, from now on. */
  letAll(): void {
    this.open = true
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async *#wait(frames: Iterable<Frame> | AsyncIterable<Frame>): AsyncGenerator<Frame> {
    this.working++
    if (!this.open) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.working--
    yield* frames
  }
}

/** Makes pieces of a message without end of one frame. */
class Bomb extends Tracer {
  made = 0

  override *decode(frame: Frame): Generator<Frame> {
    for (; this.made < 100_000; this.made++) {
      const opcode = this.made === 0 ? Opcode.Binary : Opcode.Continuation
      yield { ...frame, fin: false, opcode, payload: new Uint8Array(1000), payloadLength: 1000 }
    }
  }
}

describe.each(roles)('as %s', (role) => {
  test('what a reader of bodies gets is his to transfer: nothing else is in its memory', async () => {
    const { connection, peer } = connect(role, { chain: [new Tracer()] })
    const sizes = [100_000, 20_000, 5000, 70]
    peer.says(...sizes.map((size) => ({ opcode: Opcode.Binary, payload: pattern(size, size) })))
    let seen = 0
    for await (const { body } of connection.messages()) {
      const size = sizes[seen]!
      let at = 0
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>) {
        const moved = structuredClone(chunk, { transfer: [chunk.buffer] })
        expect(moved).toEqual(pattern(size, size).subarray(at, at += moved.length))
      }
      expect(at).toBe(size)
      if (++seen === sizes.length) break
    }
  })

  test('what was accepted goes out, and our Close behind it, though the peer broke a rule and has ended; then it is closed', async () => {
    const gated = new Gated()
    const { connection, peer, transport, end, world } = connect(role, { chain: [gated] })
    for (const text of ['a', 'b', 'c']) void connection.send(text)
    await world.settle()
    peer.says({ opcode: Opcode.Text, rsv: 0x20 })
    transport.end()
    await world.settle()
    expect([end.state, gated.closed]).toEqual(['rejected', 0])
    gated.letAll()
    const heard = await peer.hears()
    expect([heard.slice(0, 3), heard[3]?.slice(0, 10)]).toEqual([['text a', 'text b', 'text c'], 'close 1002'])
    expect([gated.closed, gated.late, transport.did.includes('shutdown'), world.timers]).toEqual([1, 0, true, 0])
  })

  test('a transport that breaks while extensions are at work: they are given nothing more, and closed when they are done', async () => {
    for (const direction of ['in', 'out']) {
      const gated = new Gated()
      const { connection, peer, transport, end, world } = connect(role, { chain: [gated] })
      if (direction === 'in') peer.says(peer.text('a'), peer.text('b'))
      else for (const text of ['a', 'b']) void connection.send(text)
      await world.settle()
      transport.break(new Error('cable'))
      await world.settle()
      expectUnclean(end)
      expect([gated.working, gated.closed]).toEqual([1, 0])
      gated.letAll()
      await world.settle()
      expect([gated.closed, gated.late, world.timers]).toEqual([1, 0, 0])
    }
  })

  test('one that does not end by itself does not keep the connection from its end', async () => {
    const { connection, end, world, transport } = connect(role, {
      chain: [new Gated()],
      limits: { closeTimeout: 1000 },
    })
    void connection.send('a').catch(() => {})
    connection.close()
    await world.pass(5000)
    expectUnclean(end)
    expect([transport.did.includes('abort'), world.timers]).toEqual([true, 0])
  })

  test('one whose close throws: the others are closed, and nobody hears of it', async () => {
    const broken = new Tracer()
    broken.close = () => {
      throw new Error('mine')
    }
    const other = new Tracer()
    const { peer, transport, end, world } = connect(role, { chain: [broken, other] })
    peer.says(peer.close(3000))
    transport.end()
    await world.settle()
    expect([end.state, other.closed]).toEqual(['resolved', 1])
  })

  test('no more is made of a bomb though our Close cannot go out', async () => { // law 3
    // A peer that does not read, and a frame of declared length under way.
    for (const holds of [true, false]) {
      const bomb = new Bomb()
      const { connection, peer, transport, world } = connect(role, {
        chain: [bomb],
        limits: { maxMessageSize: 100_000 },
      })
      const { end: read } = collect(connection.readable)
      if (holds) transport.hold()
      const source = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(pattern(10, 1)) })
      void connection.send(holds ? 'held' : source, holds ? {} : { length: 100 }).catch(() => {})
      await world.settle()
      peer.says({ opcode: Opcode.Binary, payload: Uint8Array.of(1) })
      await world.settle()
      expect([read.state, bomb.made < 1000]).toEqual(['rejected', true])
      transport.letAll()
      transport.end()
      await world.settle()
    }
  })

  test('silence says nothing of the peer while an extension of ours is at work', async () => {
    for (const direction of ['in', 'out']) {
      const gated = new Gated()
      const { connection, peer, end, world } = connect(role, {
        chain: [gated],
        keepAlive: { interval: 100, timeout: 50 },
      })
      const { items } = collect(connection.readable)
      if (direction === 'in') peer.says(peer.text('a'))
      else void connection.send('a').catch(() => {})
      await world.pass(2000)
      expect(end.state).toBe('pending')
      gated.letAll()
      await world.settle()
      expect(items).toEqual(direction === 'in' ? ['a'] : [])
      await world.pass(2000) // now it does
      expectUnclean(end)
    }
  })

  test('one that encodes and fails without a reason cuts the connection like any other, whatever its state', async () => {
    for (const closes of [false, true]) {
      let fail!: () => void
      const broken = new Tracer()
      broken.encode = async function* (frame) {
        await new Promise<void>((_, reject) => fail = reject)
        yield frame
      }
      const { connection, peer, transport, end, world } = connect(role, { chain: [broken] })
      const read = watch(connection.readable.getReader().read())
      void connection.send('a').catch(() => {})
      await world.settle()
      if (closes) peer.says(peer.close(1000))
      await world.settle()
      fail()
      await world.settle()
      expect([end.state, read.state]).not.toContain('pending')
      expect([transport.did.includes('abort'), broken.closed]).toEqual([true, 1])
    }
  })

  test('what an extension gave before a wrong frame goes out, empty parts and all', async () => {
    const wrong = new Tracer()
    wrong.encode = function* (frame) {
      const { payload } = frame
      for (const [at, end] of [[0, 2], [2, 2], [2, 4]] as const) {
        yield { ...frame, payload: payload.subarray(at, end), offset: at }
      }
      yield { ...frame, opcode: 3 as Opcode }
    }
    const { connection, peer, end, world } = connect(role, { chain: [wrong] })
    void connection.send('abcd').catch(() => {})
    expect((await peer.hears()).join()).toContain('abcd')
    await world.settle()
    expect(expectUnclean(end).cause).toBeInstanceOf(RangeError)
  })

  test('what an extension gave before a wrong frame is delivered, and pings before it are answered', async () => {
    const wrong = new Tracer()
    wrong.decode = (frame) => [frame.payload.length === 3 ? { ...frame, opcode: 3 as Opcode } : frame]
    const { connection, peer, transport, end, world } = connect(role, { chain: [wrong] })
    const { items } = collect(connection.readable)
    peer.says(peer.text('a'), { opcode: Opcode.Ping, payload: utf8('p') }, peer.text('bbb'), peer.text('c'))
    expect(await peer.hears()).toEqual(['pong p', 'close 1011'])
    transport.end()
    await world.settle()
    expect([items, expectUnclean(end).cause instanceof RangeError]).toEqual([['a'], true])
  })

  test('a fault’s text is cut to what fits, by characters; one that nothing is to be said of cuts the connection', async () => {
    const faults = [
      [new ProtocolError('invalid-utf8', `a${'ü'.repeat(100)}`), [`close 1007 a${'ü'.repeat(61)}`]],
      [new ProtocolError('unexpected-end', 'the compressed data ended'), []],
    ] as const
    for (const [fault, heard] of faults) {
      const strict = new Tracer()
      strict.decode = () => {
        throw fault
      }
      const { peer, transport, end, world } = connect(role, { chain: [strict] })
      peer.says(peer.text('a'))
      expect(await peer.hears()).toEqual(heard)
      expect(transport.did).toContain('shutdown')
      transport.end()
      await world.settle()
      expect(expectUnclean(end).cause).toBe(fault)
    }
  })

  test('a fault in the last bytes is told to the peer before the end is', async () => {
    const { peer, transport, end, world } = connect(role, { chain: [new Tracer()] })
    peer.says({ opcode: Opcode.Text, rsv: 0x10 })
    transport.end()
    expect(await peer.hears()).toEqual([expect.stringContaining('close 1002')])
    await world.settle()
    expectFault(expectUnclean(end), 'reserved-bits')
  })

  test('a reserved bit that is none leaves the transport alone', () => {
    const transport = new TestTransport()
    const chain = [Object.assign(new Tracer(), { rsv: 0x80 })]
    expect(() => new Connection(transport, { role, chain })).toThrow(RangeError)
    expect([transport.readable.locked, transport.writable.locked]).toEqual([false, false])
  })
})

test('a client that cannot run what was agreed on closes it', async () => {
  const world = new World()
  const transport = new TestTransport()
  const tracer = Object.assign(new Tracer(), { rsv: 0x80 })
  const factory = {
    name: 'tracer',
    offers: () => [{ name: 'tracer', params: [] }],
    accept: () => tracer,
    answer: () => undefined,
  }
  const key = 'dGhlIHNhbXBsZSBub25jZQ=='
  const { environment } = world
  const opened = watch(openConnection(transport, 'ws://h/', { extensions: [factory], key, environment }))
  transport.give(utf8([
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(key)}`,
    'Sec-WebSocket-Extensions: tracer\r\n\r\n',
  ].join('\r\n')))
  await world.settle()
  expect([opened.state, tracer.closed]).toEqual(['rejected', 1])
})
