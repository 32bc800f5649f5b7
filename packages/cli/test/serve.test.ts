// `wirestream serve --echo` as its users meet it.

import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { connect } from '@wirestream/node'
import { wsClient } from '@wirestream/testing'
import { describe, expect, it } from 'vitest'
import { expectOneComplaint, Program, run, startEcho } from './support/program.ts'

describe('serve --echo', () => {
  it('prints where it listens as its first line', async () => {
    await using server = await startEcho()
    expect(server.url).toMatch(/^ws:\/\/127\.0\.0\.1:[1-9]\d*$/)
  })

  it('sends text back as text and binary as binary, empty ones too', async () => {
    await using server = await startEcho()
    const socket = await wsClient(server.url)
    for (const message of ['Grüße', '', randomBytes(5), randomBytes(0)]) {
      socket.send(message)
      const [data, isBinary] = await once(socket, 'message') as [Uint8Array, boolean]
      expect(isBinary).toBe(typeof message !== 'string')
      expect(data.toString()).toBe(message.toString())
    }
    socket.close()
    await once(socket, 'close')
  })

  it('sends small messages back in one frame each', async () => {
    await using server = await startEcho()
    const frames: string[] = []
    const connection = await connect(server.url, {
      observe: (direction, { fin, opcode }) => void (direction === 'in' && frames.push(`${opcode} ${fin}`)),
    })
    const reader = connection.readable.getReader()
    for (const text of ['one', 'two']) {
      await connection.send(text)
      expect(await reader.read()).toEqual({ done: false, value: text })
    }
    expect(frames).toEqual(['1 true', '1 true'])
    reader.releaseLock()
    connection.close()
    await connection.closed
  })

  it('sends a large message back whole', async () => {
    await using server = await startEcho()
    const socket = await wsClient(server.url, { maxPayload: 2 ** 26 })
    const message = randomBytes(5_000_000)
    socket.send(message)
    const [data] = await once(socket, 'message') as [Uint8Array]
    const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    expect(sum(data)).toBe(sum(message))
    socket.terminate()
  })

  it('sends the start of a message back before the rest has come', async () => {
    await using server = await startEcho()
    const connection = await connect(server.url)
    let finish!: () => void
    const seen = new Promise<void>((resolve) => finish = resolve)
    const sent = connection.send(
      new ReadableStream<string>({
        start: (controller) => controller.enqueue('begin '),
        async pull(controller) {
          await seen
          controller.enqueue('end')
          controller.close()
        },
      }, { highWaterMark: 0 }),
    )
    let text = ''
    for await (const { type, body } of connection.messages()) {
      expect(type).toBe('text')
      for await (const chunk of body) {
        text += new TextDecoder().decode(chunk)
        finish()
      }
      break
    }
    await sent
    expect(text).toBe('begin end')
    connection.close()
    await connection.closed
  })

  it('ends a connection with 1009 above --max-message-size', async () => {
    await using server = await startEcho('--max-message-size', '1KiB')
    const socket = await wsClient(server.url)
    socket.send('x'.repeat(1024))
    const [data] = await once(socket, 'message') as [Uint8Array]
    expect(data.length).toBe(1024)
    socket.send('x'.repeat(1025))
    const [code] = await once(socket, 'close')
    expect(code).toBe(1009)
  })

  it('speaks a subprotocol that it was told, and lets in the origins that it was told', async () => {
    await using server = await startEcho('--protocol', 'chat', '--origin', 'http://localhost:3000')
    const socket = await wsClient(server.url, { protocols: ['other', 'chat'], origin: 'http://localhost:3000' })
    expect(socket.protocol).toBe('chat')
    socket.terminate()
    await expect(wsClient(server.url, { origin: 'http://elsewhere.example' })).rejects.toThrow('403')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('closes with 1001 on %s and exits with 0', async (signal) => {
    await using server = await startEcho()
    const socket = await wsClient(server.url)
    const closed = once(socket, 'close')
    server.child.kill(signal)
    const [code] = await closed
    expect(code).toBe(1001)
    expect(await server.finished).toMatchObject({ code: 0, stderr: '' })
  })

  it('exits in bounded time when a peer does not answer the Close', async () => {
    await using server = await startEcho()
    const socket = await wsClient(server.url)
    socket.pause()
    server.child.kill('SIGTERM')
    expect(await server.finished).toMatchObject({ code: 0, stderr: '' })
    socket.terminate()
  })

  const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'))
  it.skipIf(!hasIPv6).each([
    ['[::1]', /^listening on ws:\/\/\[::1\]:\d+\n$/],
    ['0.0.0.0', /^listening on ws:\/\/127\.0\.0\.1:(\d+)\nand on every other IPv4 address of this machine, port \1\n$/],
    ['::', /^listening on ws:\/\/\[::1\]:(\d+)\nand on every other address of this machine, port \1\n$/],
  ])('says where it listens with --host %s', async (host, lines) => {
    await using server = new Program(['serve', '--echo', '--host', host])
    await server.output(lines)
  })

  it('says that the port is taken', async () => {
    await using server = await startEcho()
    const port = new URL(server.url).port
    const finished = await run(['serve', '--echo', '--port', port])
    expect(finished.code).toBe(1)
    expect(expectOneComplaint(finished)).toContain(`EADDRINUSE: address already in use 127.0.0.1:${port}`)
  })
})
