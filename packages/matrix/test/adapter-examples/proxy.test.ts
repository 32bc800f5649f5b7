// Law: the proxy upgrades both ways and passes frames as they are: borders, order and content; long ones in parts, with backpressure
// and in bounded memory; and what ends one side ends the other.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Connection, type Frame, serve, UpgradeError, type UpgradeRequest } from '@wirestream/node'
import { makeCertificate, rawConnect, rawServer, wsClient, wsServer } from '@wirestream/testing'
import { expect, test } from 'vitest'
import { describeAdapters, type Program, type Start } from './support.ts'

const MiB = 1024 * 1024

/** A proxy before an upstream of ours, and a client behind it; `upstream` is the connection that the upstream got. */
async function throughProxy(
  start: Start,
  observe: { client?: FrameList; upstream?: FrameList } = {},
): Promise<Proxied> {
  let accepted!: (pair: [Connection, UpgradeRequest]) => void
  const acceptance = new Promise<[Connection, UpgradeRequest]>((resolve) => accepted = resolve)
  const listener = await serve(
    { port: 0, allowedOrigins: 'all', observe: observe.upstream?.observe },
    (connection, request) => accepted([connection, request]),
  )
  const proxy = start('proxy/proxy.mjs', '--port', '0', listener.url)
  const url = await proxy.url()
  const client = await connect(`${url}/chat?a=b`, { observe: observe.client?.observe, headers: { Cookie: 'c=d' } })
  const [upstream, request] = await acceptance
  return {
    proxy,
    url,
    client,
    upstream,
    request,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await listener.close()
    },
  }
}

interface Proxied extends AsyncDisposable {
  proxy: Program
  url: string
  client: Connection
  upstream: Connection
  request: UpgradeRequest
}

/** The headers of the frames that passed one end, by direction. */
class FrameList {
  readonly in: string[] = []
  readonly out: string[] = []
  readonly observe = (direction: 'in' | 'out', { fin, opcode, payloadLength, offset, payload }: Frame): void => {
    const whole = offset + payload.length === payloadLength
    if (whole) this[direction].push(`${opcode}${fin ? '.' : '…'} ${payloadLength}`)
  }
}

/** Chunks whose sizes stand at the limits of the header's forms (RFC 6455 §5.2), and around buffers' sizes. */
const sizes = [1, 125, 126, 127, 4096, 65_534, 65_535, 65_536, 65_537, 300_000]

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 0xff)
}

/** Says what `hear` expects, in frames of all kinds. */
async function say(from: Connection): Promise<void> {
  await from.send('hällo')
  await from.send('')
  await from.send(ReadableStream.from(sizes.map(pattern))) // one message, a fragment for each chunk
  await from.ping(Uint8Array.of(1, 2, 3))
  const all = sizes.map(pattern)
  await from.send(ReadableStream.from(all), { length: all.reduce((sum, { length }) => sum + length, 0) }) // one frame
  await from.send(pattern(70_000))
}

const SAID = 5

/** The type and the digest of each message. */
async function hear(to: Connection): Promise<string[]> {
  const heard: string[] = []
  for await (const message of to.messages()) {
    const hash = createHash('sha256')
    for await (const chunk of message.body) hash.update(chunk)
    if (heard.push(`${message.type} ${hash.digest('hex')}`) === SAID) break
  }
  return heard
}

