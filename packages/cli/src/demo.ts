// The demo that `npm start` runs: one huge message through our own client and server, checked and measured; then a server to
// play with, from another terminal or a browser.

import { relative } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { readArguments, readWholeNumber, UsageError } from './arguments.ts'
import { DemoServer } from './demo/server.ts'
import { Progress } from './demo/progress.ts'
import { type RoundTrip, roundTrip } from './demo/round-trip.ts'
import { describeFailure } from './failure.ts'
import { Output, OutputClosed } from './output.ts'
import { stopRequested } from './signals.ts'
import { formatSize, readSize } from './size.ts'

const help = `
Usage: npm start -- [options]

Sends one binary message of 1 GiB through an echo server and back, checks its SHA-256, and prints throughput and growth of
memory. Then the server stays up for a terminal and a browser, until Ctrl-C.

  --once          end after the check: 0 when the sums are equal, 1 when they are not
  --size SIZE     the message's length, such as 64MiB or 4GiB; 1GiB unless told. 64M and 64MB mean 64MiB, too
  --port NUMBER   where the server listens; any free port unless told
`

process.stderr.on('error', () => {}) // where nobody hears complaints, the exit code still tells
process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  try {
    return await demo(args)
  } catch (error) {
    if (error instanceof OutputClosed) return 0 // as in `npm start | head`: nobody wants more
    process.stderr.write(`demo: ${describeFailure(error)}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

async function demo(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    once: { type: 'boolean' },
    size: { type: 'string' },
    port: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  })
  const output = new Output()
  const print = async (text: string) => {
    await output.write(`${text}\n`)
    await output.flush()
  }
  if (values.help) return await print(help.trim()).then(() => 0)
  if (positionals.length > 0) throw new UsageError(`want options only, got ${JSON.stringify(positionals[0])}`)
  const size = readSize('--size', values.size ?? '1GiB')
  const port = readWholeNumber('--port', values.port ?? '0', 0, 65535)

  const server = await DemoServer.listen(port)
  try {
    await print(`echo server on ${server.url}`)
    await print(`${formatSize(size)} as one binary message, there and back, through our client and server`)
    const result = await roundTrip(server.url, size, new Progress(output, size))
    await print(report(result))
    if (!result.equal) return 1
    if (values.once) return 0
    // Not before: until here there is nobody to say goodbye to, and the system's way to stop is at once.
    const stop = stopRequested()
    await print(invitation(server))
    await stop
    return 0
  } finally {
    await server.close()
  }
}

function report({ equal, growth, received, seconds, sent, size, start }: RoundTrip): string {
  const verdict = equal ? 'equal' : 'DIFFERENT'
  return [
    `sent      sha-256 ${sent}`,
    `received  sha-256 ${received}: ${verdict}`,
    `throughput ${formatSize(size / seconds)}/s each way, ${seconds.toFixed(1)} s with both sums, in one process`,
    `growth ${Math.round(growth / 2 ** 20)} MiB of resident memory at its highest, from ${
      formatSize(start)
    } at the start`,
  ].join('\n')
}

function invitation(server: DemoServer): string {
  const program = relative('.', fileURLToPath(new URL('./main.js', import.meta.url)))
  return [
    '',
    'The server stays up until Ctrl-C. Talk to it',
    `  from another terminal:  node ${program} connect ${server.url}`,
    `  from a browser:         ${server.pageUrl}`,
  ].join('\n')
}
