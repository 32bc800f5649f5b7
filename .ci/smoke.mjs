// A user's project in one runtime: installs the packed packages into an empty folder, offline, and runs the README's
// examples there: the blocks marked `ts run`, and its server and client as two programs. Where the runtime is not Node,
// they import its own adapter, and the first example of that adapter's README runs too. Last, two of the adapter's example programs
// are copied there and talk to each other.
// Usage: node .ci/smoke.mjs node|deno|bun FOLDER-OF-TARBALLS   in the empty folder

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { requireRuntime } from '../packages/runtimes/dist/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const [name, tarballs] = process.argv.slice(2)
const runtime = {
  node: { program: process.execPath, args: [], suffix: 'mjs' },
  deno: {
    program: name === 'deno' && await requireRuntime('Deno'),
    args: ['run', '--check', '--node-modules-dir=manual', '--cached-only', '--no-prompt', '--allow-net'],
    suffix: 'ts',
  },
  bun: { program: name === 'bun' && await requireRuntime('Bun'), args: ['--no-install'], suffix: 'ts' },
}[name]
// Node 20 takes no types; the others run the examples as they stand.
const { transformSync } = createRequire(join(root, 'packages/matrix/package.json'))('esbuild')
const limit = { timeout: 60_000, killSignal: 'SIGKILL' }

install()
for (const [i, code] of runnable().entries()) runToEnd(`example-${i + 1}`, code)
await talk()
await copyPrograms()

function install() {
  const file = (name) => `file:${join(tarballs, readdirSync(tarballs).find((path) => path.includes(`-${name}-`)))}`
  const packages = [...new Set(['codec', name])]
  const dependencies = Object.fromEntries(packages.map((name) => [`@wirestream/${name}`, file(name)]))
  // Overrides: each of our packages asks for the others by version, and no registry has them yet.
  const manifest = { type: 'module', private: true, dependencies, overrides: dependencies }
  writeFileSync('package.json', JSON.stringify(manifest))
  // Deno takes no tarballs, but a node_modules folder that npm made.
  const [program, args] = name === 'bun'
    ? [runtime.program, ['install', '--no-save', '--no-progress']]
    : ['npm', ['install', '--offline', '--no-audit', '--no-fund']]
  const env = { ...process.env, HOME: process.cwd(), BUN_INSTALL_CACHE_DIR: join(process.cwd(), 'cache') }
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env, ...limit })
  if (status !== 0) throw new Error(`Cannot install with ${program}: ${error?.message ?? `exit code ${status}`}`)
  const installed = readdirSync('node_modules/@wirestream').sort().join(' ')
  if (installed !== packages.sort().join(' ')) throw new Error(`installed ${installed}, want ${packages.join(' ')}`)
}

/** The examples that end by themselves. */
function runnable() {
  const own = name === 'node' ? [] : blocks(`packages/${name}/README.md`, 'ts').slice(0, 1)
  const all = [...blocks('README.md', 'ts run'), ...blocks('packages/codec/README.md', 'ts run'), ...own]
  if (all.length < (name === 'node' ? 1 : 2)) throw new Error('found no example to run')
  return all
}

function blocks(path, info) {
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(/^```(ts.*)\n([\s\S]*?)^```/gm)].filter((match) => match[1] === info).map((match) =>
    match[2]
  )
}

function write(label, code) {
  const file = `${label}.${runtime.suffix}`
  const adapted = code.replaceAll('@wirestream/node', `@wirestream/${name}`)
  writeFileSync(file, runtime.suffix === 'ts' ? adapted : transformSync(adapted, { loader: 'ts', format: 'esm' }).code)
  return [...runtime.args, file]
}

function runToEnd(label, code) {
  // A failed assertion is only printed: in the examples it must not pass.
  const strict = `console.assert = (right, ...what) => { if (!right) throw new Error('not so: ' + what) }\n`
  const { status, stdout, error } = spawnSync(runtime.program, write(label, strict + code), {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    ...limit,
  })
  if (status !== 0) throw new Error(`${label} failed: ${error?.message ?? `exit code ${status}`}\n${code}`)
  console.log(`${label} ran${stdout === '' ? '' : `: ${stdout.trim()}`}`)
}

/** The README's server and client, as they stand; only the port is the system's choice. */
async function talk() {
  const replaced = (code, documented, here) => {
    if (!code?.includes(documented)) throw new Error(`the README's example lacks ${documented}`)
    return code.replace(documented, here)
  }
  const [serverCode] = blocks('README.md', 'ts server')
  const [clientCode] = blocks('README.md', 'ts client')
  const server = start(write('server', replaced(serverCode, 'port: 8080', 'port: 0')))
  try {
    const client = start(write('client', replaced(clientCode, 'ws://127.0.0.1:8080/', await urlOf(server))))
    await expectHello(client)
    console.log('the client talked to the server')
  } finally {
    server.kill()
  }
}

/** Two of the programs in the adapter's `examples`, as they stand. */
async function copyPrograms() {
  const copy = (file) => {
    copyFileSync(join(root, 'packages', name, 'examples', file), file)
    // They import modules of Node's, whose types Deno would have to download.
    return [...runtime.args.filter((arg) => arg !== '--check'), file]
  }
  const server = start([...copy('echo-server.mjs'), '--port', '0'])
  try {
    await expectHello(start([...copy('tls-client.mjs'), await urlOf(server), 'hello']))
    console.log('the copied programs talked to each other')
  } finally {
    server.kill()
  }
}

function start(args) {
  const child = spawn(runtime.program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), limit.timeout)
  child.on('close', () => clearTimeout(timer))
  return child
}

/** The URL in the first line that a server prints. */
async function urlOf(server) {
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
  const first = (await lines.next()).value ?? ''
  const url = /ws:\/\/\S+/.exec(first)?.[0]
  if (url === undefined) throw new Error(`the server printed ${JSON.stringify(first)}, want its URL`)
  return url
}

async function expectHello(client) {
  let printed = ''
  client.stdout.setEncoding('utf8').on('data', (text) => printed += text)
  const [code] = await once(client, 'close')
  if (code !== 0 || printed !== 'hello\n') throw new Error(`the client printed ${printed} and ended with ${code}`)
}
