// RFC 6455 on a whole connection: the rules that no single floor can keep. The peer is bytes written by hand; time and "later"
// are driven by hand too.

import { describe, expect, it } from 'vitest'
import {
  acceptConnection,
  Connection,
  type ConnectionOptions,
  FrameDecoder,
  Opcode,
  openConnection,
  prepareMessage,
  type ProtocolError,
  type Role,
  type WebSocketError,
} from '../../src/index.ts'
import { hex, join, utf8 } from '../support/bytes.ts'
import { peerOf, wire, type WireFrame } from '../support/frames.ts'
import { source } from '../support/streams.ts'

const KEY = hex('0a 0b 0c 0d')
const NORMAL = Uint8Array.of(3, 232)
const roles: Role[] = ['client', 'server']

describe.each(roles)('as a %s', (role) => {
  it('a ping is answered with a pong of the same data, between the fragments of a message too', async () => { // rules 40, 33
    const { peer, connection } = connect(role)
    peer.says({ opcode: Opcode.Text, payload: utf8('one '), fin: false }, { opcode: Opcode.Ping, payload: utf8('now') })
    expect(await peer.hears()).toEqual(['pong now'])
    peer.says({ opcode: Opcode.Continuation, payload: utf8('two') })
    expect((await connection.readable.getReader().read()).value).toBe('one two')
  })

  it('a pong that nobody asked for gets no answer', async () => { // rule 41
    const { peer } = connect(role)
    peer.says({ opcode: Opcode.Pong, payload: utf8('hi') })
    expect(await peer.hears()).toEqual([])
  })

  it('while nothing can go out, only the newest of several pings is kept for an answer', async () => { // rule 41
    const { peer, connection } = connect(role)
    peer.stall()
    await settle()
    void connection.send('in the way')
    await settle()
    for (const name of ['a', 'b', 'c']) peer.says({ opcode: Opcode.Ping, payload: utf8(name) })
    await settle()
    peer.goOn()
    expect(await peer.hears()).toEqual(['text in the way', 'pong c'])
  })

  it('no ping is answered behind a Close, ours or the peer’s', async () => { // rule 40
    const { peer, connection } = connect(role)
    connection.close()
    await settle()
    peer.says({ opcode: Opcode.Ping })
    expect(await peer.hears()).toEqual(['close'])
    const other = connect(role)
    other.peer.says({ opcode: Opcode.Close, payload: NORMAL }, { opcode: Opcode.Ping })
    expect(await other.peer.hears()).toEqual(['close 1000'])
  })

  it('control frames of ours pass between the fragments of a streamed message', async () => { // rule 33
    const { peer, connection } = connect(role)
    const source = new TransformStream<Uint8Array, Uint8Array>()
    const writer = source.writable.getWriter()
    void connection.send(source.readable)
    await writer.write(utf8('one'))
    void connection.ping(utf8('?'))
    await writer.write(utf8('two'))
    await writer.close()
    expect(await peer.hears()).toEqual(['binary… one', 'ping ?', 'continuation… two', 'continuation'])
  })

  it('control frames of ours wait for the end of a frame of declared length', async () => { // rules 33, 36
    const { peer, connection } = connect(role)
    const source = new TransformStream<Uint8Array, Uint8Array>()
    const writer = source.writable.getWriter()
    void connection.send(source.readable, { length: 6 })
    await writer.write(utf8('one'))
    void connection.ping(utf8('?'))
    peer.says({ opcode: Opcode.Ping, payload: utf8('!') })
    await settle()
    await writer.write(utf8('two'))
    await writer.close()
    expect(await peer.hears()).toEqual(['binary onetwo', 'ping ?', 'pong !'])
  })

  it('closing sends a Close frame, behind all that was sent before and before nothing else', async () => { // rules 38, 43, 46
    const { peer, connection } = connect(role)
    void connection.send('before')
    connection.close({ closeCode: 4000, reason: 'done' })
    await expect(connection.send('after')).rejects.toMatchObject({ name: 'InvalidStateError' })
    await expect(connection.ping()).rejects.toMatchObject({ name: 'InvalidStateError' })
    expect(await peer.hears()).toEqual(['text before', 'close 4000 done'])
  })

  it('a Close is answered with its own code and reason, once', async () => { // rule 38
    const { peer, connection } = connect(role)
    peer.says({ opcode: Opcode.Close, payload: join([hex('0f a1'), utf8('bye')]) }, { opcode: Opcode.Close })
    expect(await peer.hears()).toEqual(['close 4001 bye'])
    await expect(connection.send('after')).rejects.toMatchObject({ name: 'InvalidStateError' })
  })

  it('a Close inside a frame of declared length is answered behind that frame', async () => { // rule 38
    const { peer, connection } = connect(role)
    const source = new TransformStream<Uint8Array, Uint8Array>()
    const writer = source.writable.getWriter()
    void connection.send(source.readable, { length: 6 }).catch(() => {})
    await writer.write(utf8('one'))
    peer.says({ opcode: Opcode.Close, payload: NORMAL })
    await settle()
    await writer.write(utf8('two'))
    await writer.close()
    expect(await peer.hears()).toEqual(['binary onetwo', 'close 1000'])
  })

  it.each([
    ['with a code and a reason', join([hex('0f a1'), utf8('bye')]), { closeCode: 4001, reason: 'bye' }],
    ['with a code', NORMAL, { closeCode: 1000, reason: '' }],
    ['without a body', new Uint8Array(0), { closeCode: 1005, reason: '' }],
  ])('the first Close that came tells how it ended: %s', async (_, payload, result) => { // rules 48, 49
    const { peer, connection } = connect(role)
    connection.close({ closeCode: 4999, reason: 'ours' })
    await settle()
    peer.says({ opcode: Opcode.Close, payload }, { opcode: Opcode.Close, payload: hex('03 ea') })
    peer.ends()
    await settle()
    expect(await connection.closed).toEqual(result)
  })

  it('an end without a Close is 1006', async () => { // rule 48
    const { peer, connection } = connect(role)
    peer.says({ opcode: Opcode.Text, payload: utf8('and then') })
    peer.ends()
    await settle()
    await expect(connection.closed).rejects.toMatchObject({ name: 'WebSocketError', closeCode: 1006, reason: '' })
  })

  it('an end between the two Close frames is 1006', async () => { // rules 47, 48
    const { peer, connection } = connect(role)
    connection.close({ closeCode: 1000 })
    await settle()
    peer.ends()
    await settle()
    await expect(connection.closed).rejects.toMatchObject({ closeCode: 1006 })
  })

  it('it has closed cleanly only when the transport has ended, read to its end', async () => { // rules 45, 47
    const { peer, connection } = connect(role)
    let ended = false
    void connection.closed.then(() => ended = true)
    peer.says({ opcode: Opcode.Close, payload: NORMAL })
    await settle()
    expect(ended).toBe(false)
    expect(peer.did).not.toContain('cancel')
    peer.ends()
    await settle()
    expect(ended).toBe(true)
    expect(peer.did).toContain('shutdown')
    expect(peer.did).not.toContain('abort')
  })

  it(role === 'server' ? 'a server ends TCP first' : 'a client leaves the end of TCP to the server', async () => { // rule 39
    for (const weBegin of [true, false]) {
      const { peer, connection } = connect(role)
      if (weBegin) connection.close({ closeCode: 1000 })
      await settle()
      peer.says({ opcode: Opcode.Close, payload: NORMAL })
      await settle()
      expect(peer.did).toEqual(role === 'server' ? ['shutdown'] : [])
    }
  })

  it('a peer that never ends TCP is cut after the close timeout, and the end is clean all the same', async () => { // rules 39, 47
    const { peer, connection, passTime } = connect(role)
    peer.says({ opcode: Opcode.Close, payload: NORMAL })
    await settle()
    passTime()
    await settle()
    expect(await connection.closed).toEqual({ closeCode: 1000, reason: '' })
    expect(peer.did.at(-1)).toMatch(/abort|cancel/)
  })

  it('failing sends a Close with the code, looks at nothing more, and ends the connection', async () => { // rules 50, 51
    const { peer, connection } = connect(role)
    const reader = connection.readable.getReader()
    const first = reader.read()
    peer.says({ opcode: Opcode.Text, payload: utf8('before') }, { opcode: 3 }, {
      opcode: Opcode.Text,
      payload: utf8('after'),
    })
    expect((await first).value).toBe('before')
    expect(await peer.hears()).toEqual(['close 1002 Cannot decode frame: opcode must be defined, got 3'])
    expect(peer.did).toEqual(['shutdown'])
    await expect(reader.read()).rejects.toMatchObject({ closeCode: 1006 })
    peer.says({ opcode: Opcode.Ping }, { opcode: Opcode.Close, payload: NORMAL })
    peer.ends()
    expect(await peer.hears()).toEqual([])
    const error = await connection.closed.catch((error: WebSocketError) => error) as WebSocketError
    expect(error.closeCode).toBe(1006) // not the peer's 1000: its answer is not looked at
    expect((error.cause as ProtocolError).code).toBe('unknown-opcode')
  })

  it('text that is not UTF-8 fails with 1007 at once, though its message goes on', async () => { // rules 42, 53
    const { peer } = connect(role)
    peer.says({ opcode: Opcode.Text, payload: hex('61 ff'), fin: false })
    expect(await peer.hears()).toEqual(['close 1007 Cannot decode message: text must be UTF-8, got 0xff at byte 1'])
  })

  it('a frame above maxFrameSize, and a message above maxMessageSize that is taken whole, fail with 1009', async () => { // rule 53
    const { peer } = connect(role, { limits: { maxFrameSize: 10 } })
    peer.says({ opcode: Opcode.Binary, length: 11 })
    expect(await peer.hears()).toEqual(['close 1009 Cannot decode frame: payload must be at most 10 bytes, got 11'])
    const other = connect(role, { limits: { maxMessageSize: 10 } })
    other.connection.readable.getReader().read().catch(() => {})
    other.peer.says({ opcode: Opcode.Binary, payload: new Uint8Array(6), fin: false }, { opcode: 0, length: 5 })
    expect(await other.peer.hears()).toEqual([
      'close 1009 Cannot decode message: must be at most 10 bytes, got 11 or more',
    ])
  })
})

