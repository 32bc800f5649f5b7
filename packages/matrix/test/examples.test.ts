// The codec's examples for workers and pages, run where they belong: in workerd against our own server, in Chromium.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import { FrameEncoder, MessageEncoder, Opcode } from '@wirestream/codec'
import { serve } from '@wirestream/node'
import { findRuntime } from '@wirestream/runtimes'
import { chromium } from '@wirestream/testing'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { root } from '../src/bundle.ts'
import { need } from './need.ts'

const examples = join(root, 'packages/codec/examples')

async function bundled(path: string, external: string[] = []): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(examples, path)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['@wirestream/source'],
    external,
    write: false,
  })
  return outputFiles[0]!.text
}

/** A worker that may reach this machine; `url` is where it listens. */
async function startWorker(program: string, code: string): Promise<{ url: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'wirestream-'))
  writeFileSync(join(folder, 'worker.mjs'), code)
  writeFileSync(
    join(folder, 'workerd.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "internet", network = (allow = ["local"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-11-01",
);
`,
  )
  const child: ChildProcess = spawn(program, ['serve', 'workerd.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const port = new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdio[3] as Readable }).on('line', (line) => {
      const { event, port } = JSON.parse(line) as { event: string; port: number }
      if (event === 'listen') resolve(port)
    })
    child.on('error', reject)
    child.on('close', (code) => reject(new Error(`workerd ended with exit code ${code}`)))
  })
  return {
    url: `http://127.0.0.1:${await port}/`,
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const workerd = await findRuntime('workerd')

it.skipIf(need(workerd))('a worker talks to our server over the sockets of its platform', async () => {
  const closes: Promise<{ closeCode: number }>[] = []
  await using listener = await serve({ port: 0 }, async (connection) => {
    closes.push(connection.closed)
    for await (const message of connection.readable) await connection.send(`you said ${message.length}: ${message}`)
  })
  await using worker = await startWorker(
    'program' in workerd ? workerd.program : '',
    await bundled('worker/worker.ts', ['cloudflare:sockets']),
  )
  const ask = (to: string, body: string) =>
    fetch(`${worker.url}?to=${encodeURIComponent(to)}`, { method: 'POST', body })

  const first = await ask(listener.url, 'hällo')
  expect([first.status, await first.text()]).toEqual([200, 'you said 5: hällo'])
  const long = 'x'.repeat(300_000)
  const second = await ask(listener.url, long)
  expect(await second.text() === `you said 300000: ${long}`).toBe(true)
  // Leaving the loop closed the connection properly, with a Close frame that says nothing.
  for (const close of closes) expect((await close).closeCode).toBe(1005)
  expect(closes).toHaveLength(2)

  await listener.close()
  const third = await ask(listener.url, 'anybody?')
  expect([third.status, await third.text()]).toEqual([502, expect.stringContaining(new URL(listener.url).host)])
})

const browser = await findRuntime('Chromium')

it.skipIf(need(browser))('a page decodes recorded bytes, and says what is wrong with them', async () => {
  const code = await bundled('page/page.ts')
  const html = readFileSync(join(examples, 'page/index.html'), 'utf8')
  await using chrome = await chromium('program' in browser ? browser.program : '')
  const page = await chrome.open('about:blank')
  await page.route(
    '**/*',
    (route) =>
      route.request().url().endsWith('/page.js')
        ? route.fulfill({ contentType: 'text/javascript', body: code })
        : route.fulfill({ contentType: 'text/html', body: html }),
  )
  await page.goto('http://127.0.0.1/')
  const choose = async (buffer: Buffer) => {
    await page.setInputFiles('input', { name: 'recorded', mimeType: 'application/octet-stream', buffer })
    await page.waitForFunction('/decoded|Error/.test(document.querySelector("[role=status]").textContent)')
    return [await page.locator('li').allTextContents(), await page.locator('[role=status]').textContent()] as const
  }

  const messages = new MessageEncoder({ fragmentSize: 7 })
  const frames = new FrameEncoder({ role: 'server' })
  const good = [
    ...messages.encode({ type: 'text', data: 'a recorded messäge' }),
    ...messages.encode({ type: 'ping', data: new Uint8Array(3) }),
    ...messages.encode({ type: 'binary', data: new Uint8Array(100_000) }),
    ...messages.encode({ type: 'close', statusCode: 1000, reason: 'bye' }),
  ]
  const list = ['text: a recorded messäge', 'ping: 3 bytes', 'binary: 100000 bytes', 'close: 1000 bye']
  expect(await choose(Buffer.concat(frames.encode(good)))).toEqual([list, '4 decoded'])

  const bad = Buffer.concat(frames.encode([...good.slice(0, -1), { opcode: Opcode.Pong, payload: new Uint8Array(0) }]))
  bad[bad.length - 2]! |= 0x40 // RSV1 of the pong
  const [shown, status] = await choose(bad)
  expect(shown).toEqual(list.slice(0, 3))
  expect(status).toBe('ProtocolError: Cannot decode frame: RSV1 must be 0 where not negotiated, got 1')
})
