// `wirestream connect`: lines of standard input go out as text messages, what comes is printed. Both directions wait for
// whoever is slow: the peer, or the reader of standard output.

import { readFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { connect, type Connection } from '@wirestream/node'
import { readArguments, readHeaders, readSeconds, UsageError } from './arguments.ts'
import { LineReader } from './lines.ts'
import { Output } from './output.ts'
import { printMessage } from './print.ts'
import { oneLine } from './printable.ts'
import { onStop } from './signals.ts'
import { readSize } from './size.ts'

const options = {
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
interface Request {
  readonly url: string
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

/** Runs the command; gives the exit code. Throws what kept the connection from opening or broke it. */
export async function connectCommand(args: string[]): Promise<number> {
  const { linger, maxMessageSize, timeout, url, ...request } = readRequest(args)
  const limits = maxMessageSize === undefined ? {} : { maxMessageSize }
  const output = new Output()
  const connection = await connect(url, { ...request, handshakeTimeout: timeout, limits }).catch((error) => {
    // What cannot even be asked for is the arguments' fault; what the network or the server says is not.
    const ours = error instanceof TypeError || (error instanceof DOMException && error.name === 'SyntaxError')
    throw ours ? new UsageError(error.message) : error
  })
  let interrupted = false
  const forget = onStop(() => {
    interrupted = true
    connection.close({ closeCode: 1000 })
  })
  try {
    greet(connection)
    const sending = sendInput(connection, linger)
    await printMessages(connection, output, maxMessageSize !== undefined)
    await output.flush()
    const { closeCode, reason } = await connection.closed
    process.stderr.write(`closed: ${closeCode}${reason === '' ? '' : ` ${oneLine(reason)}`}\n`)
    const fault = await sending
    if (fault !== undefined) throw fault
    return interrupted ? 130 : 0
  } finally {
    forget()
    await connection[Symbol.asyncDispose]()
  }
}

function readRequest(args: string[]): Request {
  const { values, positionals } = readArguments(args, options)
  if (positionals.length !== 1) throw new UsageError(`connect wants one URL, got ${positionals.length || 'none'}`)
  const size = values['max-message-size']
  return {
    url: readUrl(positionals[0]!),
    protocols: values.protocol ?? [],
    headers: readHeaders(values.header ?? []),
    origin: values.origin,
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
  if (!URL.canParse(text)) throw wrong('want a host and perhaps a port behind the scheme')
  if (text.includes('#')) throw wrong('want no fragment')
  return text
}

/** Node passes over what is no certificate, and would blame the server's for it. */
function readCertificates(file: string): string {
  const text = readText(file)
  if (/^-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/m.test(text)) return text
  throw new UsageError(`--ca must be a file of certificates in PEM, got ${JSON.stringify(file)}, which has none`)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(`--ca must be a file that can be read, got ${JSON.stringify(file)} (${code})`)
  }
}

function greet({ protocol }: Connection): void {
  if (!process.stdin.isTTY) return
  const spoken = protocol === '' ? '' : `, speaking ${protocol}`
  process.stderr.write(`connected${spoken}; each line is sent as a message, Ctrl-D ends\n`)
}

async function printMessages(connection: Connection, output: Output, whole: boolean): Promise<void> {
  for await (const message of connection.messages()) await printMessage(message, output, whole)
}

/**
 * Sends standard input to its end and closes once the peer has been silent for `linger` milliseconds after that, since answers
 * come later than questions. Gives what kept it from reading; how the connection ended is told by the connection itself.
 */
async function sendInput(connection: Connection, linger: number): Promise<unknown> {
  const { stdin } = process
  let isOver = false
  const over = connection.closed.catch(() => {}).then(() => {
    isOver = true
    stdin.destroy()
  })
  try {
    await sendLines(connection, new LineReader(stdin.setEncoding('utf8')))
    await silence(connection, linger, over)
    return undefined
  } catch (error) {
    // The connection ended first: then nothing can be sent, and nothing is read any more.
    return error instanceof DOMException || isOver ? undefined : error
  } finally {
    connection.close({ closeCode: 1000 })
  }
}

async function sendLines(connection: Connection, lines: LineReader): Promise<void> {
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    await connection.send(line, { type: 'text' })
  }
}

/** Resolves when nothing has passed in either direction for that long, or when the connection is over. */
async function silence(connection: Connection, ms: number, over: Promise<unknown>): Promise<void> {
  const stop = new AbortController()
  void over.then(() => stop.abort())
  for (let before = NaN; before !== activity(connection) && !stop.signal.aborted;) {
    before = activity(connection)
    await setTimeout(ms, undefined, { signal: stop.signal }).catch(() => {})
  }
}

function activity(connection: Connection): number {
  const { bytesReceived, bytesSent } = connection.stats()
  return bytesReceived + bytesSent
}
