// Streamed messages: fragments as chunks come, or one frame of declared length; faults of the source; order among sends.

import { describe, expect, test } from 'vitest'
import { ProtocolError, type SendOptions } from '../../src/index.ts'
import { pattern, utf8 } from '../support/bytes.ts'
import { sharedBytes } from '../support/shared-memory.ts'
import { connect, expectUnclean, roles, source, watch } from './helpers.ts'

describe.each(roles)('as a %s', (role) => {
  /** Sends chunks as one message; gives what the peer hears and what became of the promise. */
  async function stream(chunks: unknown[], options: SendOptions = {}, limits = {}) {
    const made = connect(role, { limits })
    const from = source<unknown>(...chunks)
    const sent = watch(made.connection.send(from.stream as ReadableStream<string>, options))
    await made.world.settle()
    if (from.cancelled === undefined && sent.state === 'pending') from.close()
    const heard = await made.peer.hears()
    await made.world.settle()
    return { ...made, from, sent, heard }
  }

  describe('fragments', () => {
    test('one for each chunk, as it comes', async () => { // rules 32, 35
      const { connection, peer, world } = connect(role)
      const from = source<string>()
      const sent = watch(connection.send(from.stream))
      expect(await peer.hears()).toEqual([])
      from.push('one ')
      expect(await peer.hears()).toEqual(['text… one '])
      from.push('two')
      expect(await peer.hears()).toEqual(['continuation… two'])
      expect(sent.state).toBe('pending')
      from.close()
      expect(await peer.hears()).toEqual(['continuation'])
      await world.settle()
      expect(sent.state).toBe('resolved')
      expect(connection.stats()).toMatchObject({ messagesSent: 1, framesSent: 3 })
      expect(from.stream.locked).toBe(false)
    })

    test('of at most fragmentSize', async () => {
      const { heard } = await stream([pattern(1000), pattern(400)], {}, { fragmentSize: 400 })
      expect(heard.map((word) => word.length > 30 ? 'continuation… (200)' : word)).toEqual([
        'binary… (400)',
        'continuation… (400)',
        'continuation… (200)',
        'continuation… (400)',
        'continuation',
      ])
    })

    test.each([
      [['a', 'b'], {}, 'text…'],
      [[utf8('a')], {}, 'binary…'],
      [[utf8('a'), 'b'], {}, 'binary…'],
      [['a'], { type: 'binary' }, 'binary…'],
      [[utf8('a')], { type: 'text' }, 'text…'],
      [['', 'a'], {}, 'text…'],
    ] as [unknown[], SendOptions, string][])(
      '%j with %j make a message that begins with %s',
      async (chunks, options, first) => {
        const { heard, sent } = await stream(chunks, options)
        expect(heard[0]!.split(' ')[0]).toBe(first)
        expect(sent.state).toBe('resolved')
      },
    )

    test.each(
      [[{}, 'binary'], [{ type: 'text' }, 'text'], [{ type: 'text', length: 0 }, 'text'], [
        { length: 0 },
        'binary',
      ]] as [SendOptions, string][],
    )(
      'an empty stream with %j is an empty message',
      async (options, word) => {
        const { heard, sent } = await stream([], options)
        expect([heard, sent.state]).toEqual([[word], 'resolved'])
      },
    )

    test('a surrogate pair that chunks cut goes out as one character; a half without its other as U+FFFD', async () => {
      const halves = '😀'.split('')
      const { heard } = await stream(['x' + halves[0], halves[1] + 'y'])
      expect(heard.map((word) => word.split(' ')[1]).join('')).toBe('x😀y')
      const { heard: lone } = await stream(['x' + halves[0], 'y', 'z' + halves[0]])
      expect(lone.map((word) => word.split(' ')[1] ?? '').join('')).toBe('x\ufffdyz\ufffd')
      const { heard: mixed } = await stream([halves[0], utf8('y')], { type: 'text' })
      expect(mixed.map((word) => word.split(' ')[1] ?? '').join('')).toBe('\ufffdy')
    })

    test('bytes of a text may be cut inside a character', async () => {
      const bytes = utf8('grüß')
      const { heard, sent } = await stream([bytes.slice(0, 3), bytes.slice(3)], { type: 'text' })
      expect(sent.state).toBe('resolved')
      expect(heard).toHaveLength(3)
    })
  })

  describe('one frame of declared length', () => {
    test('goes out part by part, and is one frame', async () => {
      const { heard, sent } = await stream([utf8('one '), utf8('two')], { length: 7 })
      expect([heard, sent.state]).toEqual([['binary one two'], 'resolved'])
    })

    test('begins before its last bytes are there', async () => {
      const { connection, transport, world } = connect(role)
      const from = source<Uint8Array>()
      void connection.send(from.stream, { length: 2 ** 40 })
      from.push(pattern(1000))
      await world.settle()
      expect(transport.bytes.length).toBe(1000 + 10 + (role === 'client' ? 4 : 0))
    })

    test('of text', async () => {
      const { heard } = await stream(['grü', 'ß'], { length: utf8('grüß').length })
      expect(heard).toEqual(['text grüß'])
    })
  })

  test('a text whose declared length ends inside a character never becomes a whole frame', async () => {
    const euro = utf8('ab€')
    for (const chunks of [[euro.slice(0, 3)], [euro.slice(0, 2), euro.slice(2, 3)]]) {
      const { sent, heard, transport } = await stream(chunks, { length: 3, type: 'text' })
      expect(sent.error).toBeInstanceOf(TypeError)
      expect(heard.filter((word) => word.startsWith('text'))).toEqual([])
      expect(transport.did.includes('shutdown')).toBe(chunks.length > 1) // begun, it cannot be taken back
    }
  })

  describe('a source that fails half-way fails the connection with 1011, and the promise says why', () => { // connection.md, Messages
    const mistake = new Error('the source broke')
    const errored = (error: Error = mistake) => {
      let pulled = false
      return new ReadableStream<string>({
        pull: (controller) => {
          if (pulled) controller.error(error)
          else controller.enqueue('half')
          pulled = true
        },
      })
    }

    test('with 1011 too where its error is a fault of some other peer: ours did nothing wrong', async () => {
      for (const code of ['unknown-opcode', 'unexpected-end'] as const) {
        const { connection, peer } = connect(role)
        const fault = new ProtocolError(code, 'ü'.repeat(100))
        const sent = watch(connection.send(errored(fault)))
        expect(await peer.hears()).toEqual(['text… half', 'close 1011'])
        expect(sent.error).toBe(fault)
      }
    })

    test('fragments: the Close says it', async () => {
      const { connection, peer, transport, world, end } = connect(role)
      const sent = watch(connection.send(errored()))
      const behind = watch(connection.send('behind'))
      expect(await peer.hears()).toEqual(['text… half', 'close 1011'])
      transport.end()
      await world.settle()
      const error = expectUnclean(end)
      expect([sent.error, error.cause, behind.error]).toEqual([mistake, mistake, error])
    })

    test('a frame of declared length: no Close fits into it, our direction ends', async () => {
      const { connection, transport, world, end } = connect(role)
      const sent = watch(connection.send(errored(), { length: 8 }))
      await world.settle()
      expect(transport.did).toEqual(['shutdown'])
      transport.end()
      await world.settle()
      expect([sent.error, expectUnclean(end).cause]).toEqual([mistake, mistake])
    })

    test.each([
      ['less than declared', ['abc'], { length: 4 }, RangeError, 'want the declared length of 4 bytes, got 3 in all'],
      [
        'more than declared',
        ['abc', 'de'],
        { length: 4 },
        RangeError,
        'want the declared length of 4 bytes, got 5 or more',
      ],
      ['a chunk that is no bytes', ['abc', 1], {}, TypeError, 'want strings or bytes as chunks, got number'],
      ['text that is not UTF-8', ['abc', Uint8Array.of(0xff)], {}, TypeError, 'text must be UTF-8, got 0xff at byte 3'],
      [
        'text that ends inside a character',
        ['abc', Uint8Array.of(0xc3)],
        {},
        TypeError,
        'inside a character at byte 4',
      ],
      ['shared memory', ['abc', sharedBytes(2)], {}, TypeError, 'shared memory'],
    ] as [string, unknown[], SendOptions, ErrorConstructor, string][])(
      '%s',
      async (_, chunks, options, kind, message) => {
        const { sent, end, transport, world, from } = await stream(chunks, options)
        transport.end()
        await world.settle()
        expect(sent.error).toBeInstanceOf(kind)
        expect((sent.error as Error).message).toContain(message)
        expect(expectUnclean(end).cause).toBe(sent.error)
        if (from.cancelled !== undefined) expect(from.cancelled).toBe(sent.error)
      },
    )

    test.each([
      ['its first chunk cannot be sent', [1], {}, TypeError],
      ['its first chunk is longer than declared', ['abcde'], { length: 4 }, RangeError],
    ] as [string, unknown[], SendOptions, ErrorConstructor][])(
      'but where nothing of it went out yet the connection lives: %s',
      async (_, chunks, options, kind) => {
        const { sent, heard, connection, peer, from } = await stream(chunks, options)
        expect(sent.error).toBeInstanceOf(kind)
        expect([heard, from.cancelled]).toEqual([[], sent.error])
        await connection.send('fine')
        expect(await peer.hears()).toEqual(['text fine'])
      },
    )

    test('a chunk that is transferred away while its rest waits for room fails the connection, and is not cut short', async () => {
      const limits = { highWaterMark: 1000, fragmentSize: 1000 }
      const { connection, peer, transport, world, end } = connect(role, { limits })
      transport.hold()
      const chunk = new Uint8Array(5000)
      const from = source(chunk)
      const sent = watch(connection.send(from.stream))
      await world.settle()
      structuredClone(chunk.buffer, { transfer: [chunk.buffer] })
      transport.letAll()
      expect(await peer.hears()).toEqual(['binary… (1000)', 'close 1011'])
      expect(sent.error).toBeInstanceOf(TypeError)
      transport.end()
      await world.settle()
      expect(expectUnclean(end).cause).toBe(sent.error)
    })

    test('a source that fails at once leaves the connection as it was', async () => {
      const { connection, peer } = connect(role)
      const from = source<string>()
      from.fail(mistake)
      await expect(connection.send(from.stream)).rejects.toBe(mistake)
      await connection.send('fine')
      expect(await peer.hears()).toEqual(['text fine'])
    })
  })

  test('a locked stream is a TypeError; after a close the source is left alone', async () => {
    const { connection, world } = connect(role)
    const from = source<string>()
    const reader = from.stream.getReader()
    await expect(connection.send(from.stream)).rejects.toThrow(/locked/)
    reader.releaseLock()
    connection.close()
    await expect(connection.send(from.stream)).rejects.toMatchObject({ name: 'InvalidStateError' })
    await world.settle()
    expect([from.stream.locked, from.cancelled]).toEqual([false, undefined])
  })

  test('sends keep their order, streams and others', async () => {
    const { connection, peer, world } = connect(role)
    const [a, b] = [source<string>(), source<string>()]
    void connection.send('first')
    void connection.send(a.stream)
    void connection.send('second')
    void connection.send(b.stream)
    void connection.send('third')
    b.push('b')
    a.push('a')
    await world.settle()
    a.close()
    await world.settle()
    b.close()
    expect(await peer.hears()).toEqual([
      'text first',
      'text… a',
      'continuation',
      'text second',
      'text… b',
      'continuation',
      'text third',
    ])
  })

  test('an awaited write stands in order with sends', async () => { // connection.md, Messages
    const { connection, peer } = connect(role)
    const writer = connection.writable.getWriter()
    await writer.write('1')
    await connection.send('2')
    await writer.write('3')
    const from = source<string>()
    void connection.send(from.stream)
    from.push('4')
    const written = watch(writer.write('5'))
    expect(await peer.hears()).toEqual(['text 1', 'text 2', 'text 3', 'text… 4'])
    expect(written.state).toBe('pending')
    from.close()
    expect(await peer.hears()).toEqual(['continuation', 'text 5'])
  })

  test('the next message begins when the last is encoded, though the transport has not taken it', async () => {
    const { connection, peer, transport, world } = connect(role)
    transport.hold()
    const from = source<string>('a')
    const sent = watch(connection.send(from.stream))
    const next = watch(connection.send('next'))
    await world.settle()
    from.close()
    await world.settle()
    expect([sent.state, next.state]).toEqual(['pending', 'resolved'])
    transport.letAll()
    expect(await peer.hears()).toEqual(['text… a', 'continuation', 'text next'])
    expect(sent.state).toBe('resolved')
  })

  test('reads its source no faster than the transport takes it', async () => { // law 6
    const { connection, transport, world } = connect(role, { limits: { highWaterMark: 1000 } })
    transport.hold()
    const from = source(...Array.from({ length: 100 }, () => pattern(500)))
    void connection.send(from.stream)
    await world.settle()
    const first = from.pulls
    expect(first).toBeLessThan(6)
    transport.letOne()
    await world.settle()
    expect(from.pulls).toBeGreaterThan(first)
    expect(from.pulls).toBeLessThan(first + 6)
  })

  test('a message that comes in can be sent on as it comes: nothing is kept', async () => {
    const upstream = connect('server')
    const { connection, peer, world } = connect(role)
    const forward = async () => {
      for await (const { type, body } of upstream.connection.messages()) await connection.send(body, { type })
    }
    const forwarding = watch(forward())
    upstream.peer.says(upstream.peer.text('one ', { fin: false }))
    await upstream.world.settle()
    expect(await peer.hears()).toEqual(['text… one '])
    upstream.peer.says(upstream.peer.text('two', { opcode: 0 }), upstream.peer.close(1000))
    upstream.transport.end()
    await upstream.world.settle()
    expect(await peer.hears()).toEqual(['continuation… two', 'continuation'])
    await world.settle()
    expect(forwarding.state).toBe('resolved')
  })

  test('an upstream that breaks inside a message fails what it is sent on to with 1011', async () => {
    const upstream = connect('server')
    const { connection, peer } = connect(role)
    const forward = async () => {
      for await (const { type, body } of upstream.connection.messages()) await connection.send(body, { type })
    }
    const forwarding = watch(forward())
    upstream.peer.says(upstream.peer.text('half', { fin: false }))
    await upstream.world.settle()
    upstream.transport.break(new Error('reset'))
    await upstream.world.settle()
    expect(await peer.hears()).toEqual(['text… half', 'close 1011'])
    expect(forwarding.error).toBe(expectUnclean(upstream.end))
  })
})
