// How we close: what goes out before our Close, and who hears of the end. The states themselves are in closing-table.test.ts.

import { describe, expect, test } from 'vitest'
import { type BytesLike, Connection, WebSocketError } from '../../src/index.ts'
import { closeWith, cutOff } from '../../src/connection/connection.ts'
import { collect, connect, expectClean, expectUnclean, roles, source, watch } from './helpers.ts'
import { sharedBytes } from '../support/shared-memory.ts'

/** A connection that somebody wrote to. */
interface Closable {
  readonly connection: Connection
  readonly writer: WritableStreamDefaultWriter<string | BytesLike>
}

describe.each(roles)('as a %s', (role) => {
  describe('what was accepted goes out before our Close', () => {
    test('everything that write() and send() took, in order, though nothing was awaited', async () => { // law 7
      const { connection, peer } = connect(role)
      const writer = connection.writable.getWriter()
      for (let i = 0; i < 5; i++) void writer.write(`w${i}`)
      void connection.send('s')
      connection.close({ closeCode: 3000, reason: 'done' })
      const heard = await peer.hears()
      expect(heard.filter((word) => word.startsWith('text w'))).toEqual([0, 1, 2, 3, 4].map((i) => `text w${i}`))
      expect(heard).toContain('text s')
      expect(heard.at(-1)).toBe('close 3000 done')
      expect(heard).toHaveLength(7)
    })

    test('a streamed message is finished first, and what was sent behind it', async () => {
      const { connection, peer, world } = connect(role)
      const long = source<string>()
      const sent = watch(connection.send(long.stream))
      const behind = watch(connection.send('behind'))
      long.push('one')
      connection.close()
      const late = watch(connection.send('late'))
      const written = watch(connection.writable.getWriter().write('late'))
      expect(await peer.hears()).toEqual(['text… one'])
      long.close()
      expect(await peer.hears()).toEqual(['continuation', 'text behind', 'close'])
      await world.settle()
      expect([sent.state, behind.state]).toEqual(['resolved', 'resolved'])
      for (const { error } of [late, written]) expect(error).toMatchObject({ name: 'InvalidStateError' })
    })

    test('written chunks that wait for room go out when there is some', async () => {
      const { connection, peer, transport } = connect(role, { limits: { highWaterMark: 10 } })
      transport.hold()
      const writer = connection.writable.getWriter()
      const writes = ['a'.repeat(20), 'b'.repeat(20), 'c'.repeat(20)].map((text) => watch(writer.write(text)))
      connection.close()
      expect(await peer.hears()).toEqual(['text ' + 'a'.repeat(20)])
      transport.letAll()
      expect(await peer.hears()).toEqual(['text ' + 'b'.repeat(20), 'text ' + 'c'.repeat(20), 'close'])
      expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved'])
    })

    test('but no chunk that was written after close(), though others still wait', async () => {
      const { connection, peer, transport } = connect(role, { limits: { highWaterMark: 10 } })
      transport.hold()
      const writer = connection.writable.getWriter()
      const writes = ['a', 'b'].map((text) => watch(writer.write(text.repeat(20))))
      connection.close()
      const late = watch(writer.write('late'))
      await peer.hears()
      transport.letAll()
      expect(await peer.hears()).toEqual(['text ' + 'b'.repeat(20), 'close'])
      expect([...writes, late].map(({ state }) => state)).toEqual(['resolved', 'resolved', 'rejected'])
      expect(late.error).toMatchObject({ name: 'InvalidStateError' })
    })

    test('but a chunk that was written after close(), and waits still, is no loss when the peer’s Close comes', async () => {
      const { connection, peer, transport, world, end } = connect(role, { limits: { highWaterMark: 10 } })
      transport.hold()
      const writer = connection.writable.getWriter()
      const write = watch(writer.write('a'.repeat(20)))
      connection.close()
      await world.settle()
      const late = watch(writer.write('late'))
      peer.says(peer.close(1000))
      await world.settle()
      transport.letAll()
      transport.end()
      await world.settle()
      expectClean(end, 1000)
      expect([write.state, late.state]).toEqual(['resolved', 'rejected'])
    })

    test('a write after close() is refused, and so is close() after close()', async () => {
      const { connection, peer } = connect(role)
      const writer = connection.writable.getWriter()
      connection.close({ closeCode: 3000 })
      const late = watch(writer.write('late'))
      connection.close({ closeCode: 4000 })
      expect(await peer.hears()).toEqual(['close 3000'])
      expect(late.error).toMatchObject({ name: 'InvalidStateError' })
    })
  })

  describe('a close of writable', () => {
    test('starts the closing handshake and resolves when that is done', async () => { // WebSocketStream, clause 8
      const { connection, peer, transport, world } = connect(role)
      const writer = connection.writable.getWriter()
      void writer.write('last')
      const closing = watch(writer.close())
      expect(await peer.hears()).toEqual(['text last', 'close'])
      expect(closing.state).toBe('pending')
      peer.says(peer.close(1000))
      await world.settle()
      expect(closing.state).toBe('pending')
      transport.end()
      await world.settle()
      expect(closing.state).toBe('resolved')
    })

    test('is not held up by a write behind it, which the stream refuses but counts', async () => {
      const { connection, peer } = connect(role)
      const writer = connection.writable.getWriter()
      void writer.write('a')
      writer.close().catch(() => {})
      const behind = watch(writer.write('b'))
      expect(await peer.hears()).toEqual(['text a', 'close'])
      expect(behind.error).toBeInstanceOf(TypeError)
    })

    test('rejects with the error of an unclean end', async () => {
      const { connection, transport, world, end } = connect(role)
      const closing = watch(connection.writable.close())
      await world.settle()
      transport.break(new Error('gone'))
      await world.settle()
      expect(closing.error).toBe(expectUnclean(end))
    })
  })

  describe('an abort of writable', () => {
    test('closes at once, though a write waits for the peer, and drops what is in the queue', async () => {
      const { connection, peer, transport, end, world } = connect(role, { limits: { highWaterMark: 1 } })
      transport.hold()
      const writer = connection.writable.getWriter()
      const writes = ['a', 'b', 'c'].map((text) => watch(writer.write(text)))
      await world.settle()
      writer.abort(new WebSocketError('', { closeCode: 4001, reason: 'enough' })).catch(() => {})
      transport.letAll()
      expect(await peer.hears()).toEqual(['text a', 'close 4001 enough'])
      expect(writes.map(({ state }) => state)).toEqual(['resolved', 'rejected', 'rejected'])
      peer.says(peer.close(4001))
      transport.end()
      await world.settle()
      expectClean(end, 4001)
    })

    test.each([
      ['close(), then an abort', (it: Closable) => [it.connection.close({ closeCode: 3001 }), it.writer.abort()]],
      ['an abort, then close()', (it: Closable) => [it.writer.abort(), it.connection.close({ closeCode: 3001 })]],
      ['a close, a write behind it, then close()', (it: Closable) => [
        it.writer.close(),
        it.writer.write('refused'),
        it.connection.close({ closeCode: 3001 }),
      ]],
    ])('does not keep our Close: %s', async (how, act) => {
      for (const slow of [false, true]) {
        const { connection, peer, transport, world, end } = connect(role, { limits: { highWaterMark: 1 } })
        if (slow) transport.hold()
        const writer = connection.writable.getWriter()
        writer.closed.catch(() => {})
        for (const text of ['a', 'b']) writer.write(text).catch(() => {})
        if (slow) await world.settle()
        for (const done of act({ connection, writer })) done?.catch(() => {})
        await world.settle()
        transport.letAll()
        const code = how.startsWith('close()') ? 'close 3001' : 'close'
        expect((await peer.hears()).at(-1)?.slice(0, code.length)).toBe(code)
        peer.says(peer.close(1000))
        transport.end()
        await world.settle()
        expectClean(end, 1000)
      }
    })

    test('leaves what was received before to be read', async () => {
      const { connection, peer, transport, world } = connect(role)
      peer.says(peer.text('still here'))
      await world.settle()
      await connection.writable.abort()
      peer.says(peer.close(1000))
      transport.end()
      await world.settle()
      const { items } = collect(connection.readable)
      await world.settle()
      expect(items).toEqual(['still here'])
    })

    test('with the error of another connection says its code only where a caller may close with it', async () => {
      const broken = connect(role)
      broken.transport.break(new Error('gone'))
      await broken.world.settle()
      const { connection, peer } = connect(role)
      // A proxy: the one connection's end is the other's abort.
      broken.connection.readable.pipeTo(connection.writable).catch(() => {})
      expect(await peer.hears()).toEqual(['close'])
      for (const closeCode of [1001, 1005]) {
        const other = connect(role)
        const reason = 'said by the other end'
        await other.connection.readable.cancel(Object.assign(new WebSocketError(), { closeCode, reason }))
        expect(await other.peer.hears()).toEqual(['close'])
      }
    })
  })

  test('a chunk that cannot be sent fails the stream, and a close does not wait for those behind it', async () => { // WebSocketStream, clause 5
    const { connection, peer } = connect(role)
    const writer = connection.writable.getWriter()
    const shared = sharedBytes(4) as unknown as Uint8Array
    const writes = [watch(writer.write('a')), watch(writer.write(shared)), watch(writer.write('c'))]
    connection.close()
    expect(await peer.hears()).toEqual(['text a', 'close'])
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'rejected', 'rejected'])
    expect(writes[1]!.error).toBeInstanceOf(TypeError)
  })

  test('a write right behind one that failed, or behind an abort, is not waited for', async () => {
    for (const how of ['a failed write', 'an abort']) {
      const { connection, peer, world, transport, end } = connect(role)
      const writer = connection.writable.getWriter()
      writer.closed.catch(() => {})
      await writer.ready
      await world.settle()
      if (how === 'an abort') {
        transport.hold()
        void writer.write(new Uint8Array(100_000))
        await world.settle()
        void writer.abort()
      } else void writer.write(sharedBytes(4)).catch(() => {})
      const behind = watch(writer.write('behind'))
      await world.settle()
      expect(behind.state).toBe('rejected')
      transport.letAll()
      await world.settle()
      expect(connection.stats().bytesWaiting).toBe(0)
      connection.close()
      expect((await peer.hears()).at(-1)).toBe('close')
      peer.says(peer.close())
      await world.settle()
      transport.end()
      await world.settle()
      expectClean(end, 1005)
    }
  })

  test('readable.cancel() closes with the reason’s code, drops what was read ahead, and reads on to the peer’s Close', async () => { // WebSocketStream, clause 9
    const { connection, peer, transport, world, end } = connect(role, { limits: { readAhead: 10 } })
    peer.says(peer.text('x'.repeat(50)), peer.text('y'.repeat(50)))
    peer.says(peer.text('z'.repeat(50)), peer.close(1000))
    await world.settle()
    await connection.readable.cancel(new WebSocketError('', { reason: 'why' }))
    expect(await peer.hears()).toEqual(['close 1000 why'])
    transport.end()
    await world.settle()
    expectClean(end, 1000)
    expect(connection.stats().bytesReadAhead).toBe(0)
  })

  test('objects that look like a WebSocketError say nothing', async () => { // WebSocketStream, clause 9
    const { connection, peer } = connect(role)
    await connection.readable.cancel({ name: 'WebSocketError', closeCode: 3000, reason: 'no' })
    expect(await peer.hears()).toEqual(['close'])
  })

  test('a WebSocketError is what was made as one, whatever its prototype', async () => {
    const like = Object.setPrototypeOf({ closeCode: 3000, reason: 'no' }, WebSocketError.prototype)
    const real = Object.setPrototypeOf(new WebSocketError('', { closeCode: 3001, reason: 'yes' }), Error.prototype)
    for (const [reason, said] of [[like, 'close'], [real, 'close 3001 yes']] as const) {
      const { connection, peer } = connect(role)
      await connection.readable.cancel(reason)
      expect(await peer.hears()).toEqual([said])
    }
  })

  test('with a full read-ahead our Close still makes us read on to the peer’s', async () => { // connection.md, Backpressure
    const { connection, peer, transport, world, end } = connect(role, { limits: { readAhead: 10 } })
    for (let i = 0; i < 20; i++) peer.says(peer.text('x'.repeat(50)))
    peer.says(peer.close(1000))
    await world.settle()
    expect(end.state).toBe('pending')
    connection.close()
    expect(await peer.hears()).toEqual(['close'])
    transport.end()
    await world.settle()
    expectClean(end, 1000)
    // What had been read ahead before can still be read, and no message is cut.
    const { items, end: read } = collect(connection.readable)
    await world.settle()
    expect(read.state).toBe('resolved')
    for (const item of items) expect(item).toBe('x'.repeat(50))
    expect(items.length).toBeGreaterThan(0)
    expect(items.length).toBeLessThan(5) // the rest was discarded, not kept
  })

  test('a writer after a clean end hears InvalidStateError, and readable closes', async () => { // WebSocketStream, clause 10
    const { connection, peer, transport, world, end } = connect(role)
    const writer = connection.writable.getWriter()
    const reader = connection.readable.getReader()
    peer.says(peer.close(1000))
    transport.end()
    await world.settle()
    expectClean(end, 1000)
    const told = [
      watch(writer.write('late')),
      watch(writer.closed),
      watch(connection.send('x')),
      watch(connection.ping()),
    ]
    await world.settle()
    for (const { error } of told) expect(error).toMatchObject({ name: 'InvalidStateError' })
    expect(await reader.read()).toEqual({ done: true, value: undefined })
  })

  test('streams that are first asked for after the end tell it too', async () => {
    const clean = connect(role)
    clean.peer.says(clean.peer.close(1000))
    clean.transport.end()
    await clean.world.settle()
    expect(await clean.connection.readable.getReader().read()).toEqual({ done: true, value: undefined })
    await expect(clean.connection.writable.getWriter().closed).rejects.toMatchObject({ name: 'InvalidStateError' })
    const broken = connect(role)
    broken.transport.break(new Error('gone'))
    await broken.world.settle()
    const error = expectUnclean(broken.end)
    await expect(broken.connection.messages().next()).rejects.toBe(error)
    await expect(broken.connection.readable.getReader().read()).rejects.toBe(error)
    await expect(broken.connection.writable.getWriter().closed).rejects.toBe(error)
  })

  test('asyncDispose closes and waits, whatever the end', async () => {
    const { connection, peer, transport, world } = connect(role)
    const disposed = watch(connection[Symbol.asyncDispose]())
    expect(await peer.hears()).toEqual(['close'])
    expect(disposed.state).toBe('pending')
    transport.break(new Error('gone'))
    await world.settle()
    expect(disposed.state).toBe('resolved')
  })

  test('our own serving may close with any code, and cut', async () => {
    const going = connect(role)
    expect(closeWith(going.connection, { statusCode: 1001, reason: '' })).toBe(true)
    expect(closeWith(going.connection, { statusCode: 1011, reason: '' })).toBe(false)
    expect(await going.peer.hears()).toEqual(['close 1001'])
    cutOff(going.connection)
    await going.world.settle()
    expect(going.transport.did).toContain('abort')
    expectUnclean(going.end)
    cutOff(going.connection) // again does nothing
    expect(going.world.timers).toBe(0)
  })

  test.each([
    [{ closeCode: 999 }, 'InvalidAccessError'],
    [{ closeCode: 1001 }, 'InvalidAccessError'],
    [{ closeCode: 5000 }, 'InvalidAccessError'],
    [{ reason: 'x'.repeat(124) }, 'SyntaxError'],
    [{ closeCode: 70000 }, 'TypeError'],
    [{ reason: new Uint8Array(4) as unknown as string }, 'TypeError'], // security.md, row 6
    ['no object' as unknown as object, 'TypeError'],
  ])('close(%j) throws %s and changes nothing', async (info, name) => { // WebSocketStream, clause 6
    const { connection, peer, end } = connect(role)
    expect(() => connection.close(info)).toThrow(expect.objectContaining({ name }))
    void connection.send('still open')
    expect(await peer.hears()).toEqual(['text still open'])
    expect(end.state).toBe('pending')
  })

  test('a reason alone means 1000, and surrogates in it are sent as U+FFFD', async () => { // WebSocketStream, clauses 6, 9
    const { connection, peer } = connect(role)
    connection.close({ reason: 'x\ud800' })
    expect(await peer.hears()).toEqual(['close 1000 x\ufffd'])
  })

  test('the transport’s streams are ended exactly once, whatever happens at the end', async () => { // law 5
    for (const act of ['close', 'fail', 'break', 'cut']) {
      const { connection, peer, transport, world } = connect(role)
      if (act === 'close') peer.says(peer.close(1000))
      if (act === 'fail') peer.says({ opcode: 0x3 })
      await world.settle()
      if (act === 'break') transport.break(new Error('gone'))
      else if (act === 'cut') cutOff(connection)
      else transport.end()
      await world.pass(60_000)
      expect(transport.did.filter((what) => what === 'shutdown' || what === 'abort').length, act).toBeLessThanOrEqual(1)
      expect([world.timers, world.deferred]).toEqual([0, 0])
    }
  })

  test('a transport that is locked, and options that cannot be used, are refused before anything is taken over', () => {
    const { transport } = connect(role)
    expect(() => new Connection(transport, { role })).toThrow(TypeError)
    const readable = new ReadableStream<Uint8Array>()
    const writable = new WritableStream<Uint8Array>()
    for (
      const options of [{ keepAlive: { interval: 0 } }, { limits: { readAhead: -1 } }, { limits: { maxQueued: 0.5 } }]
    ) {
      expect(() => new Connection({ readable, writable }, { role, ...options })).toThrow(RangeError)
    }
    expect(() => new Connection({ readable, writable }, { role: 'proxy' as 'server' })).toThrow(TypeError)
    expect([readable.locked, writable.locked]).toEqual([false, false])
  })
})
