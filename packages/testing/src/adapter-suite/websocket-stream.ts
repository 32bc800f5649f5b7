// WebSocketStream as the standard has it: one test for each clause of its semantics, numbered as the clauses are.

import { type Connection, WebSocketError } from '@wirestream/codec'
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { rawServer } from '../sockets.ts'
import type { Adapter, Tests } from './adapter.ts'
import { acceptRaw, echo, failure, MiB, pattern, pending, serverFrame, standstill, until } from './support.ts'

type Stream = InstanceType<Adapter['WebSocketStream']>

/** A message stream to a server of ours whose connections go to `handler`. */
async function talk(
  { serve, WebSocketStream }: Adapter,
  handler: (connection: Connection) => void | Promise<void>,
  act: (stream: Stream, url: string) => Promise<void>,
): Promise<void> {
  await using listener = await serve({ onError() {}, protocols: ['chosen'] }, handler)
  const stream = new WebSocketStream(listener.url)
  try {
    assert.equal(String(stream), '[object WebSocketStream]')
    await act(stream, listener.url)
  } finally {
    stream.close()
  }
}

/** A message stream to a raw server, and the server's socket once the stream is open. */
async function talkRaw(
  { WebSocketStream }: Adapter,
  act: (stream: Stream, socket: Socket, opened: Awaited<Stream['opened']>) => Promise<void>,
  { more, closeTimeout }: { more?: Uint8Array; closeTimeout?: number } = {},
): Promise<void> {
  const sockets: Socket[] = []
  await using server = await rawServer((socket) => {
    sockets.push(socket)
    void acceptRaw(socket, more)
  })
  const limits = closeTimeout === undefined ? {} : { closeTimeout }
  const stream = new WebSocketStream(`ws://127.0.0.1:${server.port}`, { limits })
  const opened = await stream.opened
  await act(stream, sockets[0]!, opened)
}

/** The frame that a raw server reads next: its opcode and what its masking key makes of the payload. At most 125 bytes. */
async function readFrame(socket: Socket): Promise<{ opcode: number; payload: Uint8Array }> {
  await until(() => socket.readableLength >= 6)
  const [first = 0, second = 0, ...key] = socket.read(6) as Uint8Array
  const length = second & 0x7f
  await until(() => length === 0 || socket.readableLength >= length)
  const masked = length === 0 ? new Uint8Array(0) : socket.read(length) as Uint8Array
  return { opcode: first & 0xf, payload: Uint8Array.from(masked, (byte, i) => byte ^ key[i % 4]!) }
}

function domException(error: unknown, name: string): void {
  assert.ok(error instanceof DOMException, `want a DOMException, got ${String(error)}`)
  assert.equal(error.name, name)
}

function thrown(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  assert.fail('want a throw')
}

/** Both promises of a stream that never opened reject with the same. */
async function neverOpened({ opened, closed }: Stream): Promise<Error> {
  const error = await failure(opened)
  assert.equal(await failure(closed), error)
  return error
}

