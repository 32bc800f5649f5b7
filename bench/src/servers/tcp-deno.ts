// TCP alone on Deno: what no WebSocket server can beat. tcp-deno.js MODE: `broadcast`; `streams`, an echo through the
// adapter's byte streams; or any other, an echo of its own.

import { byteStreams } from '@wirestream/deno'
import process from 'node:process'
import { answer, memory } from '../answer.ts'

const modes: Record<string, (conn: Deno.Conn) => Promise<void>> = { broadcast, streams: pipe }
const serve = modes[process.argv[2]!] ?? echo
const conns = new Set<Deno.Conn>()

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

/** One message is under way at a time, so none is longer than what the system takes at once. */
async function broadcast(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65536)
  conns.add(conn)
  try {
    for (let length = await conn.read(buffer); length !== null; length = await conn.read(buffer)) {
      const message = buffer.slice(0, length)
      for (const each of conns) each.write(message).catch(() => {})
    }
  } finally {
    conns.delete(conn)
    conn.close()
  }
}

async function pipe(conn: Deno.Conn): Promise<void> {
  const { readable, writable } = byteStreams(conn)
  await readable.pipeTo(writable)
}
