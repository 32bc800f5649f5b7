// A client that asks a proxy for the server before it starts TLS: the dial hook in Deno. proxy.test.ts starts it.

import { connect, DialledSocket } from '@wirestream/deno'
import process from 'node:process'

const [proxyPort, url, ca] = process.argv.slice(2) as [string, string, string]

await using connection = await connect(url, {
  ca,
  async dial({ hostname, port }, signal) {
    const conn = await Deno.connect({ hostname: '127.0.0.1', port: Number(proxyPort) })
    await conn.write(
      new TextEncoder().encode(`CONNECT ${hostname}:${port} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`),
    )
    let head = ''
    const buffer = new Uint8Array(1024)
    while (!head.endsWith('\r\n\r\n')) {
      head += new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0))
    }
    console.log(head.split('\r\n')[0])
    return new DialledSocket(conn, hostname, signal)
  },
})
await connection.send('hello')
console.log((await connection.readable.getReader().read()).value)
