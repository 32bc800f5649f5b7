// Law: a socket becomes two byte streams, and everything that can happen to it reaches whoever reads and writes them.

import { byteStreams } from '@wirestream/node'
import { openSockets, rawServer, socketPair, type Transport } from '@wirestream/testing'
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeCertificate, portOf } from '@wirestream/testing'

const MiB = 1024 * 1024
const transports: Transport[] = ['tcp', 'tls', 'unix']

let before: string[]
beforeEach(() => void (before = openSockets()))
afterEach(async () => {
  vi.useRealTimers()
  await vi.waitFor(() => expect(openSockets()).toEqual(before), { timeout: 3000, interval: 5 })
})

describe.each(transports)('over %s', (transport) => {
  test('64 MiB go both ways at once, in order, as plain arrays', async () => {
    const { client, server } = await socketPair(transport)
    const [a, b] = [byteStreams(client), byteStreams(server)]
    const [sentA, sentB, gotA, gotB] = await Promise.all([
      send(a.writable, 64, 1),
      send(b.writable, 64, 2),
      receive(a.readable),
      receive(b.readable),
    ])
    expect(gotB).toEqual(sentA)
    expect(gotA).toEqual(sentB)
    await closed(client, server)
  })

  test('a writer waits until the peer reads', async () => {
    const { client, server } = await socketPair(transport)
    const { writable } = byteStreams(client)
    const writer = writable.getWriter()
    const log: string[] = []
    const sent = (async () => {
      for (let i = 0; i < 64; i++) await writer.write(new Uint8Array(MiB))
      log.push('all is written')
    })()
    // The system takes some megabytes; then nothing moves any more.
    await vi.waitFor(() => expect(client.writableLength).toBeGreaterThan(0))
    await stillness(() => server.bytesRead + client.writableLength + client.bytesWritten)
    expect(writer.desiredSize).toBeLessThanOrEqual(0)
    expect(client.writableLength).toBeLessThanOrEqual(MiB + 65536) // one chunk; TLS counts what it adds
    log.push('the peer reads')
    server.resume()
    await sent
    expect(log).toEqual(['the peer reads', 'all is written'])
    client.destroy()
    server.destroy()
    await closed(client, server)
  })

  test('a peer waits while nobody reads, and one chunk is held at most', async () => {
    const { client, server } = await socketPair(transport)
    const { readable } = byteStreams(client)
    let taken = 0
    for (let i = 0; i < 64; i++) server.write(Buffer.alloc(MiB, i), () => taken++)
    server.end()
    await vi.waitFor(() => expect(client.isPaused()).toBe(true))
    await stillness(() => client.bytesRead)
    expect(taken).toBeLessThan(64)
    expect(client.bytesRead).toBeLessThan(MiB)
    const { length } = await receive(readable)
    expect(length).toBe(64 * MiB)
    expect(taken).toBe(64)
    client.end()
    await closed(client, server)
  })

  test('our end is the peer’s end, and reading goes on', async () => {
    const { client, server } = await socketPair(transport)
    const { readable, writable } = byteStreams(client)
    const got = collect(server)
    const writer = writable.getWriter()
    await writer.write(bytes('last words'))
    await writer.close()
    expect(await got).toBe('last words')
    server.end('the answer')
    expect(await text(readable)).toBe('the answer')
    await closed(client, server)
  })

  test('the peer’s end is the end of what is read, and writing goes on', async () => {
    const { client, server } = await socketPair(transport)
    const { readable, writable } = byteStreams(client)
    server.end('last words')
    expect(await text(readable)).toBe('last words')
    const got = collect(server)
    const writer = writable.getWriter()
    await writer.write(bytes('the answer'))
    await writer.close()
    expect(await got).toBe('the answer')
    await closed(client, server)
  })

  test('an abort cuts the socket at once, though a write is stuck', async () => {
    const { client, server } = await socketPair(transport)
    const { readable, writable } = byteStreams(client)
    const writer = writable.getWriter()
    const write = writer.write(new Uint8Array(64 * MiB))
    write.catch(() => {})
    await vi.waitFor(() => expect(client.writableLength).toBeGreaterThan(0))
    server.on('error', () => {})
    await writer.abort(new Error('enough'))
    expect(client.destroyed).toBe(true)
    await expect(write).rejects.toThrow()
    await expect(readable.getReader().read()).rejects.toThrow()
    await gone(server)
    await closed(client, server)
  })

  test('an abort cuts the socket though its end is stuck', async () => {
    const { client, server } = await socketPair(transport)
    const writer = byteStreams(client).writable.getWriter()
    server.on('error', () => {})
    const written = writer.write(new Uint8Array(64 * MiB))
    const closing = writer.close()
    for (const promise of [written, closing]) promise.catch(() => {})
    await vi.waitFor(() => expect(client.writableLength).toBeGreaterThan(0))
    await writer.abort(new Error('enough')).catch(() => {})
    expect(client.destroyed).toBe(true)
    await expect(written).rejects.toThrow()
    await expect(closing).rejects.toThrow()
    await gone(server)
    await closed(client, server)
  })

  test('a cancelled reader lets the peer go on, and what we write still arrives', async () => {
    const { client, server } = await socketPair(transport)
    const { readable, writable } = byteStreams(client)
    server.write(Buffer.alloc(MiB))
    // A chunk waits, and the socket stands.
    await vi.waitFor(() => expect([client.bytesRead > 0, client.isPaused()]).toEqual([true, true]))
    await readable.cancel()
    await new Promise((resolve) => server.write(Buffer.alloc(8 * MiB), resolve))
    const got = collect(server)
    const writer = writable.getWriter()
    await writer.write(bytes('still here'))
    await writer.close()
    expect(await got).toBe('still here')
    server.end()
    await closed(client, server)
  })

  test('after a cancel and our own end a peer that never ends is waited for two seconds', async () => {
    const { client, server } = await socketPair(transport)
    server.on('error', () => {})
    const { readable, writable } = byteStreams(client)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await readable.cancel()
    await writable.close()
    await once(server.resume(), 'end')
    vi.advanceTimersByTime(1999)
    expect(client.destroyed).toBe(false)
    vi.advanceTimersByTime(1)
    expect(client.destroyed).toBe(true)
    server.destroy()
    await closed(client, server)
  })

  test('head comes first, as a plain array', async () => {
    const { client, server } = await socketPair(transport)
    const { readable, writable } = byteStreams(client, { head: Buffer.from('early ') })
    server.end('and late')
    const reader = readable.getReader()
    const { value } = await reader.read()
    expect(value!.constructor).toBe(Uint8Array)
    reader.releaseLock()
    expect(new TextDecoder().decode(value) + await text(readable)).toBe('early and late')
    await writable.close()
    await closed(client, server)
  })

  test('no listener is added by use', async () => {
    const { client, server } = await socketPair(transport)
    const { readable, writable } = byteStreams(client)
    const reader = readable.getReader()
    const writer = writable.getWriter()
    const counts = () => client.eventNames().map((name) => [name, client.listenerCount(name)])
    const start = counts()
    server.pipe(server)
    for (let i = 0; i < 100; i++) {
      await writer.write(new Uint8Array(20_000))
      for (let size = 0; size < 20_000;) size += (await reader.read()).value!.length
    }
    expect(counts()).toEqual(start)
    await writer.close()
    expect((await reader.read()).done).toBe(true)
    await closed(client, server)
  })
})

