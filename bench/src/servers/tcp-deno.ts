// TCP alone on Deno: what no WebSocket server can beat. tcp-deno.js echo, or `streams`: the same through the adapter's byte streams.

import { byteStreams } from '@wirestream/deno'
import process from 'node:process'
import { answer, memory } from '../answer.ts'

const serve = process.argv[2] === 'streams' ? pipe : echo

answer({
  ...memory,
  listen() {
    const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 })
    void acceptAll(listener)
    return listener.addr.port
  },
})

async function acceptAll(listener: ReturnType<typeof Deno.listen>): Promise<void> {
  for (;;) {
    const conn = await listener.accept()
    conn.setNoDelay(true)
    void serve(conn).catch(() => {})
  }
}

async function echo(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65536)
  try {
    for (let length = await conn.read(buffer); length !== null; length = await conn.read(buffer)) {
      for (let sent = 0; sent < length;) sent += await conn.write(buffer.subarray(sent, length))
    }
  } finally {
    conn.close()
  }
}

async function pipe(conn: Deno.Conn): Promise<void> {
  const { readable, writable } = byteStreams(conn)
  await readable.pipeTo(writable)
}
