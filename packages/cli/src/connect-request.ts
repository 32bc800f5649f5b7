// What `wirestream connect` may be asked for, read from its arguments.

import { isOrigin, readArguments, readHeaders, readSeconds, UsageError } from './arguments.ts'
import { readCertificates } from './certificates.ts'
import { readSize } from './size.ts'

const options = {
  binary: { type: 'boolean' },
  header: { type: 'string', multiple: true },
  protocol: { type: 'string', multiple: true },
  origin: { type: 'string' },
  ca: { type: 'string' },
  insecure: { type: 'boolean' },
  'max-message-size': { type: 'string' },
  timeout: { type: 'string' },
  linger: { type: 'string' },
} as const

/** What the command was asked for. */
export interface ConnectRequest {
  readonly url: string
  /** Whether standard input is one binary message, and not lines. */
  readonly binary: boolean
  readonly protocols: string[]
  readonly headers: [name: string, value: string][]
  readonly origin: string | undefined
  readonly ca: string | undefined
  readonly rejectUnauthorized: boolean
  /** In bytes; undefined where messages may be of any size. */
  readonly maxMessageSize: number | undefined
  /** In milliseconds. */
  readonly timeout: number
  readonly linger: number
}

/** Reads the arguments behind the command's name. Throws `UsageError` for what makes no sense. */
export function readConnectRequest(args: string[]): ConnectRequest {
  const { values, positionals } = readArguments(args, options)
  if (positionals.length !== 1) throw new UsageError(`connect wants one URL, got ${positionals.length || 'none'}`)
  const size = values['max-message-size']
  const headers = readHeaders(values.header ?? [])
  return {
    url: readUrl(positionals[0]!),
    binary: values.binary ?? false,
    protocols: values.protocol ?? [],
    headers,
    origin: readOrigin(values.origin, headers),
    ca: values.ca === undefined ? undefined : readCertificates(values.ca),
    rejectUnauthorized: !values.insecure,
    maxMessageSize: size === undefined ? undefined : readSize('--max-message-size', size),
    timeout: readSeconds('--timeout', values.timeout ?? '10', 0.001),
    linger: readSeconds('--linger', values.linger ?? '1', 0),
  }
}

function readUrl(text: string): string {
  const wrong = (why: string) => new UsageError(`malformed URL: ${why}, got ${JSON.stringify(text)}`)
  if (!/^(?:wss?|https?):\/\//i.test(text)) throw wrong('want it to begin with ws:// or wss://')
  if (!URL.canParse(text)) throw wrong('want a host behind the scheme, and perhaps a port of at most 65535')
  if (text.includes('#')) throw wrong('want no fragment')
  return text
}

/** Pages without an origin of their own, such as files, send `null`. */
function readOrigin(text: string | undefined, headers: ConnectRequest['headers']): string | undefined {
  if (text === undefined) return undefined
  if (text !== 'null' && !isOrigin(text)) {
    throw new UsageError(`--origin must be like https://example.com, or null, got ${JSON.stringify(text)}`)
  }
  if (!headers.some(([name]) => /^origin$/i.test(name))) return text
  throw new UsageError('want one origin, got --origin and a header field Origin')
}