describe('a reset', () => {
  const reset = (socket: Socket) => void socket.resetAndDestroy()

  test('while a read waits: the read rejects, and so does a later write', async () => {
    const { client, server } = await socketPair()
    const { readable, writable } = byteStreams(client)
    const read = readable.getReader().read()
    reset(server)
    await expect(read).rejects.toThrow('ECONNRESET')
    await expect(writable.getWriter().write(bytes('x'))).rejects.toThrow('ECONNRESET')
    await closed(client, server)
  })

  test('while a write waits: the write rejects', async () => {
    const { client, server } = await socketPair()
    const { readable, writable } = byteStreams(client)
    const write = writable.getWriter().write(new Uint8Array(64 * MiB))
    write.catch(() => {})
    await vi.waitFor(() => expect(client.writableLength).toBeGreaterThan(0))
    reset(server)
    await expect(write).rejects.toThrow(/ECONNRESET|EPIPE/)
    await expect(readable.getReader().read()).rejects.toThrow(/ECONNRESET|EPIPE/)
    await closed(client, server)
  })

  test('after our end: reading rejects', async () => {
    const { client, server } = await socketPair()
    const { readable, writable } = byteStreams(client)
    await writable.close()
    await once(server.resume(), 'end')
    reset(server)
    await expect(readable.getReader().read()).rejects.toThrow('ECONNRESET')
    await closed(client, server)
  })

  test('after the peer’s end: reading has ended well, and a write rejects', async () => {
    const { client, server } = await socketPair()
    const { readable, writable } = byteStreams(client)
    server.end('bye')
    expect(await text(readable)).toBe('bye')
    reset(server)
    const writer = writable.getWriter()
    await expect((async () => {
      for (;;) await writer.write(new Uint8Array(1000))
    })()).rejects.toThrow(/ECONNRESET|EPIPE/)
    await closed(client, server)
  })

  test('after a cancel: nobody hears of it, and nothing is left', async () => {
    const { client, server } = await socketPair()
    const { readable } = byteStreams(client)
    await readable.cancel()
    reset(server)
    await closed(client, server)
  })

  test('before anybody reads: the streams are errored', async () => {
    const { client, server } = await socketPair()
    reset(server)
    const { readable } = byteStreams(client)
    await expect(readable.getReader().read()).rejects.toThrow('ECONNRESET')
    await closed(client, server)
  })
})

