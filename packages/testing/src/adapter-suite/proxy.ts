// A proxy and a server behind it, for clients in other runtimes that speak with the one before TLS and with the other after. For
// Node only.

import { serve } from '@wirestream/node'
import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { makeCertificate } from '../certificate.ts'
import { rawServer } from '../sockets.ts'
import { echo, readHead } from './support.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/**
 * Runs a program that takes three arguments: the port of a proxy, the URL of an echo behind it that only TLS reaches, and the
 * certificate to trust. Gives what it printed, and what the proxy was asked for.
 */
export async function throughProxy(
  program: string,
  args: readonly string[],
  file: URL,
): Promise<{ asked: string[]; output: string }> {
  const tls = makeCertificate(['inside.example'])
  await using listener = await serve({ tls }, echo)
  const asked: string[] = []
  await using proxy = await rawServer((socket) => void tunnel(socket, listener.port, asked))
  const url = `wss://inside.example:${listener.port}/`
  const child = spawn(program, [...args, fileURLToPath(file), String(proxy.port), url, tls.cert], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output += text)
  }
  await new Promise((resolve) => child.on('close', resolve).on('error', resolve))
  return { asked, output }
}

/** Answers a CONNECT (RFC 9110 §9.3.6), and passes bytes on from then. */
async function tunnel(socket: Socket, port: number, asked: string[]): Promise<void> {
  asked.push((await readHead(socket)).split('\r\n')[0]!)
  const target = connect({ port, host: '127.0.0.1' })
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
  socket.pipe(target).on('error', () => socket.destroy())
  target.pipe(socket)
}