await describeAdapters((start) => {
  test('frames keep their borders, kinds, order and content, both ways', async () => {
    const seen = { client: new FrameList(), upstream: new FrameList() }
    await using pair = await throughProxy(start, seen)
    const { client, upstream } = pair
    const [up, down] = await Promise.all([hear(upstream), hear(client), say(client), say(upstream)])
    expect(up).toHaveLength(SAID)
    expect(down).toEqual(up) // both said the same
    client.close({ closeCode: 4001, reason: 'done' })
    expect(await upstream.closed).toEqual({ closeCode: 4001, reason: 'done' })
    expect(await client.closed).toEqual({ closeCode: 4001, reason: 'done' })
    expect(seen.client.out.length).toBeGreaterThan(sizes.length + 5)
    expect(seen.upstream.in).toEqual(seen.client.out)
    expect(seen.client.in).toEqual(seen.upstream.out)
  })

  test('the upstream sees the target, the Host and the fields of the client, and who it is', async () => {
    await using pair = await throughProxy(start)
    const { url, request: { target, headers } } = pair
    const fields = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]))
    expect(target).toBe('/chat?a=b')
    expect([fields.get('host'), fields.get('cookie')]).toEqual([new URL(url).host, 'c=d'])
    expect(fields.get('x-forwarded-for')).toMatch(/127\.0\.0\.1$/)
  })

  for (const direction of ['up', 'down'] as const) {
    test(`a frame of 256 MiB goes ${direction} in parts, as fast as it is read, in bounded memory`, async () => {
      await using pair = await throughProxy(start)
      const [sender, receiver] = direction === 'up' ? [pair.client, pair.upstream] : [pair.upstream, pair.client]
      const before = pair.proxy.peakMemory()
      const length = 256 * MiB
      const part = pattern(64 * 1024)
      let given = 0
      let firstArrived!: () => void
      const arrived = new Promise<void>((resolve) => firstArrived = resolve)
      async function* source(): AsyncGenerator<Uint8Array> {
        yield part
        await arrived // the rest does not exist before the receiver has read the first bytes
        for (given = part.length; given < length; given += part.length) yield part
      }
      const sent = sender.send(ReadableStream.from(source()), { length })

      const { value: message } = await receiver.messages().next()
      const body = message.body.getReader()
      const first = await body.read()
      firstArrived()
      // Nobody reads on: what is under way stops when the buffers of all sockets are full, and none of them is the proxy's own.
      await untilSteady(() => given)
      expect(given).toBeLessThan(64 * MiB)

      const hash = createHash('sha256').update(first.value)
      let received = first.value.length
      for (let next = await body.read(); !next.done; next = await body.read()) {
        hash.update(next.value)
        received += next.value.length
      }
      await sent
      expect(received).toBe(length)
      const wanted = createHash('sha256')
      for (let at = 0; at < length; at += part.length) wanted.update(part)
      expect(hash.digest('hex')).toBe(wanted.digest('hex'))
      const grown = pair.proxy.peakMemory() - before
      if (!Number.isNaN(grown)) expect(grown, 'MiB more than before').toBeLessThan(128)
    })
  }

  test('ws talks to ws: subprotocol, extension, pings and the Close are theirs', async () => {
    await using upstream = await wsServer((socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
      socket.on('close', (code, reason) => ended(`${code} ${reason}`))
      socket.on('ping', () => pings++)
    }, { perMessageDeflate: { threshold: 0 }, handleProtocols: (offered) => [...offered].at(-1)! })
    let ended!: (how: string) => void
    const end = new Promise((resolve) => ended = resolve)
    let pings = 0
    await using proxy = start('proxy/proxy.mjs', '--port', '0', upstream.url)
    const client = await wsClient(await proxy.url(), { protocols: ['a', 'b'], perMessageDeflate: { threshold: 0 } })
    expect(client.protocol).toBe('b')
    expect(client.extensions).toContain('permessage-deflate')
    const text = 'compressible '.repeat(20_000)
    client.send(text)
    const answer = await new Promise((resolve) => client.once('message', (data: unknown) => resolve(String(data))))
    expect(answer === text).toBe(true)
    client.ping('p')
    expect(await new Promise((resolve) => client.once('pong', (data: unknown) => resolve(String(data))))).toBe('p')
    expect(pings).toBe(1)
    const closed = new Promise((resolve) => client.on('close', resolve))
    client.close(4002, 'that is all')
    expect(await closed).toBe(4002)
    expect(await end).toBe('4002 that is all')
    expect(await proxy.interrupt()).toMatchObject({ code: 0, stderr: '' })
  })

  test('an upstream over TLS is checked against --ca', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wirestream-'))
    const tls = makeCertificate()
    await using upstream = await serve({ port: 0, tls }, ({ readable, writable }) => readable.pipeTo(writable))
    try {
      writeFileSync(join(folder, 'ca.pem'), tls.cert)
      await using proxy = start('proxy/proxy.mjs', '--port', '0', '--ca', join(folder, 'ca.pem'), upstream.url)
      const client = await connect(await proxy.url())
      await client.send('hello')
      expect((await client.readable.getReader().read()).value).toBe('hello')
      client.close()
      await client.closed
      await using distrustful = start('proxy/proxy.mjs', '--port', '0', upstream.url)
      await expect(connect(await distrustful.url())).rejects.toMatchObject({ status: 502 })
      await distrustful.output(/certificate|CA|issuer/i, 'stderr')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a refusal of the upstream reaches the client; an upstream that is not there is a 502', async () => {
    const refusal = { status: 401, headers: { 'WWW-Authenticate': 'Basic' }, body: 'who are you?\n' }
    const upstream = await serve({ port: 0, accept: () => refusal }, () => {})
    await using proxy = start('proxy/proxy.mjs', '--port', '0', upstream.url)
    const url = await proxy.url()
    const refused = await connect(url).catch((error: unknown) => error) as UpgradeError
    expect([refused.status, new TextDecoder().decode(refused.body)]).toEqual([401, 'who are you?\n'])
    expect(refused.headers.map(([name]) => name)).toContain('WWW-Authenticate')
    await upstream.close()
    expect(await connect(url).catch((error: unknown) => error)).toMatchObject({ status: 502 })
    const page = await fetch(url.replace('ws', 'http'))
    expect([page.status, await page.text()]).toEqual([426, expect.stringContaining('Upgrade')])
    expect(await proxy.interrupt()).toMatchObject({ code: 0 })
  })

  test('an upstream that answers the upgrade wrongly is a 502, and cut', async () => {
    let ended!: () => void
    const end = new Promise<void>((resolve) => ended = resolve)
    await using upstream = await rawServer((socket) => {
      socket.once('data', () => socket.write(wrongAcceptance)).on('end', ended).on('close', ended)
    })
    await using proxy = start('proxy/proxy.mjs', '--port', '0', `ws://127.0.0.1:${upstream.port}`)
    expect(await connect(await proxy.url()).catch((error: unknown) => error)).toMatchObject({ status: 502 })
    await end
    await proxy.output(/Sec-WebSocket-Accept/, 'stderr')
    expect(await proxy.interrupt()).toMatchObject({ code: 0 })
  })

  test('a client that vanishes takes its upstream along, and the other way round', async () => {
    {
      await using pair = await throughProxy(start)
      const other = await rawConnect(Number(new URL(pair.url).port))
      other.write(upgradeRequest)
      await new Promise((resolve) => other.once('data', resolve))
      other.destroy()
      pair.client.close() // and one that says goodbye
      await expect(pair.upstream.closed).resolves.toMatchObject({ closeCode: 1005 })
    }
    const vanishing = await wsServer((socket) => socket.terminate())
    await using proxy = start('proxy/proxy.mjs', '--port', '0', vanishing.url)
    const client = await connect(await proxy.url())
    await expect(client.closed).rejects.toMatchObject({ closeCode: 1006 })
    await vanishing[Symbol.asyncDispose]()
  })

  test('a client that breaks a rule is told so, and its upstream is cut', async () => {
    let ended!: (error: unknown) => void
    const end = new Promise((resolve) => ended = resolve)
    await using upstream = await serve({ port: 0 }, ({ closed }) => void closed.catch(ended))
    await using proxy = start('proxy/proxy.mjs', '--port', '0', upstream.url)
    const client = await rawConnect(Number(new URL(await proxy.url()).port))
    client.write(upgradeRequest)
    await new Promise((resolve) => client.once('data', resolve))
    const answered = new Promise<Buffer>((resolve) => client.once('data', resolve))
    client.write(Uint8Array.of(0x81, 0x02, 0x68, 0x69)) // not masked (RFC 6455 §5.1)
    expect([...await answered]).toEqual([0x88, 0x02, 0x03, 0xea]) // 1002
    expect(await end).toMatchObject({ closeCode: 1006 })
    await proxy.output(/mask/, 'stderr')
    client.destroy()
  })

  test('Ctrl-C gives both ends 1001', async () => {
    await using pair = await throughProxy(start)
    const { code, stderr } = await pair.proxy.interrupt()
    expect([code, stderr]).toEqual([0, ''])
    expect(await pair.client.closed).toMatchObject({ closeCode: 1001 })
    expect(await pair.upstream.closed).toMatchObject({ closeCode: 1001 })
  })
})

const upgradeRequest = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'

const wrongAcceptance = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

/** Waits until a number has not changed for half a second. It comes to rest or to its end; the test says which is right. */
async function untilSteady(value: () => number): Promise<void> {
  for (let last = NaN, same = 0; same < 10;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    same = value() === last ? same + 1 : 0
    last = value()
  }
}