describe('a socket in whatever state', () => {
  test('one that was destroyed gives errored streams', async () => {
    const { client, server } = await socketPair()
    server.destroy()
    client.destroy()
    await once(client, 'close')
    const { readable, writable } = byteStreams(client)
    await expect(readable.getReader().read()).rejects.toThrow('it was closed')
    await expect(writable.getWriter().write(bytes('x'))).rejects.toThrow('it was closed')
  })

  test('one whose peer has ended already gives a readable that is closed', async () => {
    const { client, server } = await socketPair()
    server.end()
    await once(client.resume(), 'end')
    const { readable, writable } = byteStreams(client)
    expect(await readable.getReader().read()).toEqual({ done: true, value: undefined })
    server.resume()
    await writable.close()
    await closed(client, server)
  })

  test('one that does not allow half-open connections may be written to after the peer’s end all the same', async () => {
    const accepted: Socket[] = []
    await using server = await rawServer((socket) => accepted.push(socket))
    const client = connect(server.port, '127.0.0.1')
    const { readable, writable } = byteStreams(client)
    await vi.waitFor(() => expect(accepted).toHaveLength(1))
    accepted[0]!.end()
    expect(await text(readable)).toBe('')
    const got = collect(accepted[0]!)
    const writer = writable.getWriter()
    await writer.write(bytes('more'))
    await writer.close()
    expect(await got).toBe('more')
  })
})

test('a socket with an encoding, which gives text, is refused', () => {
  const socket = new Duplex({ read() {} })
  socket.setEncoding('utf8')
  expect(() => byteStreams(socket)).toThrow(new TypeError('Cannot use socket: it gives text in utf8, want bytes'))
})

test('a socket that was taken is not given again', async () => {
  const { client, server } = await socketPair()
  byteStreams(client)
  expect(() => byteStreams(client)).toThrow(new TypeError('Cannot use socket: somebody has its bytes already'))
  client.destroy()
  server.destroy()
})

test.each([undefined, null, 5, 'text', {}, new ArrayBuffer(4), new Uint16Array(4)])(
  'a chunk that is no bytes closes the socket, since nothing can end its stream any more: %o',
  async (chunk) => {
    const { client, server } = await socketPair()
    server.resume().on('error', () => {})
    const { readable, writable } = byteStreams(client)
    const error = await writable.getWriter().write(chunk as never).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toMatch(/^Cannot use socket: a chunk must be a Uint8Array, got /)
    await expect(readable.getReader().read()).rejects.toThrow('Cannot use socket: it was closed')
    expect(client.destroyed).toBe(true)
    server.destroy()
  },
)

test('a chunk whose memory was transferred is refused, however long it was', async () => {
  for (const length of [100, 10_000]) {
    const { client, server } = await socketPair()
    server.resume().on('error', () => {})
    const chunk = new Uint8Array(length)
    structuredClone(chunk.buffer, { transfer: [chunk.buffer] })
    await expect(byteStreams(client).writable.getWriter().write(chunk)).rejects.toThrow('got transferred memory')
    expect(client.destroyed).toBe(true)
    server.destroy()
  }
})

