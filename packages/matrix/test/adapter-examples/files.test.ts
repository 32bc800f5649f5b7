// Law: a file goes up and comes down as it was, from disk to disk in bounded memory; a transfer that fails leaves nothing behind and
// says why. Progress is a bar on a terminal and lines elsewhere.

import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, serve } from '@wirestream/node'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { describeAdapters, Program } from './support.ts'

const MiB = 1024 * 1024
const big = randomBytes(100 * MiB + 12_345)
const digest = createHash('sha256').update(big).digest('hex')
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wirestream-'))
  writeFileSync(join(folder, 'big.bin'), big)
  writeFileSync(join(folder, 'small.bin'), big.subarray(0, 5 * MiB))
  writeFileSync(join(folder, 'empty.bin'), '')
})

afterAll(() => rmSync(folder, { recursive: true }))

await describeAdapters((start, adapter) => {
  /** A server over an empty folder. */
  async function serveFiles(...args: string[]): Promise<{ server: Program; url: string; store: string }> {
    const store = mkdtempSync(join(folder, `${adapter}-`))
    const server = start('file-server.mjs', '--port', '0', ...args, store)
    return { server, url: await server.url(), store }
  }

  test('100 MiB up and down again, with progress and digests, in bounded memory', async () => {
    const { server, url, store } = await serveFiles()
    await using _ = server
    const before = server.peakMemory()
    await using put = start('file-client.mjs', 'put', join(folder, 'big.bin'), url)
    expect(await put.finished).toMatchObject({ code: 0, stdout: `${digest}  big.bin\n` })
    expect(big.equals(readFileSync(join(store, 'big.bin')))).toBe(true)

    const back = join(store, 'back.bin')
    await using get = start('file-client.mjs', 'get', 'big.bin', url, back)
    await get.output(/^90 %/m, 'stderr')
    const peak = get.peakMemory() // before it can have ended
    const { code, stdout, stderr } = await get.finished
    expect([code, stdout]).toEqual([0, `${digest}  back.bin\n`])
    expect(stderr.split('\n').filter(Boolean).map((line) => line.split(' %')[0])).toEqual(
      Array.from({ length: 11 }, (_, i) => String(i * 10)),
    )
    expect(stderr).toMatch(/^100 % {2}100\.0 of 100\.0 MiB, [\d.]+ MiB\/s$/m)
    expect(big.equals(readFileSync(back))).toBe(true)
    expect(readdirSync(store).sort()).toEqual(['back.bin', 'big.bin'])

    const grown = server.peakMemory() - before
    if (!Number.isNaN(grown)) expect(grown, 'MiB more than before').toBeLessThan(80)
    if (!Number.isNaN(peak)) expect(peak, 'MiB of the client').toBeLessThan(200)
    expect(await server.interrupt()).toMatchObject({ code: 0, stderr: '' })
  })

  test('an empty file is a file', async () => {
    const { server, url, store } = await serveFiles()
    await using _ = server
    await using put = start('file-client.mjs', 'put', join(folder, 'empty.bin'), url)
    expect(await put.finished).toMatchObject({ code: 0 })
    await using get = start('file-client.mjs', 'get', 'empty.bin', url, join(store, 'back.bin'))
    expect(await get.finished).toMatchObject({ code: 0 })
    expect(readFileSync(join(store, 'back.bin'))).toHaveLength(0)
  })

  test('on a terminal, progress is a bar', async () => {
    const { server, url } = await serveFiles()
    await using _ = server
    const { program, args } = start.command('file-client.mjs', 'put', join(folder, 'small.bin'), url)
    // `script` gives it a terminal.
    const quoted = [program, ...args].map((arg) => `'${arg}'`).join(' ')
    await using put = new Program('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], start.folder)
    const { code, stdout } = await put.finished
    expect(code, stdout).toBe(0)
    const [first, ...redrawn] = stdout.split('\r[')
    expect(first).toBe('')
    expect(redrawn[0]).toMatch(/^#?\.{29,30}\] \d %/)
    expect(redrawn.at(-1)).toMatch(/^#{30}\] 100 % {2}5\.0 of 5\.0 MiB, [\d.]+ MiB\/s/)
  })

  test('what cannot be done is refused before the file goes, and leaves nothing behind', async () => {
    const { server, url, store } = await serveFiles('--max-size', '1000')
    await using _ = server
    const failing = async (...args: string[]) => {
      await using client = start('file-client.mjs', ...args)
      const { code, stdout, stderr } = await client.finished
      expect([code, stdout]).toEqual([1, ''])
      return stderr
    }
    expect(await failing('put', join(folder, 'big.bin'), url)).toBe(
      'file-client: the server closed: 4000 the size must be 0 to 1000 bytes\n',
    )
    const target = join(store, 'target')
    expect(await failing('get', 'nothing.bin', url, target)).toBe('file-client: the server closed: 4000 no such file\n')
    expect(await failing('get', '../secret', url, target)).toMatch(/^file-client: the server closed: 4000 a name is/)
    expect(await failing('put', join(folder, 'nothing.bin'), url)).toMatch(/^file-client: .*nothing\.bin.*\n$/)
    expect(await failing('put', join(folder, 'empty.bin'), 'ws://127.0.0.1:9')).toMatch(
      /^file-client: Cannot open .*\n$/,
    )
    for (const request of ['null', '{}', 'no JSON', `{"put":"a","size":"${'x'.repeat(900)}"}`]) {
      const connection = await connect(url)
      await connection.send(request)
      expect((await connection.closed).closeCode).toBe(4000)
    }
    expect(readdirSync(store)).toEqual([])
    expect(await server.interrupt()).toMatchObject({ code: 0, stderr: '' })
  })

  test('a client that goes away half-way, or sends another size, leaves nothing behind', async () => {
    const { server, url, store } = await serveFiles()
    await using _ = server
    for (const { announced, sent } of [{ announced: 10, sent: 11 }, { announced: 12, sent: 11 }]) {
      const connection = await connect(url)
      const messages = connection.messages()
      await connection.send(JSON.stringify({ put: 'file.bin', size: announced }))
      await messages.next()
      await connection.send(new Uint8Array(sent))
      expect(await connection.closed).toMatchObject({ closeCode: 4000, reason: expect.stringContaining('announced') })
    }
    const connection = await connect(url)
    const messages = connection.messages()
    await connection.send(JSON.stringify({ put: 'file.bin', size: MiB }))
    await messages.next()
    async function* source(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1000)
      // It has begun to write.
      await vi.waitFor(() => expect(readdirSync(store)).toEqual([expect.stringMatching(/^file\.bin\..*\.part$/)]))
      throw new Error('no more')
    }
    await expect(connection.send(ReadableStream.from(source()), { length: MiB })).rejects.toThrow('no more')
    await vi.waitFor(() => expect(readdirSync(store)).toEqual([]))
    expect(await server.interrupt()).toMatchObject({ code: 0, stderr: '' })
  })

  test('Ctrl-C during a download leaves no part behind', async () => {
    async function* half(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(500)
      await new Promise(() => {})
    }
    await using listener = await serve({ port: 0 }, async (connection) => {
      await connection.messages().next()
      await connection.send(JSON.stringify({ size: 1000 }))
      await connection.send(ReadableStream.from(half()), { length: 1000 })
    })
    const store = mkdtempSync(join(folder, `${adapter}-`))
    await using get = start('file-client.mjs', 'get', 'any', listener.url, join(store, 'target'))
    await get.output(/^50 %/m, 'stderr')
    await vi.waitFor(() => expect(readdirSync(store)).toEqual([expect.stringMatching(/^target\..*\.part$/)]))
    const { code, stderr } = await get.interrupt()
    expect([code, stderr]).toEqual([130, expect.stringMatching(/^50 % .*\nfile-client: interrupted\n$/)])
    expect(readdirSync(store)).toEqual([])
  })
})
