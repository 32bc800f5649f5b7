// `wirestream connect` as its users meet it, against servers of others and our own.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@wirestream/node'
import { makeCertificate, wsServer } from '@wirestream/testing'
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

  it('sends a line of any length as one message', async () => {
    const lengths: number[] = []
    await using server = await wsServer((socket) => {
      socket.on('message', (data) => {
        lengths.push((data as Uint8Array).length)
        if (lengths.length === 2) socket.close(1000)
      })
    })
    const { code } = await run(['connect', server.url], `${'ä'.repeat(1_000_000)}\r\nshort\n`)
    expect(code).toBe(0)
    expect(lengths).toEqual([2_000_000, 5])
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

  it('prints what comes behind the end of standard input', async () => {
    await using server = await wsServer((socket) => {
      socket.on('message', () => {
        setTimeout(() => {
          socket.send('the answer')
          socket.close(1000, 'done')
        }, 50)
      })
    })
    const finished = await run(['connect', server.url, '--linger', '25'], 'the question')
    expect(finished).toEqual({ code: 0, stdout: 'the answer\n', stderr: 'closed: 1000 done\n' })
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

  it('takes a certificate that --ca names, any with --insecure, and no other', async () => {
    const { cert, key } = makeCertificate(['localhost'])
    const folder = mkdtempSync(join(tmpdir(), 'wirestream-'))
    try {
      const file = join(folder, 'ca.pem')
      writeFileSync(file, cert)
      await using server = await serve({ tls: { cert, key } }, (connection) => connection.close())
      const url = `wss://localhost:${server.port}`
      expect(await run(['connect', url, '--ca', file])).toMatchObject({ code: 0, stderr: 'closed: 1005\n' })
      expect(await run(['connect', url, '--insecure'])).toMatchObject({ code: 0, stderr: 'closed: 1005\n' })
      const refused = await run(['connect', url])
      expect(refused.code).toBe(1)
      expect(expectOneComplaint(refused)).toMatch(/certificate/)
    } finally {
      rmSync(folder, { recursive: true })
    }
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

  it('closes with 1000 on SIGINT and exits with 130', async () => {
    let greet!: (code: number) => void
    const closed = new Promise<number>((resolve) => greet = resolve)
    await using server = await wsServer((socket) => {
      socket.on('close', greet)
      socket.send('ready')
    })
    await using program = new Program(['connect', server.url])
    await program.output(/ready/)
    program.child.kill('SIGINT')
    expect(await closed).toBe(1000)
    expect((await program.finished).code).toBe(130)
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

  it('stops reading standard input while the peer does not read', async () => {
    let received = 0
    let resume!: () => void
    await using server = await wsServer((socket) => {
      socket.pause()
      resume = () => socket.resume()
      socket.on('message', (data) => received += (data as Uint8Array).length)
    }, { maxPayload: 2 ** 26 })
    await using program = new Program(['connect', server.url])
    const line = `${'x'.repeat(99_999)}\n`
    const write = () => new Promise<void>((resolve) => program.child.stdin.write(line, () => resolve()))
    let written = 0
    // One-sided: a program that buffered would take all of it without ever stalling.
    for (let stalled = false; !stalled && written < 1000; written++) {
      const timer = new Promise<boolean>((resolve) => setTimeout(resolve, 1000, true))
      stalled = await Promise.race([write().then(() => false), timer])
    }
    expect(written).toBeLessThan(500)
    resume()
    program.child.stdin.end()
    expect((await program.finished).code).toBe(0)
    expect(received).toBe(written * 99_999)
  })
})
