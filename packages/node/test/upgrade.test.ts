// Law: a connection can be opened beside whatever an HTTP server does already, and disturbs none of it.

import { connect, type Connection, upgrade, UpgradeError } from '@wirestream/node'
import { makeCertificate, portOf, rawConnect } from '@wirestream/testing'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { describe, expect, test, vi } from 'vitest'
import { echo, failure, leaveNothingOpen, next, RawPeer, upgradeRequest } from './support.ts'

leaveNothingOpen()
const certificate = makeCertificate()

describe.each(['http', 'https'])('on a server of node:%s', (scheme) => {
  test('other routes stay as they are', async () => {
    const errors: unknown[] = []
    const server: Server = scheme === 'http' ? createServer() : createSecureServer(certificate)
    server.on('request', (_, response) => response.end('a page'))
    server.on('upgrade', (request, socket, head) => {
      if (request.url !== '/echo') return void socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
      upgrade(request, socket, head, { protocols: ['echo'] }).then(echo).catch((error) => errors.push(error))
    })
    const url = await listen(server, scheme)
    const options = { ca: certificate.cert }
    const connection = await connect(`${url}/echo`, { ...options, protocols: ['echo'] })
    expect(connection.protocol).toBe('echo')
    await connection.send('hello')
    expect(await next(connection)).toBe('hello')
    const plain = await failure(connect(`${url}/other`, options))
    expect(plain).toMatchObject({ status: 404 })
    const foreign = await failure(connect(`${url}/echo`, { ...options, origin: 'https://evil.example' }))
    expect(foreign).toMatchObject({ status: 403 })
    connection.close()
    await connection.closed
    await vi.waitFor(() => expect(errors).toHaveLength(1))
    expect(errors[0]).toBeInstanceOf(UpgradeError)
    expect(errors[0]).toMatchObject({ status: 403, cause: { code: 'refused-origin' } })
    server.close()
    await once(server, 'close')
  })
})

test('the server’s own time-outs end with HTTP', async () => {
  const server = createServer({ connectionsCheckingInterval: 10, requestTimeout: 30, headersTimeout: 20 })
  server.timeout = 30
  const connections: Connection[] = []
  server.on('upgrade', async (request, socket, head) => connections.push(await upgrade(request, socket, head)))
  const connection = await connect(await listen(server, 'http'))
  await new Promise((resolve) => setTimeout(resolve, 150))
  await connections[0]!.send('still here')
  expect(await next(connection)).toBe('still here')
  connection.close()
  await connection.closed
  server.close()
  await once(server, 'close')
})

test('bytes that came with the request are the first message', async () => {
  const got: unknown[] = []
  const server = createServer()
  server.on('upgrade', async (request, socket, head) => {
    expect(head.length).toBeGreaterThan(0)
    got.push(await next(await upgrade(request, socket, head)))
    socket.destroy()
  })
  await listen(server, 'http')
  const peer = new RawPeer(await rawConnect(portOf(server)))
  peer.socket.write(upgradeRequest() + '\x81\x80\0\0\0\0\x81\x85\0\0\0\0early', 'latin1')
  await vi.waitFor(() => expect(got).toEqual(['']))
  server.close()
  peer.socket.destroy()
  await once(server, 'close')
})

test('more header fields than Node keeps do not bring it down (security.md, row 5)', async () => {
  const errors: unknown[] = []
  const server = createServer()
  server.maxHeadersCount = 10
  server.on('upgrade', (request, socket, head) => {
    upgrade(request, socket, head).catch((error) => errors.push(error))
  })
  await listen(server, 'http')
  const peer = new RawPeer(await rawConnect(portOf(server)))
  const many = Array.from({ length: 50 }, (_, i) => `X-${i}: ${i}\r\n`).join('')
  peer.socket.write(upgradeRequest().replace('Host', `${many}Host`))
  // Node 20 drops the fields beyond and lets the request through; later ones refuse it themselves.
  expect(await peer.head()).toMatch(/^HTTP\/1.1 4(00|31) /)
  for (const error of errors) expect(error).toBeInstanceOf(UpgradeError)
  peer.socket.destroy()
  server.close()
  await once(server, 'close')
})

async function listen(server: Server, scheme: string): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `${scheme}://127.0.0.1:${portOf(server)}`
}
