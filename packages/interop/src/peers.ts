// Everybody we talk to: where each comes from, and how its ends are started. What an end does is in peers/, one folder each.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import process from 'node:process'
import { promisify } from 'node:util'
import { findRuntime, type RuntimeName } from '@wirestream/runtimes'
import type { BrowserPage } from './browser.ts'
import { compiler, type End, java, script } from './ends.ts'
import type { ProxyKind } from './proxy.ts'

/** Where a peer was found: its version, and the program that runs its scripts, where that is a runtime. */
export interface Found {
  version: string
  program: string
}

/** Why a peer is not here. */
export interface Missing {
  missing: string
}

/** What a peer does wrong by itself, as was found out. */
export interface KnownFault {
  /** The first fault of a conversation in which it shows. */
  match: RegExp
  why: string
  /** `messages are cut`: then our end sends whole ones, to see the rest. `now and then`: then it gets another chance. */
  when: 'messages are cut' | 'now and then'
}

/** Somebody who has a server, a client, or both. Each is a function of the program that runs it. */
export interface Peer {
  name: string
  find(): Promise<Found | Missing>
  server?: (program: string) => End
  client?: (program: string) => End
  /** One of our own adapters. */
  isOurs?: boolean
  /** A reverse proxy that ends TLS in front of a server of ours. */
  proxy?: ProxyKind
  /** A client that is a page: the program is a browser. */
  browser?: BrowserPage
  /** What the peer itself does wrong; a fault that none of these explains counts as ours. */
  faults?: readonly KnownFault[]
}

const require = createRequire(import.meta.url)

function npm(name: string): () => Promise<Found> {
  return async () => {
    const manifest = JSON.parse(await readFile(require.resolve(`${name}/package.json`), 'utf8'))
    return { version: manifest.version, program: process.execPath }
  }
}

function runtime(name: RuntimeName): () => Promise<Found | Missing> {
  return () => findRuntime(name)
}

/** Packages of Debian that are all needed; the version is the first one's, `program` what runs it. */
export function debian(program: string, ...packages: string[]): () => Promise<Found | Missing> {
  return async () => {
    const versions = await Promise.all(packages.map(debianVersion))
    const absent = packages.filter((_, i) => versions[i] === undefined)
    if (absent.length > 0) return { missing: `wants the Debian package ${absent.join(', ')}` }
    return { version: versions[0]!, program }
  }
}

/** `1:2.3.4-5+b1` is version 2.3.4. */
async function debianVersion(name: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Version}', name])
    return /^installed (?:\d+:)?([^\s+~-]+)/.exec(stdout)?.[1]
  } catch {
    return undefined
  }
}

const api = (name: string) => script('websocket-api/client.mjs', [], [name])
const python = '/usr/bin/python3'
const go = compiler(['go', 'build', '-o', 'OUT', 'SOURCE'], {
  GO111MODULE: 'off',
  GOPATH: '/usr/share/gocode',
  GOFLAGS: '',
})
const c = (...libraries: string[]) => compiler(['gcc', '-O1', '-o', 'OUT', 'SOURCE', ...libraries])
const cpp = compiler(['g++', '-std=c++17', '-O0', '-o', 'OUT', 'SOURCE', '-lpthread'])

