// Law: on a connection that serves for several requests, an upgrade and the listener's end come behind the responses before them,
// which all arrive whole.

import { connect, type Listener, serve, type ServeOptions } from '@wirestream/node'
import { makeCertificate } from '@wirestream/testing'
import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { echo, frames, leaveNothingOpen, type RawPeer, rawPeer, upgradeRequest } from './support.ts'

leaveNothingOpen()
const certificate = makeCertificate()
const plain = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
const MiB = 1024 * 1024

describe.each([['http', undefined], ['https', certificate]])('over %s', (_, tls) => {
  const dial = (listener: Listener) => rawPeer(listener, tls)

  const page = ({ url }: IncomingMessage, response: ServerResponse) => void response.end(`this is ${url}`)
  const statuses = ({ rest }: RawPeer) => String(rest).match(/HTTP\/1.1 \d+|this is [^H]*/g)

  describe('an upgrade behind a response', () => {
    test('that is complete, though not sent yet, is one', async () => {
      await using listener = await serve({ tls, onRequest: page }, echo)
      const peer = await dial(listener)
      const message = frames('client', { opcode: 1, payload: Buffer.from('hello'), fin: true })
      peer.socket.write(Buffer.concat([Buffer.from(plain('/one') + upgradeRequest()), message]))
      await vi.waitFor(() => expect(statuses(peer)).toEqual(['HTTP/1.1 200', 'this is /one', 'HTTP/1.1 101']))
      await vi.waitFor(() => expect(String(peer.rest)).toMatch(/hello$/))
      peer.socket.destroy()
    })

    test('that is long comes behind all of it', async () => {
      const body = Buffer.alloc(8 * MiB, 'x')
      await using listener = await serve({ tls, onRequest: (_, response) => void response.end(body) }, echo)
      const peer = await dial(listener)
      peer.socket.write(plain() + upgradeRequest())
      expect(await peer.head()).toMatch(/^HTTP\/1.1 200 /)
      await vi.waitFor(() => expect(peer.rest.includes('\r\n\r\n')).toBe(true), 10_000)
      expect(peer.rest.indexOf('HTTP/1.1 101 ')).toBe(body.length)
      peer.socket.destroy()
    })

    test('that is still being written lets it be written to its end, and ends there', async () => {
      const pieces = Array.from({ length: 128 }, () => Buffer.alloc(MiB / 16, 'x'))
      const onRequest = (_: IncomingMessage, response: ServerResponse) => {
        response.setHeader('Content-Length', 8 * MiB)
        Readable.from(pieces).pipe(response)
      }
      await using listener = await serve({ tls, onRequest }, () => expect.unreachable())
      const peer = await dial(listener)
      peer.socket.write(plain() + upgradeRequest())
      await vi.waitFor(() => expect(peer.ended || peer.closed).toBe(true), 10_000)
      expect(String(peer.rest).split('\r\n\r\n')[1]?.length).toBe(8 * MiB)
      peer.socket.destroy()
    })

    test('whose client leaves before it comes: the handler is told', async () => {
      const left = vi.fn()
      const onRequest = (_: IncomingMessage, response: ServerResponse) => void response.once('close', left)
      await using listener = await serve({ tls, onRequest }, () => expect.unreachable())
      const peer = await dial(listener)
      await new Promise<void>((resolve) => peer.socket.write(plain() + upgradeRequest(), () => resolve()))
      peer.socket.end()
      await vi.waitFor(() => expect(left).toHaveBeenCalledOnce())
      peer.socket.destroy()
    })

    test('that is complete, to another protocol, is a plain request', async () => {
      await using listener = await serve({ tls, onRequest: page }, echo)
      const peer = await dial(listener)
      peer.socket.write(plain('/one') + upgradeRequest({ path: '/two' }).replace('websocket', 'h2c'))
      await vi.waitFor(() => expect(peer.ended).toBe(true))
      expect(statuses(peer)).toEqual(['HTTP/1.1 200', 'this is /one', 'HTTP/1.1 200', 'this is /two'])
      peer.socket.destroy()
    })

    test.each([
      ['that is the last, by its own word,', (response: ServerResponse) => response.setHeader('Connection', 'close'), [
        'HTTP/1.1 200',
        'this is /one',
      ]],
      ['that is complete but waits for another', (_: ServerResponse, path: string) => path === '/one', [
        'HTTP/1.1 200',
        'this is /one',
        'HTTP/1.1 200',
        'this is /two',
      ]],
    ])('%s is left without an answer', async (_, prepare, answers) => {
      await using listener = await serve({
        tls,
        onRequest({ url }, response) {
          const late = prepare(response, url!) === true
          const answer = () => void response.end(`this is ${url}`)
          if (late) setImmediate(answer)
          else answer()
        },
      }, () => expect.unreachable())
      const peer = await dial(listener)
      const requests = answers.length === 2 ? plain('/one') : plain('/one') + plain('/two')
      peer.socket.write(requests + upgradeRequest())
      await vi.waitFor(() => expect(peer.ended || peer.closed).toBe(true))
      expect(statuses(peer)).toEqual(answers)
      peer.socket.destroy()
    })
  })

  describe('a listener that closes, without a timeout,', () => {
    const forever = { timeout: Infinity }

    /** A server whose responses to /late the test makes. */
    async function serveLate(options: ServeOptions = {}) {
      const late: ServerResponse[] = []
      const listener = await serve({
        tls,
        onRequest: (request, response) => request.url === '/late' ? void late.push(response) : page(request, response),
        ...options,
      }, echo)
      return { late, listener }
    }

    test('answers what is under way, and says that it is the last', async () => {
      const { late, listener } = await serveLate()
      const peer = await dial(listener)
      peer.socket.write(plain('/late') + plain('/late'))
      await vi.waitFor(() => expect(late).toHaveLength(2))
      const closed = listener.close(forever)
      for (const response of late) response.end('this is late')
      await closed
      await vi.waitFor(() => expect(peer.ended).toBe(true))
      const [, first, last] = String(peer.rest).split('HTTP/1.1 ')
      expect(first).toMatch(/^200 OK\r\n[^]*Connection: keep-alive\r\n[^]*this is late$/)
      expect(last).toMatch(/^200 OK\r\n[^]*Connection: close\r\n[^]*this is late$/)
      peer.socket.destroy()
    })

    test('ends connections behind responses whose head was out already', async () => {
      const { late, listener } = await serveLate()
      const peer = await dial(listener)
      peer.socket.write(plain('/late'))
      await vi.waitFor(() => expect(late).toHaveLength(1))
      late[0]!.write('this is ')
      expect(await peer.head()).toMatch(/Connection: keep-alive/)
      const closed = listener.close(forever)
      late[0]!.end('late')
      await closed
      await vi.waitFor(() => expect(peer.ended).toBe(true))
      expect(String(peer.rest)).toMatch(/late\r\n0\r\n\r\n$/)
      peer.socket.destroy()
    })

    test('ends idle connections at once, and answers the first request of others', async () => {
      const { late, listener } = await serveLate()
      const [idle, busy, fresh] = [await dial(listener), await dial(listener), await dial(listener)]
      idle.socket.write(plain('/one'))
      await vi.waitFor(() => expect(statuses(idle)).toHaveLength(2))
      busy.socket.write(plain('/late'))
      await vi.waitFor(() => expect(late).toHaveLength(1))
      const closed = listener.close(forever)
      await vi.waitFor(() => expect(idle.ended).toBe(true))
      fresh.socket.write(plain('/two'))
      await vi.waitFor(() => expect(fresh.ended).toBe(true))
      expect(String(fresh.rest)).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*Connection: close\r\n[^]*this is \/two$/)
      late[0]!.end()
      await closed
      for (const { socket } of [idle, busy, fresh]) socket.destroy()
    })

    test('sends a long response to its end', async () => {
      const body = Buffer.alloc(8 * MiB, 'x')
      const { late, listener } = await serveLate()
      const peer = await dial(listener)
      peer.socket.write(plain('/late'))
      await vi.waitFor(() => expect(late).toHaveLength(1))
      peer.socket.pause()
      late[0]!.end(body)
      const closed = listener.close(forever)
      peer.socket.resume()
      await closed
      expect(await peer.head()).toMatch(/^HTTP\/1.1 200 /)
      await vi.waitFor(() => expect(peer.ended).toBe(true))
      expect(peer.rest.length).toBe(body.length)
      peer.socket.destroy()
    })

    test.each(['', 'GET / HTTP/1.1\r\nHo'])(
      'drops who sends %j and no more with the handshake timeout',
      async (start) => {
        const { listener } = await serveLate({ limits: { handshakeTimeout: 50 } })
        const peer = await dial(listener)
        if (tls) await new Promise((resolve) => peer.socket.once('secureConnect', resolve))
        if (start !== '') peer.socket.write(start)
        await using _ = await connect(listener.url, { ca: certificate.cert })
        await listener.close(forever)
        await vi.waitFor(() => expect(peer.ended || peer.closed).toBe(true))
        peer.socket.destroy()
      },
    )
  })
})