test('an end without close_notify is an end', async () => {
  const certificate = makeCertificate()
  const tlsServer = createTlsServer(certificate, (socket) => {
    socket.on('error', () => {})
    socket.write('all of it')
  })
  tlsServer.listen(0, '127.0.0.1')
  await once(tlsServer, 'listening')
  // In the middle, somebody who ends the client's connection with a bare FIN.
  const links: Socket[] = []
  await using proxy = await rawServer((socket) => {
    const onward = connect(portOf(tlsServer), '127.0.0.1')
    onward.on('error', () => {})
    onward.on('data', (chunk) => socket.write(chunk))
    socket.on('data', (chunk) => onward.write(chunk))
    links.push(socket, onward)
  })
  const client = connectTls({ port: proxy.port, host: '127.0.0.1', ca: certificate.cert })
  await once(client, 'secureConnect')
  const { readable, writable } = byteStreams(client)
  const reader = readable.getReader()
  const { value } = await reader.read()
  expect(new TextDecoder().decode(value)).toBe('all of it')
  links[0]!.end()
  expect((await reader.read()).done).toBe(true)
  await writable.close()
  for (const link of links) link.destroy()
  tlsServer.close()
  await closed(client)
})

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

async function text(readable: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let all = ''
  for await (const chunk of readable as unknown as AsyncIterable<Uint8Array>) {
    all += decoder.decode(chunk, { stream: true })
  }
  return all
}

async function collect(socket: Socket): Promise<string> {
  let all = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) all += chunk
  return all
}

interface Sum {
  length: number
  sum: string
}

/** Writes so many megabytes that differ, then ends; gives their length and sum. */
async function send(writable: WritableStream<Uint8Array>, count: number, seed: number): Promise<Sum> {
  const hash = createHash('sha256')
  const writer = writable.getWriter()
  for (let i = 0; i < count; i++) {
    const chunk = new Uint8Array(MiB)
    new Uint32Array(chunk.buffer).forEach((_, at, words) => words[at] = Math.imul(at + i * 7919, 0x9e3779b1) ^ seed)
    hash.update(chunk)
    await writer.ready
    writer.write(chunk).catch(() => {})
  }
  await writer.close()
  return { length: count * MiB, sum: hash.digest('hex') }
}

async function receive(readable: ReadableStream<Uint8Array>): Promise<Sum> {
  const hash = createHash('sha256')
  const buffers = new Set<ArrayBufferLike>()
  let length = 0
  for await (const chunk of readable as unknown as AsyncIterable<Uint8Array>) {
    if (chunk.constructor !== Uint8Array) throw new Error('a chunk is no plain Uint8Array')
    if (buffers.has(chunk.buffer)) throw new Error('two chunks share a buffer')
    if (length < MiB) buffers.add(chunk.buffer)
    hash.update(chunk)
    length += chunk.length
  }
  return { length, sum: hash.digest('hex') }
}

/** Waits until a socket hears that the other end is gone, then destroys it. */
async function gone(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.resume().once('end', resolve).once('error', resolve))
  socket.destroy()
}

/** Resolves when a number has stopped changing for a while: the sockets are full. */
async function stillness(read: () => number): Promise<void> {
  for (let last = NaN; last !== read();) {
    last = read()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function closed(...sockets: Socket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => socket.closed || new Promise((resolve) => socket.once('close', resolve))))
}

describe('small chunks', () => {
  test('leave in one system call with what was written behind them in the same step, and are copied till then', async () => {
    const calls: number[][] = []
    const bytes: number[] = []
    const socket = new Duplex({
      read: () => {},
      write: (chunk: Uint8Array, _, done) => {
        calls.push([chunk.length])
        done()
      },
      writev: (chunks, done) => {
        calls.push(chunks.map(({ chunk }) => (chunk as Uint8Array).length))
        bytes.push((chunks[0]!.chunk as Uint8Array)[0]!)
        done()
      },
    })
    const writer = byteStreams(socket).writable.getWriter()
    const header = Uint8Array.of(7, 7)
    const first = writer.write(header)
    const others = [writer.write(new Uint8Array(100_000)), writer.write(new Uint8Array(20))]
    await first
    header.fill(9) // taken: it is the caller's again
    await Promise.all(others)
    await writer.write(new Uint8Array(30))
    expect(calls).toEqual([[2, 100_000], [20], [30]])
    expect(bytes).toEqual([7])
    await writer.abort()
  })
})
