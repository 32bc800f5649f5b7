// `wirestream serve`: a server that echoes until it is told to stop.

import { isIP } from 'node:net'
import process from 'node:process'
import { type Listener, serve } from '@wirestream/node'
import { blameArguments, isOrigin, readArguments, readWholeNumber, UsageError } from './arguments.ts'
import { echo } from './echo.ts'
import { describeFailure } from './failure.ts'
import { Output } from './output.ts'
import { stopRequested } from './signals.ts'
import { readSize } from './size.ts'

const options = {
  echo: { type: 'boolean' },
  host: { type: 'string' },
  port: { type: 'string' },
  protocol: { type: 'string', multiple: true },
  origin: { type: 'string', multiple: true },
  'max-message-size': { type: 'string' },
} as const

/** How long connections may take to say goodbye, in milliseconds. */
const GOODBYE = 3000

/** Runs the command; gives the exit code. */
export async function serveCommand(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options)
  if (positionals.length > 0) throw new UsageError(`serve takes no operand, got ${JSON.stringify(positionals[0])}`)
  if (!values.echo) throw new UsageError('serve can only echo for now, say so: serve --echo')
  const size = values['max-message-size']
  const maxMessageSize = size === undefined ? undefined : readSize('--max-message-size', size)
  const output = new Output()
  const stop = stopRequested()
  const listener = await serve({
    hostname: readHost(values.host ?? '127.0.0.1'),
    port: readWholeNumber('--port', values.port ?? '0', 0, 65535),
    protocols: values.protocol,
    allowedOrigins: readOrigins(values.origin),
    limits: maxMessageSize === undefined ? undefined : { maxMessageSize },
    onError: (error: unknown) => void process.stderr.write(`wirestream: ${describeFailure(error)}\n`),
  }, (connection) => echo(connection, maxMessageSize !== undefined)).catch(blameArguments)
  // A log that nobody reads is no reason to stop serving.
  await output.write(`listening on ${listener.url}\n${elsewhere(listener)}`).catch(() => {})
  await stop
  await listener.close({ timeout: GOODBYE })
  return 0
}

/** An IPv6 address may stand in brackets, as in a URL. An empty name would mean every network to the system. */
function readHost(text: string): string {
  const [, inBrackets] = /^\[(.*)\]$/.exec(text) ?? []
  const isAddress = isIP(inBrackets ?? text) !== 0
  const isName = inBrackets === undefined && /^[^\s/?#@:%\\]+$/.test(text) && URL.canParse(`ws://${text}`)
  if (isAddress || isName) return inBrackets ?? text
  throw new UsageError(`--host must be a name or an address, got ${JSON.stringify(text)}`)
}

/** A line about the other addresses, where it listens on all; the URL names the one that this machine can use. */
function elsewhere({ hostname, port }: Listener): string {
  const addresses = hostname === '::' ? 'address' : hostname === '0.0.0.0' ? 'IPv4 address' : undefined
  return addresses === undefined ? '' : `and on every other ${addresses} of this machine, port ${port}\n`
}

/** Which pages may connect; undefined for the server's own only. */
function readOrigins(texts: readonly string[] | undefined): 'all' | readonly string[] | undefined {
  if (texts?.includes('all')) return 'all'
  const wrong = texts?.find((text) => !isOrigin(text))
  if (wrong === undefined) return texts
  throw new UsageError(`--origin must be \`all\` or like https://example.com, got ${JSON.stringify(wrong)}`)
}
