// Opening sockets as a client: TCP or a Unix socket, with TLS at once or on top of what was opened, so that a proxy can be
// spoken with in between.

import type { ByteStreams, Dial, Dialled } from '@wirestream/codec'
import { byteStreams, socketHandlers, streamsOf } from './byte-streams.ts'

/** HTTP/1.1 as the only protocol on offer, in the bytes of RFC 7301 §3.1. */
export const ALPN = '\x08http/1.1'

/** What TLS may be told, by the names that the other runtimes have for it too. */
export interface TlsOptions {
  /** Certificates of authorities to trust, in PEM, in place of those that Bun trusts. */
  ca?: string | readonly string[] | undefined
  /** The name that the server's certificate must have, and that is asked for. Default: the URL's host. */
  servername?: string | undefined
  /** A certificate to show to the server, in PEM, with its `key`. */
  cert?: string | undefined
  /** The key of `cert`, in PEM. */
  key?: string | undefined
  /** What `key` is encrypted with. */
  passphrase?: string | undefined
  /** Whether a certificate that does not fit is refused. Default true; anything else is for tests. */
  rejectUnauthorized?: boolean | undefined
}

/**
 * Dials the target itself, without a proxy, and starts TLS at once where it is asked for; what `connect` does unless told otherwise.
 * Bun cannot give up an attempt: where the signal is aborted, the socket is closed when it opens.
 */
export function dialWith(tls: TlsOptions): Dial<TlsOptions> {
  return async ({ hostname, port, secure, unix }, signal) => {
    const handshake = new Handshake()
    const socket = await Bun.connect({
      ...(unix === undefined ? { hostname, port } : { unix }),
      ...(secure ? { tls: toBun(tls, hostname) } : {}),
      allowHalfOpen: true,
      socket: handshake.handlers,
    })
    const dialled = new DialledSocket(socket, hostname, signal)
    if (!secure) return dialled
    await handshake.of(socket)
    return { bytes: () => dialled.bytes(), startTls: async () => {} }
  }
}

/** An open socket on which a connection can be opened, with TLS or without; for one's own `dial`. */
export class DialledSocket implements Dialled<TlsOptions> {
  readonly #socket: Bun.Socket
  readonly #hostname: string
  readonly #signal: AbortSignal

  /**
   * Takes a socket with the handlers of `socketHandlers` over and closes it when `signal` is aborted. `hostname` is the one that a
   * certificate must name.
   */
  constructor(socket: Bun.Socket, hostname: string, signal: AbortSignal) {
    this.#socket = socket
    this.#hostname = hostname
    this.#signal = signal
    const streams = streamsOf(socket)
    signal.addEventListener('abort', () => streams.destroy(), { once: true })
    if (signal.aborted) streams.destroy()
  }

  /** The socket's bytes. */
  bytes(): ByteStreams {
    return byteStreams(this.#socket)
  }

  /** Starts TLS as a client; offers HTTP/1.1 in ALPN. Rejects where the handshake fails or the certificate does. */
  async startTls(options: TlsOptions): Promise<DialledSocket> {
    const handshake = new Handshake()
    const tls = toBun(options, this.#hostname)
    const [, secured] = this.#socket.upgradeTLS({ tls, socket: handshake.handlers })
    const dialled = new DialledSocket(secured, this.#hostname, this.#signal)
    await handshake.of(secured)
    return dialled
  }
}

/** Waits for the end of a TLS handshake, which only handlers hear of. */
class Handshake {
  readonly handlers: Bun.SocketHandler
  readonly #done: Promise<void>

  constructor() {
    let settle!: (error: Error | undefined) => void
    this.#done = new Promise((resolve, reject) => settle = (error) => error === undefined ? resolve() : reject(error))
    this.#done.catch(() => {})
    this.handlers = socketHandlers(undefined, (error) => settle(error))
  }

  /** Resolves when TLS is spoken; rejects where the certificate is refused, or the socket closed first. */
  async of(socket: Bun.Socket): Promise<void> {
    const closed = streamsOf(socket).closed.then(() => {
      throw new Error('the socket was closed')
    })
    await Promise.race([this.#done, closed])
  }
}

function toBun({ servername, ...options }: TlsOptions, hostname: string): Bun.TlsOptions {
  const { ca, cert, key, passphrase, rejectUnauthorized } = options
  return { ca, cert, key, passphrase, rejectUnauthorized, serverName: servername ?? hostname, ALPNProtocols: ALPN }
}
