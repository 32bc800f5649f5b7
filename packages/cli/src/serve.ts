// `wirestream serve`: a server that echoes until it is told to stop.

import process from 'node:process'
import { serve } from '@wirestream/node'
import { readArguments, readWholeNumber, UsageError } from './arguments.ts'
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
    hostname: values.host ?? '127.0.0.1',
    port: readWholeNumber('--port', values.port ?? '0', 0, 65535),
    protocols: values.protocol,
    allowedOrigins: readOrigins(values.origin),
    limits: maxMessageSize === undefined ? undefined : { maxMessageSize },
    onError: (error: unknown) => void process.stderr.write(`wirestream: ${describeFailure(error)}\n`),
  }, (connection) => echo(connection, maxMessageSize !== undefined))
  // A log that nobody reads is no reason to stop serving.
  await output.write(`listening on ${listener.url}\n`).catch(() => {})
  await stop
  await listener.close({ timeout: GOODBYE })
  return 0
}

/** Which pages may connect; undefined for the server's own only. */
function readOrigins(texts: readonly string[] | undefined): 'all' | readonly string[] | undefined {
  if (texts?.includes('all')) return 'all'
  const wrong = texts?.find((text) => !/^[a-z][a-z\d+.-]*:\/\/[^/?#@]+$/i.test(text) || !URL.canParse(text))
  if (wrong === undefined) return texts
  throw new UsageError(`--origin must be \`all\` or like https://example.com, got ${JSON.stringify(wrong)}`)
}
