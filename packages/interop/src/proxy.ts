// A reverse proxy that ends TLS in front of a server of ours, in a folder of its own with a fresh certificate.

import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeCertificate } from '@wirestream/testing'
import { makeFolder } from './folder.ts'
import { Program } from './program.ts'

/** The proxies whose configuration is in peers/. */
export type ProxyKind = 'nginx' | 'haproxy' | 'apache'

/** A proxy that listens. */
export interface Proxy {
  port: number
  /** The file with the certificate that a client must trust. */
  ca: string
  [Symbol.asyncDispose](): Promise<void>
}

const kinds: Record<ProxyKind, (program: string, folder: string, configuration: string) => string[]> = {
  nginx: (program, folder, file) => [program, '-p', folder, '-c', file, '-e', 'stderr'],
  haproxy: (program, _, file) => [program, '-db', '-f', file],
  apache: (program, folder, file) => [program, '-d', folder, '-f', file, '-DFOREGROUND'],
}

/** Starts a proxy to `upstream`, a port of this machine. Rejects with what it wrote where it does not listen. */
export async function startProxy(kind: ProxyKind, program: string, upstream: number): Promise<Proxy> {
  const temporary = await makeFolder()
  const folder = temporary.path
  const { cert, key } = makeCertificate()
  const port = await freePort()
  const values: Record<string, string> = { FOLDER: folder, PORT: `${port}`, UPSTREAM: `${upstream}` }
  const template = await readFile(new URL(`../peers/${kind}/${kind}.conf`, import.meta.url), 'utf8')
  const configuration = join(folder, 'proxy.conf')
  await writeFile(configuration, template.replaceAll(/@([A-Z]+)@/g, (_, name: string) => values[name] ?? ''))
  const ca = join(folder, 'cert.pem')
  await Promise.all([
    writeFile(ca, cert),
    writeFile(join(folder, 'key.pem'), key),
    writeFile(join(folder, 'both.pem'), cert + key),
  ])
  const process = new Program({ run: kinds[kind](program, folder, configuration) })
  const dispose = async () => {
    await process.end()
    await temporary[Symbol.asyncDispose]()
  }
  if (!await listens(port, process)) {
    await dispose()
    throw new Error(`Cannot start ${kind}: ${process.ending ?? 'it does not listen'}: ${process.errors.trim()}`)
  }
  return { port, ca, [Symbol.asyncDispose]: dispose }
}

/** A port that was free a moment ago: these programs cannot choose one and say so. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function listens(port: number, process: Program): Promise<boolean> {
  for (let tries = 0; tries < 100 && process.ending === undefined; tries++) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return true
    } catch {
      await sleep(100)
    } finally {
      socket.destroy()
    }
  }
  return false
}
