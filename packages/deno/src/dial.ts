// Opening connections as a client: TCP or a Unix socket first, TLS on top of it where it is asked for, so that a proxy can be
// spoken with in between.

import type { ByteStreams } from '@wirestream/codec'
import { type CommonTlsOptions, type Dial, type Dialled, Held } from '@wirestream/codec/adapter'
import { byteStreams } from './byte-streams.ts'

/** What TLS may be told; Deno can do no more. */
export interface TlsOptions extends CommonTlsOptions {
  /** Certificates of authorities to trust, in PEM, beside those that Deno trusts anyway. */
  ca?: string | readonly string[] | undefined
  /** A certificate to show to the server, in PEM, with its `key`. Only without a `dial` of one's own, and never with `servername`. */
  cert?: string | undefined
}

/** Dials the target itself, without a proxy; what `connect` does unless told otherwise. */
export const dialSocket: Dial<TlsOptions> = async ({ hostname, port, unix }, signal) => {
  const conn = unix === undefined
    ? await connectTcp(hostname, port, signal)
    : await Deno.connect({ transport: 'unix', path: unix })
  if ('setNoDelay' in conn) conn.setNoDelay(true)
  return new DialledSocket(conn, hostname, signal)
}

/**
 * How long a dial that was given up may still succeed, to be closed then, in milliseconds: one that is aborted just as it succeeds leaves
 * its socket open for good (Deno 2.9).
 */
const GRACE = 1_000

async function connectTcp(hostname: string, port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  const late = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const giveUp = (): void => void (timer = setTimeout(() => late.abort(signal.reason), GRACE))
  signal.addEventListener('abort', giveUp)
  try {
    return await Deno.connect({ hostname, port, signal: late.signal })
  } finally {
    signal.removeEventListener('abort', giveUp)
    clearTimeout(timer)
  }
}

/** As `dialSocket`, and shows a certificate of ours to the server, which Deno can do only where it dials and starts TLS in one. */
export function dialWithCertificate({ ca, cert = '', key = '', servername }: TlsOptions): Dial<TlsOptions> {
  return async (target, signal) => {
    const { hostname, port, secure, unix } = target
    if (!secure) return dialSocket(target, signal)
    if (unix !== undefined || (servername ?? hostname) !== hostname) {
      throw new TypeError('Cannot connect: Deno shows no certificate over a Unix socket or together with a servername')
    }
    const conn = await Deno.connectTls({ hostname, port, caCerts: list(ca), alpnProtocols: ['http/1.1'], cert, key })
    const dialled = new DialledSocket(conn, hostname, signal)
    await conn.handshake()
    return { bytes: () => dialled.bytes(), startTls: async () => {} }
  }
}

/** An open connection on which a WebSocket can be opened, with TLS or without; for one's own `dial`. */
export class DialledSocket implements Dialled<TlsOptions> {
  readonly #held: Held<Deno.Conn>
  readonly #hostname: string

  /** Takes the connection over and closes it when `signal` is aborted. `hostname` is the one that a certificate must name. */
  constructor(conn: Deno.Conn, hostname: string, signal: AbortSignal) {
    this.#hostname = hostname
    this.#held = new Held(conn, signal)
  }

  /** The connection's bytes. */
  bytes(): ByteStreams {
    return byteStreams(this.#held.take())
  }

  /** Starts TLS as a client; offers HTTP/1.1 in ALPN. Rejects where the handshake fails or the certificate does. */
  async startTls({ ca, cert, servername = this.#hostname }: TlsOptions): Promise<void> {
    if (cert !== undefined) {
      throw new TypeError('Cannot start TLS: Deno shows no certificate on a connection that is open')
    }
    const options = { hostname: servername, caCerts: list(ca), alpnProtocols: ['http/1.1'] }
    const plain = this.#held.take() as Deno.TcpConn
    const secured = await Deno.startTls(plain, options).catch((error) => {
      closeIfOpen(plain)
      throw error
    })
    this.#held.put(secured)
    await secured.handshake()
  }
}

/** What Deno refuses to secure, for a name that can be none, it leaves open; what it has taken over cannot be closed any more. */
function closeIfOpen(conn: Deno.Conn): void {
  try {
    conn.close()
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error
  }
}

function list(ca: TlsOptions['ca']): string[] {
  return ca === undefined ? [] : typeof ca === 'string' ? [ca] : [...ca]
}
