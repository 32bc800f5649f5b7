// Runs a bundle in one runtime: starts it, reads its lines, and ends it when it takes too long.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import type { FoundRuntime } from '@wirestream/runtimes'
import { chromium } from '@wirestream/testing'
import { Gatherer, type Outcome } from './outcome.ts'

/** The tests as workerd wants them: a worker whose `test` is called. */
const WORKERD_CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "bundle.mjs", esModule = embed "bundle.mjs")],
  compatibilityDate = "2026-11-01",
);
`

/** Runs `bundle` and says what happened. Never throws: whatever goes wrong is a fault. `limit` is in milliseconds. */
export async function runIn(runtime: FoundRuntime, bundle: string, limit: number): Promise<Outcome> {
  const gatherer = new Gatherer()
  const start = performance.now()
  const how = await (runtime.name === 'Chromium' ? inPage : inProcess)(runtime, bundle, limit, gatherer)
    .catch((error: Error) => `did not run: ${error.stack ?? error.message}`)
  gatherer.end(how)
  const { name, version } = runtime
  const { tests, faults } = gatherer
  return { name, version, tests, faults, milliseconds: performance.now() - start }
}

/** Resolves with how it ended, or undefined where it ended well. */
async function inProcess(
  { name, program }: FoundRuntime,
  bundle: string,
  limit: number,
  gatherer: Gatherer,
): Promise<string | undefined> {
  const cwd = dirname(bundle)
  if (name === 'workerd') await writeFile(join(cwd, 'workerd.capnp'), WORKERD_CONFIG)
  // Nothing of the caller's environment, so that the runtimes are told alike. Deno may ask the network for an update.
  const { PATH, TMPDIR } = process.env
  const env = { PATH, TMPDIR, HOME: cwd, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' }
  const child = spawn(program, argumentsFor(name, bundle), { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, limit)
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('error', ({ message }) => resolve(`did not start: ${message}`))
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`))
  })
  readLines(child, gatherer)
  const how = await ended
  clearTimeout(timer)
  return late ? `was still running after ${limit / 1000} s` : how
}

function argumentsFor(name: FoundRuntime['name'], bundle: string): string[] {
  // The codec needs no permission; the environment is read by what vitest's matchers use to colour their messages.
  if (name === 'Deno') return ['run', '--no-config', '--no-lock', '--no-prompt', '--no-remote', '--allow-env', bundle]
  if (name === 'Bun') return ['--no-install', bundle]
  if (name === 'workerd') return ['test', 'workerd.capnp']
  return [bundle]
}

function readLines({ stdout, stderr }: ChildProcess, gatherer: Gatherer): void {
  for (const input of [stdout!, stderr!]) createInterface({ input }).on('line', (line) => gatherer.line(line))
}

/** A page of http://127.0.0.1, which browsers count as secure; nothing listens there: the page is put in its place. */
async function inPage(
  { program }: FoundRuntime,
  bundle: string,
  limit: number,
  gatherer: Gatherer,
): Promise<string | undefined> {
  const body = await readFile(bundle, 'utf8')
  await using browser = await chromium(program)
  const page = await browser.open('about:blank')
  await page.route(
    '**/*',
    (route) =>
      route.request().url().endsWith('/bundle.mjs')
        ? route.fulfill({ contentType: 'text/javascript', body })
        : route.fulfill({ contentType: 'text/html', body: '<script type="module" src="/bundle.mjs"></script>' }),
  )
  let timer: NodeJS.Timeout | undefined
  const ended = new Promise<string | undefined>((resolve) => {
    timer = setTimeout(() => resolve(`was still running after ${limit / 1000} s`), limit)
    page.on('crash', () => resolve('the page crashed'))
    page.on('pageerror', (error) => resolve(`the page threw ${error.stack ?? error.message}`))
    page.on('console', (message) => {
      gatherer.line(message.text())
      if (gatherer.done) resolve(undefined)
    })
  })
  // The event of the document, not of the tests in it, which may never end.
  await page.goto('http://127.0.0.1/', { waitUntil: 'commit' })
  const how = await ended
  clearTimeout(timer)
  return how
}
