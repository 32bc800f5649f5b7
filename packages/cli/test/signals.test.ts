// How `wirestream connect` is told to stop, and what it says about it.

import { wsServer } from '@wirestream/testing'
import { describe, expect, it } from 'vitest'
import { Program, terminal } from './support/program.ts'

/** A server that greets its first client and tells the code with which that closed. */
async function greeter() {
  let tell!: (code: number) => void
  const closed = new Promise<number>((resolve) => tell = resolve)
  const server = await wsServer((socket) => {
    socket.on('close', tell)
    socket.send('ready')
  })
  return Object.assign(server, { closed })
}

describe('connect, told to stop', () => {
  it.each([['SIGINT', 130], ['SIGTERM', 143]] as const)(
    'closes with 1000 on %s and exits with %d',
    async (signal, code) => {
      await using server = await greeter()
      await using program = new Program(['connect', server.url])
      await program.output(/ready/)
      program.child.kill(signal)
      expect(await server.closed).toBe(1000)
      expect(await program.finished).toEqual({ code, stdout: 'ready\n', stderr: 'closed: 1000\n' })
    },
  )

  it('does not wait for the rest of a message, nor pass off its start as the whole', async () => {
    await using server = await greeter()
    let received = 0
    server.server.on('connection', (socket) => socket.on('message', () => received++))
    await using program = new Program(['connect', server.url, '--binary'])
    await program.output(/ready/)
    await new Promise((resolve) => program.child.stdin.write('the start', resolve))
    program.child.kill('SIGINT')
    expect((await program.finished).code).toBe(130)
    expect(received).toBe(0)
  })

  it('says on a terminal how to end at once where the peer does not answer', async () => {
    await using server = await wsServer((socket) => {
      socket.send('ready')
      socket.pause()
    })
    await using program = new Program(['connect', server.url], 'main.js', terminal)
    await program.output(/ready/)
    program.child.kill('SIGINT')
    await program.output(/^closing; Ctrl-C again ends at once\n$/, 'stderr')
    program.child.kill('SIGINT')
    await program.finished
    expect(program.child.signalCode).toBe('SIGINT')
  })
})
