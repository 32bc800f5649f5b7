// Law: the client trusts whom it is told to, sends the header fields and subprotocols that it is given, and says what went wrong.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@wirestream/node'
import { makeCertificate, portOf, rawServer, wsServer } from '@wirestream/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeAdapters } from './support.ts'

const tls = makeCertificate()
let folder: string
let ca: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wirestream-'))
  ca = join(folder, 'ca.pem')
  writeFileSync(ca, tls.cert)
})

afterAll(() => rmSync(folder, { recursive: true }))

/** The options for a client that does everything right. */
const right =
  () => ['--ca', ca, '--header', 'Authorization: Bearer t', '--protocol', 'chat.v2', '--protocol', 'chat.v1']

await describeAdapters((start) => {
  async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    await using client = start('tls-client.mjs', ...args)
    return await client.finished
  }

  test('it talks to ws over TLS, with its header fields in order and case', async () => {
    const https = createServer(tls)
    let fields: string[] = []
    const starting = wsServer((socket) => socket.on('message', (data) => socket.send(`you said ${data}`)), {
      ...({ server: https, port: undefined } as object),
      handleProtocols: (offered) => [...offered][1]!,
      verifyClient: ({ req }: { req: { rawHeaders: string[] } }) => Boolean(fields = req.rawHeaders),
    })
    // ws hears that it listens only once it is loaded.
    https.on('newListener', (name) => name === 'upgrade' && https.listen(0, '127.0.0.1'))
    const server = await starting
    try {
      const url = `wss://localhost:${portOf(https)}/chat`
      expect(await run(...right(), '--header', 'X-Second: two', url, 'hello', 'wörld')).toEqual({
        code: 0,
        stdout: 'you said hello\nyou said wörld\n',
        stderr: 'connected, speaking chat.v1\nclosed: 1000\n',
      })
      const own = fields.indexOf('Authorization')
      expect(fields.slice(own)).toEqual(['Authorization', 'Bearer t', 'X-Second', 'two'])
    } finally {
      await server[Symbol.asyncDispose]()
      https.close()
    }
  })

  test('it says who refused it, and what they said', async () => {
    await using listener = await serve({
      port: 0,
      tls,
      accept: ({ headers }) =>
        headers.some(([name, value]) => name === 'Authorization' && value === 'Bearer t') ||
        { status: 401, body: 'want a token\x1b[2J\n' },
    }, () => {})
    const { host } = new URL(listener.url)
    expect(await run('--ca', ca, `wss://${host}/`)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'tls-client: the server refused with 401: want a token [2J\n',
    })
    const { code, stderr } = await run(`wss://${host}/`)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^tls-client: Cannot open .* \(to trust it, .*--ca\)\n$/)])
  })

  test('a certificate for another name is an error, and so is a server that says nothing', async () => {
    const other = makeCertificate(['other.example'])
    writeFileSync(join(folder, 'other.pem'), other.cert)
    await using listener = await serve({ port: 0, tls: other }, () => {})
    const { code, stderr } = await run('--ca', join(folder, 'other.pem'), listener.url)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^tls-client: Cannot open WebSocket: .*\n$/)])

    await using silent = await rawServer(() => {})
    const waited = await run('--timeout', '0.2', `ws://127.0.0.1:${silent.port}/`)
    expect(waited).toMatchObject({ code: 1, stderr: expect.stringMatching(/^tls-client: .*within .*200 ms.*\n$/) })
  })

  test.each([
    [['--header', 'no colon', 'ws://127.0.0.1:9/'], 'a header field is a name, a colon and a value, got no colon'],
    [['--header', 'Upgrade: h2c', 'ws://127.0.0.1:9/'], 'header field Upgrade'],
    [['--protocol', 'a b', 'ws://127.0.0.1:9/'], 'Cannot offer subprotocols'],
    [['--ca', '/nowhere/ca.pem', 'wss://127.0.0.1:9/'], '/nowhere/ca.pem'],
    [['ftp://127.0.0.1:9/'], 'the scheme ws, wss'],
    [[], 'want a URL'],
  ])('%j is an error of the caller in one line', async (args, what) => {
    const { code, stdout, stderr } = await run(...args)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^tls-client: .*\n$/)
    expect(stderr).toContain(what)
  })
})