export const webSocketStreamTests: Tests = {
  async '1: http and https URLs are ws and wss'({ WebSocketStream }) {
    const pairs = [['http://127.0.0.1:9/a?b', 'ws://127.0.0.1:9/a?b'], [
      'https://127.0.0.1:9/',
      'wss://127.0.0.1:9/',
    ]] as const
    for (const [given, seen] of pairs) {
      const stream = new WebSocketStream(given)
      assert.equal(stream.url, seen)
      await neverOpened(stream)
    }
  },

  '1: a fragment, another scheme and what is no URL are a SyntaxError'({ WebSocketStream }) {
    for (const url of ['ws://a/#b', 'ws://a/#', 'ftp://a/', 'a']) {
      domException(thrown(() => new WebSocketStream(url)), 'SyntaxError')
    }
  },

  '1: no argument is a TypeError'({ WebSocketStream }) {
    const construct = WebSocketStream as unknown as new () => Stream
    assert.ok(thrown(() => new construct()) instanceof TypeError)
  },

  '1: what cannot be a string throws as its conversion does'({ WebSocketStream }) {
    const construct = WebSocketStream as unknown as new (url: unknown) => Stream
    assert.ok(thrown(() => new construct(Symbol('ws://a/'))) instanceof TypeError)
    const error = new Error('no string')
    assert.equal(
      thrown(() => {
        new construct({
          toString() {
            throw error
          },
        })
      }),
      error,
    )
  },

  '1: a duplicate or ill-formed protocol is a SyntaxError'({ WebSocketStream }) {
    for (const protocols of [['a', 'a'], ['a b'], ['']]) {
      domException(thrown(() => new WebSocketStream('ws://a/', { protocols })), 'SyntaxError')
    }
  },

  '1: options of the wrong type are a TypeError, whatever the URL'({ WebSocketStream }) {
    // What has no iterator is no list, however alike it looks.
    for (
      const options of [5, { protocols: {} }, { protocols: { length: 1, 0: 'a' } }, { protocols: 'a' }, { signal: {} }]
    ) {
      for (const url of ['ws://a/', 'a']) {
        assert.ok(thrown(() => new WebSocketStream(url, options as never)) instanceof TypeError)
      }
    }
  },

  async '2: options may inherit what they say'({ WebSocketStream }) {
    const reason = new Error('never mind')
    const options = Object.create({ signal: AbortSignal.abort(reason), protocols: ['a', 'b'] }) as object
    assert.equal(await neverOpened(new WebSocketStream('ws://127.0.0.1:9/', options)), reason)
  },

  async '2: a signal that is aborted already makes no connection'({ WebSocketStream }) {
    let dialled = 0
    await using server = await rawServer(() => void dialled++)
    const reason = new Error('never mind')
    const stream = new WebSocketStream(`ws://127.0.0.1:${server.port}`, { signal: AbortSignal.abort(reason) })
    assert.equal(await neverOpened(stream), reason)
    assert.equal(dialled, 0)
  },

  async '2: an abort during the handshake rejects both with its reason'({ WebSocketStream }) {
    const sockets: Socket[] = []
    await using server = await rawServer((socket) => void sockets.push(socket.resume()))
    const control = new AbortController()
    const stream = new WebSocketStream(`ws://127.0.0.1:${server.port}`, { signal: control.signal })
    await until(() => sockets.length === 1)
    const reason = new Error('enough')
    control.abort(reason)
    assert.equal(await neverOpened(stream), reason)
    await until(() => sockets[0]!.destroyed || sockets[0]!.readableEnded)
  },

  async '2: an abort after opening does nothing'({ serve, WebSocketStream }) {
    await using listener = await serve({}, echo)
    const control = new AbortController()
    const stream = new WebSocketStream(listener.url, { signal: control.signal })
    const { readable, writable } = await stream.opened
    control.abort()
    await writable.getWriter().write('still here')
    assert.equal((await readable.getReader().read()).value, 'still here')
    assert.ok(await pending(stream.closed))
  },

  async '3: opened resolves when the handshake is done, with protocol and extensions'({ serve, WebSocketStream }) {
    await using listener = await serve({ protocols: ['b'] }, echo)
    const stream = new WebSocketStream(listener.url, { protocols: ['a', 'b'] })
    const opened = await stream.opened
    assert.equal(opened.protocol, 'b')
    assert.equal(opened.extensions, '')
    assert.ok(opened.readable instanceof ReadableStream && opened.writable instanceof WritableStream)
  },

  async '3: nobody has to catch opened and closed'({ WebSocketStream }) {
    // The runner fails a test that leaves a rejection to nobody.
    const stream = new WebSocketStream('ws://127.0.0.1:1/')
    await stream.opened.then(() => {}, () => {})
    await pending(new Promise(() => {}))
  },

  async '4: text is a string, binary a fresh exact Uint8Array'(adapter) {
    await talkRaw(adapter, async (_, __, { readable }) => {
      const reader = readable.getReader()
      assert.equal((await reader.read()).value, 'grüße')
      const { value } = await reader.read()
      assert.ok(value instanceof Uint8Array && value.constructor === Uint8Array)
      assert.deepEqual([...value], [1, 2, 3])
      assert.equal(value.buffer.byteLength, 3)
    }, { more: new Uint8Array([...serverFrame(1, 'grüße'), ...serverFrame(2, Uint8Array.of(1, 2, 3))]) })
  },

  async '4: backpressure holds until a message is pulled'(adapter) {
    let sent = 0
    await talk(adapter, async (connection) => {
      const writer = connection.writable.getWriter()
      for (; sent < 1000; sent++) await writer.write(pattern(0, 65000))
      connection.close({ closeCode: 1000 })
    }, async ({ opened, closed }) => {
      const reader = (await opened).readable.getReader()
      await reader.read()
      const stopped = await standstill(() => sent)
      assert.ok(stopped < 500, `${stopped} of 1000 messages were sent while one was read`)
      let got = 1
      while (!(await reader.read()).done) got++
      assert.equal(got, 1000)
      assert.equal((await closed).closeCode, 1000)
    })
  },

  async '5: bytes are a binary message, anything else its string'(adapter) {
    await talk(adapter, echo, async ({ opened }) => {
      const { readable, writable } = await opened
      const writer = writable.getWriter()
      const reader = readable.getReader()
      const chunks: unknown[] = [
        Uint8Array.of(1),
        new Uint8Array([2, 3]).buffer,
        new DataView(Uint8Array.of(4).buffer),
        'a',
        7,
        null,
        {},
      ]
      for (const chunk of chunks) void writer.write(chunk as string)
      const got: unknown[] = []
      for (const _ of chunks) {
        const { value } = await reader.read()
        got.push(typeof value === 'string' ? value : [...value!])
      }
      assert.deepEqual(got, [[1], [2, 3], [4], 'a', '7', 'null', '[object Object]'])
    })
  },

  async '5: what is written is copied'(adapter) {
    await talk(adapter, echo, async ({ opened }) => {
      const { readable, writable } = await opened
      const chunk = new Uint8Array(100_000).fill(1)
      await writable.getWriter().write(chunk)
      chunk.fill(2)
      const { value } = await readable.getReader().read()
      assert.ok((value as Uint8Array).every((byte) => byte === 1))
    })
  },

  async '5: shared and resizable memory are a TypeError'(adapter) {
    const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer
    for (const buffer of [new SharedArrayBuffer(4), new Resizable(4, { maxByteLength: 8 })]) {
      if (buffer instanceof ArrayBuffer && !('resizable' in buffer)) continue
      await talk(adapter, echo, async ({ opened }) => {
        const { writable } = await opened
        assert.ok(await failure(writable.getWriter().write(new Uint8Array(buffer as ArrayBuffer))) instanceof TypeError)
      })
    }
  },

  async '5: a conversion that throws rejects the write'(adapter) {
    await talk(adapter, echo, async ({ opened }) => {
      const fault = new Error('no string')
      const chunk = {
        toString(): string {
          throw fault
        },
      }
      assert.equal(await failure((await opened).writable.getWriter().write(chunk as unknown as string)), fault)
    })
  },

  async '5: a write waits where the peer does not read'(adapter) {
    await talkRaw(adapter, async (stream, socket, { writable }) => {
      socket.pause()
      const writer = writable.getWriter()
      let written = 0
      void (async () => {
        for (; written < 64 * MiB; written += 65000) await writer.write(pattern(0, 65000))
      })().catch(() => {})
      const stopped = await standstill(() => written)
      assert.ok(stopped < 32 * MiB, `${stopped} bytes were written and nobody read`)
      socket.destroy()
      await failure(stream.closed)
    })
  },

  async '6: close takes 1000 and 3000 to 4999'({ WebSocketStream }) {
    const stream = new WebSocketStream('ws://127.0.0.1:1/')
    for (const closeCode of [0, 999, 1001, 1005, 1006, 2999, 5000, 65535]) {
      domException(thrown(() => stream.close({ closeCode })), 'InvalidAccessError')
    }
    for (const closeCode of [-1, 65536, Infinity, NaN]) {
      assert.ok(thrown(() => stream.close({ closeCode })) instanceof TypeError)
    }
    stream.close({ closeCode: 4999 })
    await neverOpened(stream)
  },

  async '6: a reason has at most 123 bytes of UTF-8'({ WebSocketStream }) {
    const stream = new WebSocketStream('ws://127.0.0.1:1/')
    domException(thrown(() => stream.close({ reason: 'ü'.repeat(62) })), 'SyntaxError')
    stream.close({ reason: 'ü'.repeat(61) })
    await neverOpened(stream)
  },

  async '6: an argument that is no object is a TypeError'({ WebSocketStream }) {
    const stream = new WebSocketStream('ws://127.0.0.1:1/')
    for (const info of [1000, 'bye', true]) {
      assert.ok(thrown(() => stream.close(info as unknown as object)) instanceof TypeError)
    }
    await neverOpened(stream)
  },

  async '6: a code, a reason without a code, and nothing, as the peer sees them'(adapter) {
    const codes = [3001, 3002]
    const cases: [object | undefined, number[]][] = [
      [{ closeCode: 3001, reason: 'ok' }, [0x0b, 0xb9, 0x6f, 0x6b]],
      [{
        get closeCode() {
          return codes.shift()
        },
      }, [0x0b, 0xb9]], // read once
      [{ reason: 'ok' }, [0x03, 0xe8, 0x6f, 0x6b]],
      [undefined, []],
    ]
    for (const [info, payload] of cases) {
      await talkRaw(adapter, async (stream, socket) => {
        stream.close(info)
        const frame = await readFrame(socket)
        assert.equal(frame.opcode, 8)
        assert.deepEqual([...frame.payload], payload)
        socket.end(serverFrame(8, frame.payload))
        await stream.closed
      })
    }
  },

  async '7: close during the handshake rejects both with a WebSocketError'({ WebSocketStream }) {
    const sockets: Socket[] = []
    await using server = await rawServer((socket) => void sockets.push(socket.resume()))
    const stream = new WebSocketStream(`ws://127.0.0.1:${server.port}`)
    await until(() => sockets.length === 1)
    stream.close()
    assert.ok(await neverOpened(stream) instanceof WebSocketError)
    await until(() => sockets[0]!.destroyed || sockets[0]!.readableEnded)
  },

  async '8: closing writable closes cleanly, and resolves only when that is done'(adapter) {
    await talkRaw(adapter, async (stream, socket, { writable }) => {
      const closing = writable.close()
      const { opcode, payload } = await readFrame(socket)
      assert.deepEqual([opcode, payload.length], [8, 0])
      assert.ok(await pending(closing))
      socket.write(serverFrame(8))
      assert.ok(await pending(closing)) // the connection is still there
      socket.end()
      await closing
      assert.deepEqual(await stream.closed, { closeCode: 1005, reason: '' })
    })
  },

  async '9: aborting writable and cancelling readable close with a WebSocketError’s code and reason'(adapter) {
    const reason = new WebSocketError('', { closeCode: 3456, reason: 'pipe' })
    for (const end of ['abort', 'cancel'] as const) {
      await talkRaw(adapter, async (stream, socket, { readable, writable }) => {
        void (end === 'abort' ? writable.abort(reason) : readable.cancel(reason)).catch(() => {})
        const { opcode, payload } = await readFrame(socket)
        assert.deepEqual([opcode, ...payload], [8, 0x0d, 0x80, ...new TextEncoder().encode('pipe')])
        socket.end(serverFrame(8, payload))
        assert.deepEqual(await stream.closed, { closeCode: 3456, reason: 'pipe' })
      })
    }
  },

  async '9: a WebSocketError with a reason alone means 1000'(adapter) {
    await talkRaw(adapter, async (stream, socket, { writable }) => {
      void writable.abort(new WebSocketError('', { reason: 'pipe' })).catch(() => {})
      const { payload } = await readFrame(socket)
      assert.deepEqual([...payload], [0x03, 0xe8, ...new TextEncoder().encode('pipe')])
      socket.end(serverFrame(8, payload))
      await stream.closed
    })
  },

  async '9: other exceptions, and what looks alike, give no code'(adapter) {
    const others = [
      undefined,
      new Error('x'),
      { closeCode: 3456, reason: 'x' },
      new DOMException('x', 'WebSocketError'),
      Object.setPrototypeOf({ closeCode: 3456, reason: 'x' }, WebSocketError.prototype) as object,
    ]
    for (const other of others) {
      for (const end of ['abort', 'cancel'] as const) {
        await talkRaw(adapter, async (stream, socket, { readable, writable }) => {
          void (end === 'abort' ? writable.abort(other) : readable.cancel(other)).catch(() => {})
          const { opcode, payload } = await readFrame(socket)
          assert.deepEqual([opcode, ...payload], [8])
          socket.end(serverFrame(8))
          await stream.closed
        })
      }
    }
  },

  async '10: after a clean end readable closes, writing fails, and closed has the peer’s code and reason'(adapter) {
    await talk(
      adapter,
      (connection) => connection.close({ closeCode: 3210, reason: 'over' }),
      async ({ opened, closed }) => {
        const { readable, writable } = await opened
        const writer = writable.getWriter()
        assert.deepEqual(await closed, { closeCode: 3210, reason: 'over' })
        assert.equal((await readable.getReader().read()).done, true)
        domException(await failure(writer.write('late')), 'InvalidStateError')
      },
    )
  },

  async '10: a Close frame without a body is clean: 1005 and an empty reason'(adapter) {
    await talk(adapter, (connection) => connection.close(), async ({ opened, closed }) => {
      await opened
      assert.deepEqual(await closed, { closeCode: 1005, reason: '' })
    })
  },

  async '11: a connection that just broke is one WebSocketError everywhere, with 1006'(adapter) {
    await talkRaw(adapter, async (stream, socket, { readable, writable }) => {
      const read = failure(readable.getReader().read())
      const wrote = failure(writable.getWriter().closed)
      socket.resetAndDestroy()
      const error = await failure(stream.closed)
      assert.ok(error instanceof WebSocketError)
      assert.deepEqual([error.closeCode, error.reason], [1006, ''])
      assert.equal(await read, error)
      assert.equal(await wrote, error)
    })
  },

  async '11: a peer that breaks the protocol is failed with its status code'(adapter) {
    await talkRaw(adapter, async (stream, socket) => {
      socket.write(serverFrame(3))
      const { opcode, payload } = await readFrame(socket)
      assert.deepEqual([opcode, payload[0], payload[1]], [8, 0x03, 0xea])
      socket.end()
      assert.ok(await failure(stream.closed) instanceof WebSocketError)
    })
  },

  async '12: never connected: both reject with a WebSocketError'({ serve, WebSocketStream }) {
    assert.ok(await neverOpened(new WebSocketStream('ws://127.0.0.1:1/')) instanceof WebSocketError)
    await using listener = await serve({ accept: () => false }, echo)
    assert.ok(await neverOpened(new WebSocketStream(listener.url)) instanceof WebSocketError)
    await using mute = await rawServer((socket) => void socket.end())
    assert.ok(await neverOpened(new WebSocketStream(`ws://127.0.0.1:${mute.port}`)) instanceof WebSocketError)
  },

  async '13: the peer closes while written data is unsent: not clean, and pending writes reject'(adapter) {
    await talkRaw(adapter, async (stream, socket, { writable }) => {
      socket.pause()
      const writer = writable.getWriter()
      const writes = Array.from({ length: 12 }, () => failure(writer.write(new Uint8Array(MiB))))
      for (const write of writes) write.catch(() => {}) // the first may be under way, and gets through
      socket.write(serverFrame(8, Uint8Array.of(0x03, 0xe8)))
      assert.ok(await writes.at(-1) instanceof WebSocketError)
      socket.resume().end()
      assert.ok(await failure(stream.closed) instanceof WebSocketError)
    }, { closeTimeout: 500 }) // that long the write under way may still get through
  },

  async '13: a connection that ends inside the closing handshake is unclean: 1006'(adapter) {
    await talkRaw(adapter, async (stream, socket) => {
      stream.close({ closeCode: 1000 })
      await readFrame(socket)
      socket.end()
      const error = await failure(stream.closed)
      assert.ok(error instanceof WebSocketError)
      assert.equal(error.closeCode, 1006)
    })
  },

  '14: WebSocketError has its name, code 0, and null where no code was given'() {
    const error = new WebSocketError('what', { closeCode: 3000, reason: 'why' })
    assert.ok(error instanceof DOMException)
    assert.deepEqual([error.name, error.code, error.message, error.closeCode, error.reason], [
      'WebSocketError',
      0,
      'what',
      3000,
      'why',
    ])
    const plain = new WebSocketError()
    assert.deepEqual([plain.message, plain.closeCode, plain.reason], ['', null, ''])
    assert.equal(new WebSocketError('', { reason: 'why' }).closeCode, 1000)
  },

  '14: its constructor checks code and reason'() {
    domException(thrown(() => new WebSocketError('', { closeCode: 1001 })), 'InvalidAccessError')
    domException(thrown(() => new WebSocketError('', { reason: 'x'.repeat(124) })), 'SyntaxError')
    assert.ok(thrown(() => new WebSocketError('', { closeCode: 65536 })) instanceof TypeError)
  },
}