/** What we cannot talk to because nobody in reach has it is not here; what is here and not installed is named as not run. */
export const peers: readonly Peer[] = [
  { name: 'ws', find: npm('ws'), server: script('ws/server.mjs'), client: script('ws/client.mjs') },
  { name: 'undici WebSocket', find: npm('undici'), client: api('undici.WebSocket') },
  { name: 'undici WebSocketStream', find: npm('undici'), client: api('undici.WebSocketStream') },
  { name: 'Node 22 WebSocket', find: runtime('Node 22'), client: api('WebSocket') },
  { name: 'Node 24 WebSocket', find: runtime('Node 24'), client: api('WebSocket') },
  { name: 'Node 26 WebSocket', find: runtime('Node 26'), client: api('WebSocket') },
  {
    name: 'Deno',
    find: runtime('Deno'),
    server: script('deno/server.mjs', ['run', '-A']),
    client: script('websocket-api/client.mjs', ['run', '-A'], ['WebSocket']),
  },
  {
    name: 'Deno WebSocketStream',
    find: runtime('Deno'),
    client: script('websocket-api/client.mjs', ['run', '-A', '--unstable-net'], ['WebSocketStream']),
    faults: [{
      match: /WebSocketError: done/,
      when: 'now and then',
      why:
        'after its own close it waits for the next event twice, and where the end of the TCP connection comes right behind the ' +
        "server's Close it takes that for an error; with other servers (gorilla, wsproto, websockets) too, in some 5 of 100 runs",
    }],
  },
  { name: 'Bun', find: runtime('Bun'), server: script('bun/server.mjs'), client: api('WebSocket') },
  { name: 'Chromium', find: runtime('Chromium'), browser: { kind: 'chromium', api: 'WebSocket' } },
  {
    name: 'Chromium WebSocketStream',
    find: runtime('Chromium'),
    browser: { kind: 'chromium', api: 'WebSocketStream' },
  },
  {
    name: 'Firefox',
    find: debian('/usr/bin/firefox-esr', 'firefox-esr'),
    browser: { kind: 'firefox', api: 'WebSocket' },
  },
  {
    name: 'Python websockets',
    find: debian(python, 'python3-websockets'),
    server: script('python-websockets/server.py'),
    client: script('python-websockets/client.py'),
  },
  {
    name: 'Python aiohttp',
    find: debian(python, 'python3-aiohttp'),
    server: script('python-aiohttp/server.py'),
    client: script('python-aiohttp/client.py'),
  },
  {
    name: 'Python autobahn',
    find: debian(python, 'python3-autobahn'),
    server: script('python-autobahn/server.py'),
    client: script('python-autobahn/client.py'),
  },
  {
    name: 'Python wsproto',
    find: debian(python, 'python3-wsproto'),
    server: script('python-wsproto/server.py'),
    client: script('python-wsproto/client.py'),
  },
  {
    name: 'Python tornado',
    find: debian(python, 'python3-tornado'),
    server: script('python-tornado/server.py'),
    client: script('python-tornado/client.py'),
  },
  {
    name: 'Python websocket-client',
    find: debian(python, 'python3-websocket'),
    client: script('python-websocket-client/client.py'),
  },
  {
    name: 'Go gorilla',
    find: debian('', 'golang-github-gorilla-websocket-dev', 'golang-go'),
    server: go('gorilla/server.go'),
    client: go('gorilla/client.go'),
  },
  {
    name: 'Go x/net/websocket',
    find: debian('', 'golang-golang-x-net-dev', 'golang-go'),
    server: go('go-x-net/server.go'),
    client: go('go-x-net/client.go'),
    faults: [{
      match: /fragmented: got 65536 bytes, wanted 1048576/,
      when: 'messages are cut',
      why: 'it gives each fragment as a message of its own, against RFC 6455 §5.4; with whole messages all is well',
    }],
  },
  {
    name: 'Go nhooyr',
    find: debian('', 'golang-nhooyr-websocket-dev', 'golang-go'),
    server: go('nhooyr/server.go'),
    client: go('nhooyr/client.go'),
  },
  {
    name: 'libwebsockets',
    find: debian('', 'libwebsockets-dev', 'libssl-dev', 'gcc'),
    server: c('-lwebsockets')('libwebsockets/server.c'),
    client: c('-lwebsockets')('libwebsockets/client.c'),
  },
  {
    name: 'Boost Beast',
    find: debian('', 'libboost-dev', 'g++'),
    server: cpp('beast/server.cpp'),
    client: cpp('beast/client.cpp'),
  },
  {
    name: 'websocketpp',
    find: debian('', 'libwebsocketpp-dev', 'libboost-dev', 'g++'),
    server: cpp('websocketpp/server.cpp'),
    client: cpp('websocketpp/client.cpp'),
  },
  { name: 'Java HttpClient', find: javaVersion, client: java('java-httpclient/Client.java') },
  {
    name: 'Perl Mojolicious',
    find: debian('/usr/bin/perl', 'libmojolicious-perl'),
    server: script('mojolicious/server.pl'),
    client: script('mojolicious/client.pl'),
  },
  {
    name: 'Perl Protocol::WebSocket',
    find: debian('/usr/bin/perl', 'libprotocol-websocket-perl'),
    server: script('protocol-websocket/server.pl'),
    client: script('protocol-websocket/client.pl'),
  },
  {
    name: 'Ruby websocket-driver',
    find: debian('/usr/bin/ruby', 'ruby-websocket-driver', 'ruby'),
    server: script('websocket-driver/server.rb'),
    client: script('websocket-driver/client.rb'),
  },
  { name: 'nginx', find: debian('/usr/sbin/nginx', 'nginx'), proxy: 'nginx' },
  { name: 'haproxy', find: debian('/usr/sbin/haproxy', 'haproxy'), proxy: 'haproxy' },
  { name: 'apache', find: debian('/usr/sbin/apache2', 'apache2-bin'), proxy: 'apache' },
]

async function javaVersion(): Promise<Found | Missing> {
  try {
    const { stdout } = await promisify(execFile)('javac', ['--version'])
    const version = /\d+[\d.]*/.exec(stdout)?.[0] ?? ''
    if (Number.parseInt(version) < 11) return { missing: `wants Java 11, got ${version}` }
    return { version, program: 'java' }
  } catch {
    return { missing: 'wants javac, such as the Debian package default-jdk-headless' }
  }
}
