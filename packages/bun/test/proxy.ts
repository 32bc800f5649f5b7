// A client that asks a proxy for the server before it starts TLS: the dial hook in Bun. proxy.test.ts starts it.

import { byteStreams, connect, DialledSocket, socketHandlers } from '@wirestream/bun'
import process from 'node:process'

const [proxyPort, url, ca] = process.argv.slice(2) as [string, string, string]

await using connection = await connect(url, {
  ca,
  async dial({ hostname, port }, signal) {
    const where = { hostname: '127.0.0.1', port: Number(proxyPort) }
    const socket = await Bun.connect({ ...where, allowHalfOpen: true, socket: socketHandlers() })
    const { readable, writable } = byteStreams(socket)
    const [reader, writer] = [readable.getReader(), writable.getWriter()]
    await writer.write(
      new TextEncoder().encode(`CONNECT ${hostname}:${port} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`),
    )
    let head = ''
    while (!head.endsWith('\r\n\r\n')) head += new TextDecoder().decode((await reader.read()).value)
    console.log(head.split('\r\n')[0])
    return new DialledSocket(socket, hostname, signal)
  },
})
await connection.send('hello')
console.log((await connection.readable.getReader().read()).value)
