// A browser as a client: started once with a page of ours, which asks for the next conversation, holds it, and reports.

import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { makeFolder } from './folder.ts'
import { Program } from './program.ts'
import type { Client } from './talk.ts'

/** Which browser, and which of its APIs. */
export interface BrowserPage {
  kind: 'chromium' | 'firefox'
  api: 'WebSocket' | 'WebSocketStream'
}

/** A browser that waits for conversations. */
export interface Browser {
  client: Client
  [Symbol.asyncDispose](): Promise<void>
}

/** How long a browser may take for one conversation, its own start included, in milliseconds. */
const PATIENCE = 60_000

/** Keeps a fresh Firefox off the network and from asking questions. */
const FIREFOX_PREFERENCES = {
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
}

const commands: Record<BrowserPage['kind'], (folder: string, url: string) => string[]> = {
  chromium: (folder, url) => [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    `--user-data-dir=${folder}`,
    url,
  ],
  firefox: (folder, url) => ['--headless', '--no-remote', '--profile', folder, url],
}

/** Starts a browser with a fresh profile. */
export async function startBrowser(program: string, { kind, api }: BrowserPage): Promise<Browser> {
  const temporary = await makeFolder()
  const folder = temporary.path
  const preferences = Object.entries(FIREFOX_PREFERENCES).map(([name, value]) =>
    `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)})\n`
  )
  await writeFile(join(folder, 'user.js'), preferences)
  const desk = new Desk()
  const url = await desk.open(api)
  const process = new Program({ run: [program, ...commands[kind](folder, url)], env: { HOME: folder } })
  return {
    client: (url, closer) => desk.ask({ url, closer }),
    async [Symbol.asyncDispose]() {
      await process.end()
      await desk.close()
      await temporary[Symbol.asyncDispose]()
    },
  }
}

/** The HTTP server that hands out the page, and conversations to it. */
class Desk {
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  #job: { task: string; done: (lines: string[]) => void } | undefined
  /** The page's request that waits for something to do. */
  #idle: ServerResponse | undefined

  async open(api: string): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/browser/page.html?${api}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async ask(task: { url: string; closer: string }): Promise<string[]> {
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<string[]>((resolve) => {
      timer = setTimeout(() => resolve([`fail no report within ${PATIENCE / 1_000} s`]), PATIENCE)
    })
    const report = new Promise<string[]>((done) => this.#job = { task: JSON.stringify(task), done })
    this.#handOut()
    const lines = await Promise.race([report, tooLate])
    clearTimeout(timer)
    this.#job = undefined
    return lines
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://desk')
    if (pathname === '/next') {
      this.#idle = response
      this.#handOut()
    } else if (pathname === '/report') {
      const text = Buffer.concat(await request.toArray()).toString()
      response.end()
      this.#job?.done(text.split('\n'))
    } else {
      const type = pathname.endsWith('.html') ? 'text/html' : 'text/javascript'
      const file = new URL(`../peers${pathname}`, import.meta.url)
      const body = await readFile(file).catch(() => undefined)
      response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': `${type}; charset=utf-8` }).end(body)
    }
  }

  #handOut(): void {
    if (this.#job === undefined || this.#idle === undefined) return
    this.#idle.end(this.#job.task)
    this.#idle = undefined
  }
}
