// From a URL to an open connection, over whatever dials: each adapter gives its own sockets. Owns what all adapters share: the
// clock over dialling and upgrade, giving up, one connection at a time to each host (RFC 6455 §4.1), and the errors.

import type { Connection } from '../connection/connection.ts'
import { abnormalEnd } from '../connection/ends.ts'
import { environmentOf } from '../connection/environment.ts'
import { formatHost, reasonOf } from '../connection/naming.ts'
import { type ClientOptions, openWithin } from '../connection/open.ts'
import { checkFunction, resolveOptions } from '../connection/options.ts'
import { createUpgradeRequest } from '../handshake/client.ts'
import type { ByteStreams } from '../values/types.ts'
import { WebSocketError } from '../values/websocket-error.ts'

/** Where to dial. */
export interface DialTarget {
  /** The URL's host: a name, an IPv4 address, or an IPv6 address without brackets. */
  readonly hostname: string
  /** The URL's port, or 80 for ws and 443 for wss. */
  readonly port: number
  /** Whether TLS will follow, through `startTls`. */
  readonly secure: boolean
  /** The path of a Unix socket to dial instead; `hostname` and `port` are then not dialled. */
  readonly unix?: string | undefined
}

/** An open transport on which no upgrade has been sent yet. */
export interface Dialled<Tls = unknown> {
  /** Its bytes; called once, at the end. */
  bytes(): ByteStreams
  /** Starts TLS as a client; resolves with the secured transport, or with nothing if that is still this object. */
  startTls(options: Tls): Promise<Dialled<Tls> | void>
}

/**
 * Opens a transport; your own may talk to a proxy first. If the attempt fails or is given up before the connection is open, `signal`
 * is aborted: close whatever was opened. What this rejects with becomes the cause of the error of `connect`.
 */
export type Dial<Tls = unknown> = (target: DialTarget, signal: AbortSignal) => Promise<Dialled<Tls>>

/** TLS options of every runtime; adapters add their own, under the same names wherever they mean the same. */
export interface CommonTlsOptions {
  /** The name to ask the server for (SNI), and that its certificate must have. Default: the URL's host. */
  servername?: string | undefined
  /** A certificate to show to the server, in PEM, with its `key`. */
  cert?: string | undefined
  /** The key of `cert`, in PEM. */
  key?: string | undefined
}

/** Options of every adapter's `connect`, which adds its own, such as TLS's `key`; the `Sec-WebSocket-Key` cannot be set. */
export interface DiallingOptions<Tls = unknown> extends Omit<ClientOptions, 'key'> {
  /** Opens the transport in place of the adapter's `dialSocket`, for proxies and the like. */
  dial?: Dial<Tls> | undefined
  /** A Unix socket to dial; the URL still gives host and target of the request. */
  unix?: string | undefined
  /** How long dialling, TLS and upgrade may take together, in milliseconds; the same as `limits.handshakeTimeout`. Default 10 000. */
  handshakeTimeout?: number | undefined
}

/**
 * Dials and upgrades. Rejects as `openConnection` does, and where dialling or TLS fails, with a `WebSocketError` whose cause is the
 * original error. While one connection to a host and port is being opened, the next one to them waits.
 */
export async function dialConnection<Tls>(
  url: string | URL,
  options: DiallingOptions<Tls>,
  dialSocket: Dial<Tls>,
  tls: Tls,
): Promise<Connection> {
  checkFunction(options, 'dial', 'Cannot open WebSocket')
  const { dial = dialSocket, handshakeTimeout, unix, signal: given, ...others } = options
  const rest = { ...others, key: undefined } // an adapter's own options may have one, for TLS
  const { limits } = resolveOptions(
    handshakeTimeout === undefined ? rest : { ...rest, limits: { ...rest.limits, handshakeTimeout } },
  )
  // Everything a caller can get wrong is found before anything is dialled. Made once: an iterable among the options may be read only once.
  const request = createUpgradeRequest(url, rest)
  const target = dialTarget(request.url, unix)
  const release = await takeTurn(nameOf(target), given)
  // Its signal tells everybody that the attempt is over without success, and why.
  const attempt = new AbortController()
  const { signal } = attempt
  const giveUp = (): void => attempt.abort(given!.reason)
  const { now, startTimer } = environmentOf(options)
  const timeout = limits.handshakeTimeout
  const late = `not open within the handshake timeout of ${timeout} ms`
  const start = now()
  const stopTimer = startTimer(() => attempt.abort(abnormalEnd(late)), timeout)
  given?.addEventListener('abort', giveUp)
  if (given?.aborted) giveUp()
  try {
    const transport = await openTransport(dial, target, tls, signal)
    // What is left of the time is for the answer; a refusal that is here must not be lost to the clock.
    stopTimer()
    const clock = { timeout: Math.max(0, timeout - (now() - start)), late }
    return await openWithin(clock, transport, request, { ...rest, signal, limits })
  } catch (error) {
    attempt.abort(error) // unless that was what made it fail
    throw signal.reason
  } finally {
    stopTimer()
    given?.removeEventListener('abort', giveUp)
    release()
  }
}

function dialTarget({ protocol, hostname, port }: URL, unix: string | undefined): DialTarget {
  if (unix === '') throw new TypeError('Cannot open WebSocket: unix must be a path, got an empty string')
  const secure = protocol === 'wss:'
  return {
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    secure,
    unix,
  }
}

function nameOf({ hostname, port, unix }: DialTarget): string {
  return unix ?? formatHost(hostname, port)
}

/** The transport, secured where the target asks for it. */
async function openTransport<Tls>(
  dial: Dial<Tls>,
  target: DialTarget,
  tls: Tls,
  signal: AbortSignal,
): Promise<ByteStreams> {
  try {
    signal.throwIfAborted()
    const plain = await within(dial(target, signal), signal)
    const dialled = target.secure ? await within(plain.startTls(tls), signal) ?? plain : plain
    return dialled.bytes()
  } catch (error) {
    const doing = `connect to ${nameOf(target)}${target.secure ? ' with TLS' : ''}`
    throw new WebSocketError(`Cannot open WebSocket: cannot ${doing}: ${reasonOf(error)}`, { cause: error })
  }
}

/** The last of those that open a connection to a host, by its name. */
const lastInLine = new Map<string, Promise<void>>()

/** RFC 6455 §4.1: at most one connection to a host and port may be opening. Gives what ends the turn; rejects with the signal's reason. */
async function takeTurn(name: string, signal: AbortSignal | undefined): Promise<() => void> {
  signal?.throwIfAborted()
  const before = lastInLine.get(name)
  let done!: () => void
  const turn = new Promise<void>((resolve) => done = resolve)
  const mine = before === undefined ? turn : before.then(() => turn)
  lastInLine.set(name, mine)
  void mine.then(() => {
    if (lastInLine.get(name) === mine) lastInLine.delete(name)
  })
  try {
    if (before !== undefined) await within(before, signal)
    return done
  } catch (error) {
    done()
    throw error
  }
}

/** Waits for a promise, or throws the signal's reason as soon as it is aborted. */
async function within<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let onAbort!: () => void
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal!.reason)
    signal?.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