describe('the opening handshake', () => {
  it('a client sends its request in one piece and nothing more before the response', async () => { // rules 12, 24
    const peer = new RawPeer('client')
    const opening = openConnection(peer.transport, 'ws://example.com/chat')
    await settle()
    const [request, ...more] = peer.chunks
    expect(more).toEqual([])
    expect(new TextDecoder().decode(request)).toMatch(/^GET \/chat HTTP\/1\.1\r\n[^]+\r\n\r\n$/)
    peer.fails(new Error('gone'))
    await expect(opening).rejects.toMatchObject({ name: 'WebSocketError' })
  })

  it('frames that came in one piece with the head are the first ones read, on both ends', async () => { // rule 24
    const client = new RawPeer('server')
    const request = 'GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
    client.gives(join([utf8(request), wire({ opcode: Opcode.Text, payload: utf8('early'), key: KEY })]))
    const served = await acceptConnection(client.transport)
    expect((await served.readable.getReader().read()).value).toBe('early')
    expect(client.chunks.length).toBe(1) // the response, in one piece
    expect(new TextDecoder().decode(client.chunks[0])).toMatch(/^HTTP\/1\.1 101 /)

    const server = new RawPeer('client')
    const opening = openConnection(server.transport, 'ws://example.com/')
    await settle()
    const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(new TextDecoder().decode(server.chunks[0]))![1]!
    const digest = await crypto.subtle.digest('SHA-1', utf8(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`))
    const accept = btoa(String.fromCharCode(...new Uint8Array(digest)))
    const response = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
    server.gives(join([utf8(response), wire({ opcode: Opcode.Text, payload: utf8('early') })]))
    expect((await (await opening).readable.getReader().read()).value).toBe('early')
  })
})

it('each frame of a client has a masking key of its own, whichever way it is sent', async () => { // rule 31; security.md, row 16
  const { peer, connection } = connect('client')
  const piped = connect('server')
  void piped.connection.readable.pipeTo(connection.writable)
  await settle()
  piped.peer.says({ opcode: Opcode.Text, payload: utf8('ascii') }, { opcode: Opcode.Text, payload: utf8('töxt') })
  await settle()
  for (const message of ['text', utf8('bytes'), prepareMessage('prepared'), prepareMessage('prepared')]) {
    void connection.send(message)
  }
  void connection.send(source(['in ', 'fragments']))
  void connection.send(source(['in ', 'parts']), { length: 8 })
  await settle()
  void connection.ping()
  void connection.pong()
  peer.says({ opcode: Opcode.Ping })
  await settle()
  connection.close()
  await settle()
  const bytes = join(peer.chunks)
  const keys: string[] = []
  for (let at = 0; at < bytes.length; at += 6 + (bytes[at + 1]! & 127)) keys.push(bytes.subarray(at + 2, at + 6).join())
  expect(keys.length).toBe(14)
  expect(new Set(keys).size).toBe(14)
})

/** A connection with that role, and its peer. */
function connect(role: Role, options: Partial<ConnectionOptions> = {}) {
  const peer = new RawPeer(role)
  const timers = new Set<() => void>()
  const startTimer = (callback: () => void): () => void => {
    timers.add(callback)
    return () => void timers.delete(callback)
  }
  const connection = new Connection(peer.transport, {
    role,
    ...options,
    environment: { defer: (callback) => void deferred.push(callback), startTimer, now: () => 0 },
  })
  /** Lets every timer that runs come to its end. */
  const passTime = (): void => {
    for (const callback of [...timers]) if (timers.delete(callback)) callback()
  }
  return { peer, connection, passTime }
}

const deferred: (() => void)[] = []

/** Lets everything happen that needs no more input. */
async function settle(): Promise<void> {
  do {
    await new Promise((resolve) => setTimeout(resolve, 0))
    for (const callback of deferred.splice(0)) callback()
    await new Promise((resolve) => setTimeout(resolve, 0))
  } while (deferred.length > 0)
}

/** The other end of a connection whose role is `role`: says frames, hears frames, and sees what is done to the transport. */
class RawPeer {
  readonly transport: { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> }
  /** What was done to the transport, but for writing. */
  readonly did: string[] = []
  /** What was written to it. */
  readonly chunks: Uint8Array[] = []
  readonly #masks: boolean
  readonly #decoder: FrameDecoder
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #heard = 0
  #stalled: Promise<void> | undefined
  #goOn = (): void => {}

  constructor(role: Role) {
    this.#masks = role === 'server'
    this.#decoder = new FrameDecoder({ role: peerOf(role) })
    this.transport = {
      readable: new ReadableStream({
        start: (controller) => void (this.#controller = controller),
        cancel: () => void this.did.push('cancel'),
      }),
      writable: new WritableStream({
        write: async (chunk) => {
          this.chunks.push(chunk.slice())
          await this.#stalled
        },
        close: () => void this.did.push('shutdown'),
        abort: () => void this.did.push('abort'),
      }),
    }
  }

  says(...frames: WireFrame[]): void {
    this.gives(join(frames.map((frame) => wire(this.#masks ? { key: KEY, ...frame } : frame))))
  }

  gives(bytes: Uint8Array): void {
    this.#controller.enqueue(bytes)
  }

  ends(): void {
    this.#controller.close()
  }

  fails(error: Error): void {
    this.#controller.error(error)
  }

  /** From now on nothing more is taken, until `goOn`. */
  stall(): void {
    this.#stalled = new Promise((resolve) => this.#goOn = resolve)
  }

  goOn(): void {
    this.#stalled = undefined
    this.#goOn()
  }

  /** The frames that came since it was last asked, as words: what, … where FIN is missing, and the payload. */
  async hears(): Promise<string[]> {
    await settle()
    const words: string[] = []
    for (const chunk of this.chunks.slice(this.#heard)) {
      for (const { opcode, fin, payload } of this.#decoder.decode(chunk.slice())) {
        const name = Object.entries(Opcode).find(([, value]) => value === opcode)![0].toLowerCase()
        const close = opcode === Opcode.Close && payload.length > 0
        const code = close ? ` ${payload[0]! * 256 + payload[1]!}` : ''
        const text = new TextDecoder().decode(close ? payload.subarray(2) : payload)
        words.push(`${name}${fin ? '' : '…'}${code}${text === '' ? '' : ` ${text}`}`)
      }
    }
    this.#heard = this.chunks.length
    return words
  }
}
