// The demo that `npm start` runs, with a message small enough for a test.

import { wsClient, wsServer } from '@wirestream/testing'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Progress } from '../src/demo/progress.ts'
import { roundTrip } from '../src/demo/round-trip.ts'
import { Output } from '../src/output.ts'
import { expectOneComplaint, Program, run } from './support/program.ts'

const demo = (...args: string[]) => run(args, '', 'demo.js')

describe('the demo', () => {
  it('sends one message there and back, compares the sums, and ends with --once', async () => {
    const { code, stderr, stdout } = await demo('--once', '--size', '8MiB')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.match(/^ +\d+ % /gm)!.map((line) => parseInt(line))).toEqual([
      10,
      20,
      30,
      40,
      50,
      60,
      70,
      80,
      90,
      100,
    ])
    const [, sent, received] = /^sent +sha-256 (\w{64})\nreceived +sha-256 (\w{64}): equal$/m.exec(stdout)!
    expect(received).toBe(sent)
    expect(stdout).toMatch(/^throughput [\d.]+ [KMG]iB\/s /m)
    expect(stdout).toMatch(/^growth \d+ MiB /m)
  })

  it.each(['0', '1', '7', '65529'])('takes a message of %s bytes', async (size) => {
    expect(await demo('--once', '--size', size)).toMatchObject({ code: 0, stderr: '' })
  })

  it('does not keep what has passed', async () => {
    const { stdout } = await demo('--once', '--size', '256MiB')
    // Half the message would be a leak; what streams cost is far below.
    expect(Number(/^growth (\d+) MiB/m.exec(stdout)![1])).toBeLessThan(128)
  })

  it('stays up and says how to reach it, until it is told to stop', async () => {
    await using program = new Program(['--size', '1MiB'], 'demo.js')
    const [, main, url] = await program.output(/node (\S+main\.js) connect (ws:\/\/127\.0\.0\.1:\d+)\n/)
    expect(main).toMatch(/dist.main\.js$/)
    const [, pageUrl] = await program.output(/(http:\/\/127\.0\.0\.1:\d+\/)\n/)
    expect((await fetch(pageUrl!)).status).toBe(200)
    expect((await fetch(`${pageUrl}nothing`)).status).toBe(404)
    const socket = await wsClient(url!)
    socket.send('hello')
    const [data] = await once(socket, 'message')
    expect(String(data)).toBe('hello')
    const closed = once(socket, 'close')
    program.child.kill('SIGINT')
    await closed
    expect(await program.finished).toMatchObject({ code: 0, stderr: '' })
  })

  it('ends at once when it is interrupted under way', async () => {
    await using program = new Program(['--size', '1TiB'], 'demo.js')
    await program.output(/there and back/)
    program.child.kill('SIGINT')
    await program.finished
    expect(program.child.signalCode).toBe('SIGINT')
  })

  it('ends quietly when nobody reads its output any more', async () => {
    await using program = new Program(['--size', '64MiB'], 'demo.js')
    await program.output(/echo server/)
    program.child.stdout.destroy()
    expect(await program.finished).toMatchObject({ code: 0, stderr: '' })
  })

  it('notices a message that came back changed', async () => {
    await using server = await wsServer((socket) => {
      socket.on('message', (data) => {
        const bytes = data as Uint8Array
        bytes[bytes.length - 1]! ^= 1
        socket.send(bytes)
      })
    })
    const { equal, received, sent } = await roundTrip(
      server.url,
      1000,
      new Progress(new Output(new PassThrough().resume()), 1000),
    )
    expect(equal).toBe(false)
    expect(received).not.toBe(sent)
  })

  it('refuses options that make no sense', async () => {
    for (const args of [['--size', 'big'], ['--port', '-1'], ['--twice'], ['now']]) {
      const finished = await demo(...args)
      expect(finished).toMatchObject({ code: 2, stdout: '' })
      expectOneComplaint(finished)
    }
  })
})

describe('Progress', () => {
  it('redraws one line where a terminal watches', async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true })
    const progress = new Progress(new Output(terminal), 4096)
    await progress.add(1024)
    await progress.add(3072)
    terminal.end()
    const [, first, last] = (await terminal.toArray()).join('').split('\r')
    expect(first).toContain(`${'█'.repeat(10)}${'░'.repeat(30)}  25 %  1 KiB of 4 KiB back, `)
    expect(last).toContain(`${'█'.repeat(40)} 100 %  4 KiB of 4 KiB back, `)
    expect(`${first}${last}`).toMatch(/^[^\n]*\n$/)
  })
})
