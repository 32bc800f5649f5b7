// Connections that run extensions (RFC 6455 §9), in memory: toys between frames and messages, in both directions and roles.

import { describe, expect, test } from 'vitest'
import {
  acceptConnection,
  Connection,
  type Extension,
  type ExtensionFactory,
  type Frame,
  FrameDecoder,
  Opcode,
  openConnection,
  ProtocolError,
  type Role,
} from '../../src/index.ts'
import { cutAt, expectBytes, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { frame as wholeFrame, peerOf } from '../support/frames.ts'
import { Random } from '../support/random.ts'
import { source } from '../support/streams.ts'
import { collect, connect, expectClean, expectFault, expectUnclean, roles, watch } from './helpers.ts'
import { pipeEnds, TestTransport, World } from './transport.ts'

const RSV = { rsv1: 0x40, rsv2: 0x20, rsv3: 0x10 } as const

/** Changes each byte one way and back, and sets a reserved bit of its own on each first frame of a message. */
class Toy implements Extension {
  readonly name: string
  readonly rsv: number
  readonly #bit: keyof typeof RSV
  readonly #there: (byte: number) => number
  readonly #back: (byte: number) => number
  /** Opcode and length of what came through. */
  readonly seen: string[] = []
  closed = 0

  constructor(
    bit: keyof typeof RSV = 'rsv1',
    there = (byte: number) => byte ^ 0xff,
    back = (byte: number) => byte ^ 0xff,
  ) {
    this.name = bit
    this.rsv = RSV[bit]
    this.#bit = bit
    this.#there = there
    this.#back = back
  }

  encode(frame: Frame): Iterable<Frame> | AsyncIterable<Frame> {
    this.seen.push(`out ${frame.opcode} ${frame.payload.length}`)
    return [{ ...frame, [this.#bit]: frame.opcode !== Opcode.Continuation, payload: frame.payload.map(this.#there) }]
  }

  decode(frame: Frame): Iterable<Frame> | AsyncIterable<Frame> {
    this.seen.push(`in ${frame.opcode} ${frame.payload.length}`)
    return [{ ...frame, [this.#bit]: false, payload: frame.payload.map(this.#back) }]
  }

  close(): void {
    this.closed++
  }
}

/** The same, in its own time. */
class SlowToy extends Toy {
  override async *encode(frame: Frame): AsyncGenerator<Frame> {
    await undefined
    yield* super.encode(frame)
  }

  override async *decode(frame: Frame): AsyncGenerator<Frame> {
    await undefined
    yield* super.decode(frame)
  }
}

const plusOne = () => new Toy('rsv2', (byte) => byte + 1, (byte) => byte - 1)

/** What stands on the wire, as words: opcode, reserved bits, FIN, payload. */
function onWire(role: Role, transport: TestTransport): string[] {
  const decoder = new FrameDecoder({ role: peerOf(role), allowedRsv: 0x70, copy: true })
  return [...decoder.decode(transport.bytes)].map(({ opcode, fin, rsv1, rsv2, rsv3, payload }) =>
    [opcode, [rsv1, rsv2, rsv3].map(Number).join(''), fin ? 'fin' : 'more', [...payload].join(' ')].join(' ')
  )
}

/** Two connections on a pipe, with the same kind of toys. */
function pair<T extends Extension>(make: () => T[], options: object = {}) {
  const chains = [make(), make()] as const
  const [atClient, atServer] = pipeEnds()
  const client = new Connection(atClient, { role: 'client', chain: chains[0], ...options })
  const server = new Connection(atServer, { role: 'server', chain: chains[1], ...options })
  return { client, server, chains }
}

describe.each(roles)('as %s', (role) => {
  test('a message goes out through the chain from first to last, a control frame beside it (§9.1)', async () => { // rule 44
    const { connection, transport, world } = connect(role, { chain: [new Toy(), plusOne()] })
    await connection.send('a')
    await connection.send(Uint8Array.of(1, 2))
    void connection.ping(Uint8Array.of(7))
    await world.settle()
    expect(onWire(role, transport)).toEqual([
      `1 110 fin ${(0x61 ^ 0xff) + 1}`,
      `2 110 fin ${(1 ^ 0xff) + 1} ${(2 ^ 0xff) + 1}`,
      '9 000 fin 7',
    ])
  })

  test('what comes goes through it from last to first, however it was cut (§9.1)', async () => {
    const flipped = Uint8Array.of((0x68 ^ 0xff) + 1, (0x69 ^ 0xff) + 1)
    for (const cut of [(bytes: Uint8Array) => [bytes], oneByOne, (bytes: Uint8Array) => cutAt(bytes, [1, 3])]) {
      const { connection, peer, world, transport } = connect(role, { chain: [new Toy(), plusOne()] })
      const { items } = collect(connection.readable)
      for (const chunk of cut(peer.wire({ opcode: Opcode.Text, rsv: 0x60, payload: flipped }))) transport.give(chunk)
      peer.says({ opcode: Opcode.Ping, payload: utf8('p') })
      await world.settle()
      expect(items).toEqual(['hi'])
      expect(onWire(role, transport)).toEqual(['10 000 fin 112'])
    }
  })

  test('bytes that came with the upgrade go through it too', async () => {
    const { peer } = connect(role)
    const head = peer.wire({ opcode: Opcode.Text, rsv: 0x40, payload: Uint8Array.of(0x61 ^ 0xff) })
    const { connection, world } = connect(role, { chain: [new Toy()], head })
    const { items } = collect(connection.readable)
    await world.settle()
    expect(items).toEqual(['a'])
  })

  test('a bit that nobody in the chain claims fails the connection, and so does one on a control frame', async () => { // rule 27
    for (const frame of [{ opcode: Opcode.Text, rsv: 0x10 }, { opcode: Opcode.Ping, rsv: 0x40 }]) {
      const { peer, end, world } = connect(role, { chain: [new Toy()] })
      peer.says(frame)
      expect(await peer.hears()).toEqual([expect.stringContaining('close 1002')])
      peer.transport.end()
      await world.settle()
      expectFault(expectUnclean(end), 'reserved-bits')
    }
  })

  test('a bit that an extension leaves set fails the connection', async () => {
    const lazy = new Toy()
    lazy.decode = (frame) => [frame]
    const { peer } = connect(role, { chain: [lazy] })
    peer.says({ opcode: Opcode.Text, rsv: 0x40 })
    expect(await peer.hears()).toEqual([expect.stringContaining('close 1002')])
  })

  test('what it finds wrong fails the connection with its code, after the messages before it', async () => {
    const strict = new Toy()
    const decode = strict.decode.bind(strict)
    strict.decode = (frame) => {
      if (frame.payload.length === 3) throw new ProtocolError('invalid-utf8', 'Cannot decode message: three bytes')
      return decode(frame)
    }
    const { connection, peer, world, end } = connect(role, { chain: [strict] })
    const { items, end: read } = collect(connection.readable)
    const flipped = (text: string) => ({
      opcode: Opcode.Text,
      rsv: 0x40,
      payload: utf8(text).map((byte) => byte ^ 0xff),
    })
    peer.says(flipped('a'), flipped('bb'), flipped('ccc'), flipped('dd'))
    expect(await peer.hears()).toEqual([expect.stringContaining('close 1007 Cannot decode message: three bytes')])
    expect(items).toEqual(['a', 'bb'])
    peer.says(flipped('e')) // dropped
    peer.transport.end()
    await world.settle()
    expectFault(expectUnclean(end), 'invalid-utf8')
    expect([items.length, read.state, strict.closed]).toEqual([2, 'rejected', 1])
  })

  test('what it throws by its own fault fails the connection with 1011', async () => {
    const broken = new Toy()
    const reason = new Error('broken')
    broken.decode = () => {
      throw reason
    }
    const { peer, world, end } = connect(role, { chain: [broken] })
    peer.says({ opcode: Opcode.Text, rsv: 0x40 })
    expect(await peer.hears()).toEqual(['close 1011'])
    peer.transport.end()
    await world.settle()
    expect(expectUnclean(end).cause).toBe(reason)
  })

  test('what it throws while it encodes cuts the connection: nothing can end what was begun', async () => {
    const broken = new Toy()
    const reason = new Error('broken')
    broken.encode = () => {
      throw reason
    }
    const { connection, world, transport, end } = connect(role, { chain: [broken] })
    const sent = watch(connection.send('a'))
    await world.settle()
    expect(expectUnclean(end).cause).toBe(reason)
    expect([transport.did.includes('abort'), world.timers, broken.closed]).toEqual([true, 0, 1])
    expect(sent.state).not.toBe('pending')
  })

  test('one that makes much of little is stopped at the limit, and makes no more', async () => { // law 3
    let made = 0
    const bomb = new Toy()
    bomb.decode = function* (frame) {
      for (;;) {
        made++
        const payload = new Uint8Array(1000)
        yield {
          ...frame,
          fin: false,
          rsv1: false,
          opcode: made === 1 ? Opcode.Binary : 0,
          payload,
          payloadLength: 1000,
        }
      }
    }
    const { connection, peer } = connect(role, { chain: [bomb], limits: { maxMessageSize: 100_000 } })
    void collect(connection.readable)
    peer.says({ opcode: Opcode.Binary, rsv: 0x40, payload: Uint8Array.of(1) })
    expect(await peer.hears()).toEqual([expect.stringContaining('close 1009')])
    expect(made).toBeLessThan(5000)
  })

  test('whoever reads nothing stops the socket, and what it makes', async () => {
    const { connection, peer, transport, world } = connect(role, {
      chain: [new Toy()],
      limits: { readAhead: 1000 },
    })
    const message = peer.wire({ opcode: Opcode.Binary, rsv: 0x40, payload: pattern(400, 1) })
    for (let i = 0; i < 20; i++) transport.give(message)
    await world.settle()
    expect(transport.left).toBeGreaterThan(12)
    const { items } = collect(connection.readable)
    await world.settle()
    expect(items.length).toBe(20)
  })

  test('bytes that make nothing are a sign of life all the same', async () => {
    const { peer, world, transport, end } = connect(role, {
      chain: [new Toy()],
      keepAlive: { interval: 100, timeout: 50 },
    })
    const bytes = peer.wire({
      opcode: Opcode.Text,
      rsv: 0x40,
      payload: utf8('x'.repeat(20)).map((byte) => byte ^ 0xff),
    })
    for (const chunk of oneByOne(bytes)) {
      await world.pass(40)
      transport.give(chunk)
    }
    await world.settle()
    expect([end.state, onWire(role, transport)]).toEqual(['pending', []])
  })

  test('all that was accepted goes out before the Close, and then it is closed', async () => { // law 7
    const toy = new SlowToy()
    const { connection, peer, world, transport, end } = connect(role, { chain: [toy] })
    for (let i = 0; i < 5; i++) void connection.send(Uint8Array.of(i ^ 0xff))
    connection.close({ closeCode: 3000 })
    await world.settle()
    expect(onWire(role, transport)).toEqual([
      ...[0, 1, 2, 3, 4].map((i) => `2 100 fin ${i}`),
      `8 000 fin ${3000 >> 8} ${3000 & 255}`,
    ])
    expect(toy.closed).toBe(0)
    peer.says(peer.close(3000))
    peer.transport.end()
    await world.settle()
    expectClean(end, 3000)
    expect([toy.closed, transport.did.includes('shutdown')]).toEqual([1, true])
  })

  test('what follows the Close of the peer is not looked at', async () => {
    const { peer, world, end } = connect(role, { chain: [new Toy()] })
    peer.says(peer.close(3000), Uint8Array.of(0xff, 0xff, 0xff))
    peer.says(Uint8Array.of(0xff, 0xff, 0xff))
    expect(await peer.hears()).toEqual(['close 3000'])
    peer.transport.end()
    await world.settle()
    expectClean(end, 3000)
  })

  test('behind our Close nothing is made of data, and the Close of the peer is seen all the same', async () => {
    const toy = new Toy()
    const { connection, peer, world, end } = connect(role, { chain: [toy] })
    connection.close()
    await world.settle()
    peer.says({ opcode: Opcode.Binary, rsv: 0x40, payload: pattern(100, 1) }, peer.close(3000))
    peer.transport.end()
    await world.settle()
    expectClean(end, 3000)
    expect(toy.seen).toEqual([])
  })

  test('a frame that is longer than the limit on the wire fails by its header', async () => { // law 3
    const { peer } = connect(role, { chain: [new Toy()], limits: { maxFrameSize: 1000 } })
    peer.says(peer.wire({ opcode: Opcode.Binary, rsv: 0x40, length: 1001 }))
    expect(await peer.hears()).toEqual([expect.stringContaining('close 1009')])
  })

  test('an abort reaches the transport though it holds a write', async () => {
    const { connection, world, transport, end } = connect(role, { chain: [new Toy()], limits: { closeTimeout: 1000 } })
    transport.hold()
    void connection.send('a').catch(() => {})
    await world.settle()
    connection.close()
    await world.pass(5000)
    expectUnclean(end)
    expect([transport.did.includes('abort'), world.timers]).toEqual([true, 0])
  })

  test('a transport that breaks is told, and no timer is left', async () => {
    const { transport, world, end } = connect(role, { chain: [new Toy()] })
    const reason = new Error('cable')
    transport.break(reason)
    await world.settle()
    expect(expectUnclean(end).cause).toBe(reason)
    expect(world.timers).toBe(0)
  })

  test('options that cannot be used leave the transport alone', () => {
    const transport = new TestTransport()
    const chain = [new Toy()]
    const wrong: [object, new (...args: never[]) => Error][] = [
      [{ limits: { readAhead: -1 } }, RangeError],
      [{ head: 'x' }, TypeError],
      [{ role: 'both' }, TypeError],
    ]
    for (const [options, error] of wrong) {
      expect(() => new Connection(transport, { role, chain, ...options })).toThrow(error)
      expect([transport.readable.locked, transport.writable.locked]).toEqual([false, false])
    }
    transport.readable.getReader()
    expect(() => new Connection(transport, { role, chain })).toThrow('its streams are locked already')
  })
})

describe.each([['at once', () => [new Toy()]], ['in its own time', () => [new SlowToy(), plusOne()]]])(
  'two ends, and a chain that works %s',
  (_, make) => {
    test('say all kinds of messages to each other, and end clean', async () => {
      const { client, server, chains } = pair(make)
      const echoed = server.readable.pipeTo(server.writable)
      const reader = client.readable.getReader()
      const sizes = [0, 1, 64, 65, 125, 126, 4096, 16_385, 65_535, 65_536, 300_000]
      const writing = (async () => {
        for (const size of sizes) {
          await client.send(pattern(size, size))
          await client.send('ü'.repeat(size))
        }
      })()
      for (const size of sizes) {
        expectBytes((await reader.read()).value as Uint8Array, pattern(size, size))
        expect((await reader.read()).value).toBe('ü'.repeat(size))
      }
      await writing
      expect(await client.ping()).toBeGreaterThanOrEqual(0)
      client.close({ closeCode: 3001, reason: 'done' })
      expect(await client.closed).toEqual({ closeCode: 3001, reason: 'done' })
      expect(await server.closed).toEqual({ closeCode: 3001, reason: 'done' })
      await echoed
      expect(chains.flat().map(({ closed }) => closed)).toEqual(chains.flat().map(() => 1))
    })

    test('send bodies on as they come: in fragments, and as one frame of a declared length', async () => {
      const { client, server } = pair(make, { limits: { readAhead: 10_000, highWaterMark: 10_000 } })
      const bytes = pattern(200_000, 3)
      const messages = server.messages()
      for (const length of [undefined, bytes.length]) {
        const sent = client.send(source(cutAt(bytes, [1, 100, 70_000, 70_001])), { length })
        const { value } = await messages.next()
        expectBytes(await value!.bytes(), bytes)
        await sent
      }
    })
  },
)

/** Cuts what goes out into small frames, and makes one frame of each message that comes. */
class Reframer implements Extension {
  readonly name = 'reframer'
  readonly rsv = 0
  readonly #random: Random
  #parts: Uint8Array[] = []
  #opcode: Opcode = Opcode.Binary

  constructor(random: Random) {
    this.#random = random
  }

  close(): void {}

  async *encode(frame: Frame): AsyncGenerator<Frame> {
    const { opcode, payload, payloadLength, offset } = frame
    const ends = frame.fin && offset + payload.length === payloadLength
    let begins = offset === 0
    let at = 0
    do {
      if (this.#random.below(3) === 0) await undefined
      const part = payload.subarray(at, at + 1 + this.#random.below(20_000))
      at += part.length
      const fin = ends && at === payload.length
      yield { ...wholeFrame(begins ? opcode : Opcode.Continuation, part), fin }
      begins = false
    } while (at < payload.length)
  }

  *decode({ fin, opcode, payload, payloadLength, offset }: Frame): Generator<Frame> {
    if (opcode !== Opcode.Continuation) this.#opcode = opcode
    this.#parts.push(payload)
    if (!fin || offset + payload.length < payloadLength) return
    yield wholeFrame(this.#opcode, join(this.#parts))
    this.#parts = []
  }
}

test.each([1, 2, 3])('frames that are cut and joined on the way make the same messages (seed %i)', async (seed) => {
  const random = new Random(seed)
  const { client, server } = pair<Extension>(() => [new Toy(), new Reframer(random), new SlowToy('rsv2')])
  const echoed = server.readable.pipeTo(server.writable)
  const sent = Array.from({ length: 60 }, (_, i) => pattern(random.below(i % 7 === 0 ? 150_000 : 300), i))
  const sending = (async () => {
    for (const [i, bytes] of sent.entries()) {
      if (i % 5 === 0) void client.ping().catch(() => {})
      if (i % 4 === 0) await client.send(source([bytes.slice(0, 100), bytes.slice(100)]))
      else if (i % 4 === 1) await client.send(source([bytes.slice()]), { length: bytes.length })
      else await client.send(bytes)
    }
  })()
  let came = 0
  for await (const message of client.readable) {
    expectBytes(message as Uint8Array, sent[came]!)
    if (++came === sent.length) break // which closes
  }
  await sending
  expect(await client.closed).toEqual({ closeCode: 1005, reason: '' })
  await echoed
})

test('frames of one turn leave in one write', async () => {
  const { connection, transport, world } = connect('server', { chain: [new Toy()] })
  for (let i = 0; i < 10; i++) void connection.send('a')
  await world.settle()
  expect(transport.chunks.length).toBe(1)
})

test('a message that a server lends is not written to', async () => {
  const { connection, world } = connect('server', { chain: [new Toy()] })
  const bytes = pattern(100_000, 5)
  await Promise.all([connection.send(bytes), world.settle()])
  expectBytes(bytes, pattern(100_000, 5))
})

test('messages go through it masked with fresh keys', async () => {
  const keys: number[] = []
  const { connection, world } = connect('client', {
    chain: [new Toy()],
    environment: {
      insecureMaskingKeys: () => {
        keys.push(0x01020304)
        return 0x01020304
      },
    },
  })
  await connection.send('a')
  await connection.send('b')
  await world.settle()
  expect(keys.length).toBe(2)
})

test('who observes sees frames as messages have them', async () => {
  const seen: string[] = []
  const { connection, peer, world } = connect('server', {
    chain: [new Toy()],
    observe: (direction, { rsv1, payload }) => void seen.push(`${direction} ${rsv1} ${[...payload].join(' ')}`),
  })
  await connection.send(Uint8Array.of(1))
  peer.says({ opcode: Opcode.Binary, rsv: 0x40, payload: Uint8Array.of(2 ^ 0xff) })
  void collect(connection.readable)
  await world.settle()
  expect(seen).toEqual(['out false 1', 'in false 2'])
})

describe('an upgrade', () => {
  const toys: Toy[] = []
  const factory = (bit: keyof typeof RSV): ExtensionFactory => {
    const made = (): Toy => {
      const toy = new Toy(bit)
      toys.push(toy)
      return toy
    }
    const offer = { name: bit, params: [] }
    return { name: bit, offers: () => [offer], accept: made, answer: () => ({ response: offer, extension: made() }) }
  }

  function upgrade(client: ExtensionFactory[], server: ExtensionFactory[], accept?: () => void) {
    toys.length = 0
    const [atClient, atServer] = pipeEnds()
    return [
      openConnection(atClient, 'ws://example.com/', { extensions: client }),
      acceptConnection(atServer, { extensions: server, accept }),
    ] as const
  }

  test('runs what both ends agree on', async () => { // rules 11, 16, 20
    const offered = ['rsv3', 'rsv1', 'rsv2'] as const
    const [client, server] = await Promise.all(upgrade(offered.map(factory), [factory('rsv1'), factory('rsv3')]))
    expect([client.extensions, server.extensions]).toEqual(['rsv3, rsv1', 'rsv3, rsv1'])
    await client.send('hello')
    expect((await server.readable.getReader().read()).value).toBe('hello')
    expect(toys.map(({ name, seen }) => [name, seen])).toEqual([
      ['rsv3', ['in 1 5']],
      ['rsv1', ['in 1 5']],
      ['rsv3', ['out 1 5']],
      ['rsv1', ['out 1 5']],
    ])
    client.close()
    await Promise.all([client.closed, server.closed])
    await undefined
    expect(toys.map(({ closed }) => closed)).toEqual([1, 1, 1, 1])
  })

  test('runs none where they agree on none', async () => {
    const [client, server] = await Promise.all(upgrade([factory('rsv1')], [factory('rsv2')]))
    expect([client.extensions, server.extensions, toys.length]).toEqual(['', '', 0])
    await client.send('hello')
    expect((await server.readable.getReader().read()).value).toBe('hello')
  })

  test('that is refused after they agreed closes what was made', async () => {
    const reason = new Error('no')
    const [client, server] = upgrade([factory('rsv1')], [factory('rsv1')], () => {
      throw reason
    })
    await expect(server).rejects.toBe(reason)
    await expect(client).rejects.toThrow('got 500')
    expect(toys.map(({ closed }) => closed)).toEqual([1])
  })

  test('is a request that offers what its options name, in that order', async () => { // rule 11
    const world = new World()
    const transport = new TestTransport()
    void openConnection(transport, 'ws://example.com/', {
      extensions: [factory('rsv2'), factory('rsv1')],
      environment: world.environment,
    }).catch(() => {})
    await world.settle()
    expect(new TextDecoder().decode(transport.bytes)).toContain('\r\nSec-WebSocket-Extensions: rsv2, rsv1\r\n')
    transport.break(new Error('enough'))
  })
})
