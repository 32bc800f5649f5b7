// A program that has a server of `node:http` already: `upgrade` of the Node adapter takes over from it, wherever `node:http` is.

import { type Connection, UpgradeError } from '@wirestream/codec'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { rawConnect } from '../sockets.ts'
import type { Adapter, Tests } from './adapter.ts'
import {
  clientFrame,
  echo,
  failure,
  MiB,
  patternStream,
  readHead,
  readPattern,
  REQUEST,
  serverFrame,
  until,
} from './support.ts'

/** An adapter with the Node adapter's `upgrade`. */
export interface NodeHttpAdapter extends Pick<Adapter, 'connect'> {
  upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Uint8Array,
    options?: { accept?: () => boolean },
  ): Promise<Connection>
}

export const nodeHttpTests: Tests<NodeHttpAdapter> = {
  async 'node:http: an upgrade echoes, a page is still a page'({ connect, upgrade }) {
    await using server = await listen(async (request, socket, head) => echo(await upgrade(request, socket, head)))
    await using connection = await connect(`ws://127.0.0.1:${server.port}/`)
    await connection.send('hello')
    assert.equal((await connection.readable.getReader().read()).value, 'hello')
    const response = await fetch(`http://127.0.0.1:${server.port}/`)
    assert.equal(await response.text(), 'page')
  },

  async 'node:http: a frame in one packet with the request is not lost'({ upgrade }) {
    await using server = await listen(async (request, socket, head) => echo(await upgrade(request, socket, head)))
    const socket = await rawConnect(server.port)
    socket.write(new Uint8Array([...new TextEncoder().encode(REQUEST), ...clientFrame(1, 'early')]))
    await readHead(socket)
    await until(() => socket.readableLength >= 7)
    assert.deepEqual([...socket.read() as Uint8Array], [...serverFrame(1, 'early')])
    socket.destroy()
  },

  async 'node:http: 16 MiB come in while the server reads slowly, and a close is clean'({ connect, upgrade }) {
    let got = 0
    await using server = await listen(async (request, socket, head) => {
      const connection = await upgrade(request, socket, head)
      for await (const { body } of connection.messages()) got = await readPattern(body)
    })
    const connection = await connect(`ws://127.0.0.1:${server.port}/`)
    await connection.send(patternStream(16 * MiB))
    connection.close({ closeCode: 1000 })
    assert.equal((await connection.closed).closeCode, 1000)
    assert.equal(got, 16 * MiB)
  },

  async 'node:http: a refusal is answered, and both ends get an UpgradeError'({ connect, upgrade }) {
    let ours: Promise<Error> | undefined
    await using server = await listen(async (request, socket, head) => {
      ours = failure(upgrade(request, socket, head, { accept: () => false }))
      await ours
    })
    const theirs = await failure(connect(`ws://127.0.0.1:${server.port}/`))
    assert.ok(theirs instanceof UpgradeError)
    assert.equal(theirs.status, 403)
    assert.ok(await ours instanceof UpgradeError)
  },
}

async function listen(
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Uint8Array) => Promise<void>,
): Promise<{ port: number; [Symbol.asyncDispose](): Promise<void> }> {
  const server = createServer((_, response) => response.writeHead(200, { Connection: 'close' }).end('page'))
  const sockets = new Set<Duplex>()
  server.on('upgrade', (request, socket, head) => {
    sockets.add(socket)
    onUpgrade(request, socket, head).catch(() => {}) // the end of a socket that the test cut
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
