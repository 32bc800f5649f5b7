// `wirestream connect` as its users meet it, against servers of others and our own.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { wsServer } from '@wirestream/testing'
import { describe, expect, it } from 'vitest'
import { expectOneComplaint, Program, run, startEcho } from './support/program.ts'

/** A `ws` server that echoes. */
const echoServer = () =>
  wsServer((socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })))

describe('connect', () => {
  it('sends each line as a text message and prints what comes', async () => {
    await using server = await echoServer()
    await using program = new Program(['connect', server.url])
    program.child.stdin.write('hello\nGrüße\r\n\nlast')
    await program.output(/^hello\nGrüße\n\n$/)
    program.child.stdin.end()
    expect(await program.finished).toEqual({ code: 0, stdout: 'hello\nGrüße\n\nlast\n', stderr: 'closed: 1000\n' })
  })

  it('talks to our own echo server', async () => {
    await using server = await startEcho()
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i}`).join('\n') + '\n'
    await using program = new Program(['connect', server.url])
    program.child.stdin.write(lines)
    await program.output(/line 4999\n$/)
    program.child.stdin.end()
    expect((await program.finished).stdout).toBe(lines)
  })

  it('prints a binary message as a line about it', async () => {
    await using server = await wsServer((socket) => {
      socket.send(Uint8Array.from({ length: 20 }, (_, i) => i))
      socket.send(new Uint8Array(0))
      socket.send(new Uint8Array(200_000))
      socket.close(1000)
    })
    const { stdout } = await run(['connect', server.url])
    expect(stdout.split('\n')).toEqual([
      'binary, 20 bytes: 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f …',
      'binary, 0 bytes',
      'binary, 200000 bytes: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 …',
      '',
    ])
  })

  it('ends with the peer, standard input open or not, and says with which code', async () => {
    await using server = await wsServer((socket) => socket.close(4001, 'go\x1b[31m away'))
    await using program = new Program(['connect', server.url])
    expect(await program.finished).toEqual({ code: 0, stdout: '', stderr: 'closed: 4001 go\\x1b[31m away\n' })
  })

  it('sends header fields, origin and subprotocols', async () => {
    const requests: string[] = []
    await using server = await wsServer((socket) => socket.close(), { handleProtocols: () => 'b' })
    server.server.on('connection', (_, { headers }) => {
      requests.push(
        `${headers['x-one']} ${headers.authorization} ${headers.origin} ${headers['sec-websocket-protocol']}`,
      )
    })
    const args = ['--header', 'X-One: 1', '--header', 'Authorization:Bearer x:y', '--protocol', 'a', '--protocol', 'b']
    const { code } = await run(['connect', server.url, ...args, '--origin', 'https://example.com'])
    expect(code).toBe(0)
    expect(requests).toEqual(['1 Bearer x:y https://example.com a, b'])
  })

  it('ends with 1009 above --max-message-size', async () => {
    const codes: number[] = []
    await using server = await wsServer((socket) => {
      socket.on('close', (code) => codes.push(code))
      socket.send('x'.repeat(2000))
    })
    await using program = new Program(['connect', server.url, '--max-message-size', '1000'])
    const finished = await program.finished
    expect(finished).toMatchObject({ code: 1, stdout: '' })
    expect(expectOneComplaint(finished)).toMatch(/1000 bytes/)
    expect(codes).toEqual([1009])
  })

  it('exits with 1 where the connection breaks', async () => {
    await using server = await wsServer((socket) => socket.terminate())
    await using program = new Program(['connect', server.url])
    const finished = await program.finished
    expect(finished.code).toBe(1)
    expectOneComplaint(finished)
  })

  it('shows the status of a refusal, and what it says', async () => {
    const server = createServer((_, response) => {
      response.writeHead(503, { 'Content-Type': 'text/plain' }).end('come back\x1b[2J later\n')
    })
    server.on('upgrade', (_, socket) => {
      const body = 'come back\x1b[2J later\n'
      socket.end(
        `HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      )
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const finished = await run(['connect', `ws://127.0.0.1:${(server.address() as AddressInfo).port}`])
    server.close()
    expect(finished.code).toBe(1)
    expect(expectOneComplaint(finished)).toMatch(/503 Busy.*come back\\x1b\[2J later$/)
  })

  it('gives up after --timeout where nobody answers', async () => {
    const server = createServer().on('upgrade', (_, socket) => socket.on('error', () => {}))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    const finished = await run(['connect', url, '--timeout', '0.2'])
    server.close()
    expect(finished.code).toBe(1)
    expect(expectOneComplaint(finished)).toMatch(/200 ms/)
  })

  it('exits with 0 where nobody reads how the connection ended', async () => {
    await using server = await wsServer((socket) => socket.close(1000))
    await using program = new Program(['connect', server.url])
    program.child.stderr.destroy()
    expect((await program.finished).code).toBe(0)
  })

  it('ends quietly when nobody reads its output any more', async () => {
    await using server = await wsServer((socket) => {
      const send = () =>
        void (socket.readyState === socket.OPEN && socket.send('x'.repeat(1000), () => setImmediate(send)))
      send()
    })
    await using program = new Program(['connect', server.url])
    await program.output(/x/)
    program.child.stdout.destroy()
    expect(await program.finished).toMatchObject({ code: 0, stderr: '' })
  })
})
