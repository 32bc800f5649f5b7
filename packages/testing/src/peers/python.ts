// Debian's Python `websockets`, as a server and as a client, each in a process of its own.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'

const SERVER = `
import asyncio, sys, websockets
async def echo(socket):
    try:
        async for message in socket:
            await socket.send(message)
    except websockets.ConnectionClosed:
        pass
    print('closed', socket.close_code, socket.close_reason, flush=True)
async def main():
    async with websockets.serve(echo, '127.0.0.1', 0, max_size=None, subprotocols=['echo'], compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()
asyncio.run(main())
`

const CLIENT = `
import asyncio, hashlib, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1], max_size=None, subprotocols=['echo'], compression=None) as socket:
        print('protocol', socket.subprotocol, flush=True)
        await socket.send('h\\u00e4llo \\U0001f600')
        print('text', await socket.recv() == 'h\\u00e4llo \\U0001f600', flush=True)
        data = bytes(i * 7 % 251 for i in range(3000000))
        await socket.send(data)
        print('binary', await socket.recv() == data, flush=True)
        async def parts():
            for part in ['one ', 'two ', 'three']:
                yield part
        await socket.send(parts())
        print('fragments', await socket.recv() == 'one two three', flush=True)
        await (await socket.ping())
        print('pong', True, flush=True)
        await socket.close(3001, 'done')
        print('closed', socket.close_code, socket.close_reason, flush=True)
asyncio.run(main())
`

/** An echo server with the subprotocol `echo`; `lines` gives "closed CODE REASON" for each connection. */
export interface PythonServer {
  url: string
  lines: AsyncIterator<string>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a Python echo server on loopback. */
export async function pythonServer(): Promise<PythonServer> {
  const child = python(SERVER)
  const closed = once(child, 'close') // its pipes too
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const { value: port } = await lines.next()
  return {
    url: `ws://127.0.0.1:${port}`,
    lines,
    async [Symbol.asyncDispose]() {
      child.kill()
      await closed
    },
  }
}

/** Lets a Python client talk to an echo server: text, 3 MB of binary, fragments, a ping, a close. Gives the lines that it prints. */
export async function pythonClient(url: string): Promise<string[]> {
  const child = python(CLIENT, url)
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) lines.push(line)
  return lines
}

function python(script: string, ...args: string[]): ChildProcessWithoutNullStreams {
  const child = spawn('/usr/bin/python3', ['-c', script, ...args])
  child.stderr.pipe(process.stderr)
  return child
}
