// Opening sockets as a client: TCP or a Unix socket, with TLS at once or on top of what was opened, so that a proxy can be
// spoken with in between.

import type { ByteStreams } from '@wirestream/codec'
import type { CommonTlsOptions, Dial, Dialled } from '@wirestream/codec/adapter'
import { byteStreams, duplexOf, socketHandlers } from './byte-streams.ts'

/** HTTP/1.1 as the only protocol on offer, in the bytes of RFC 7301 §3.1. */
export const ALPN = '\x08http/1.1'

/** What TLS may be told. */
export interface TlsOptions extends CommonTlsOptions {
  /** Certificates of authorities to trust, in PEM, in place of those that Bun trusts. */
  ca?: string | readonly string[] | undefined
  /** What `key` is encrypted with. */
  passphrase?: string | undefined
  /** Whether a certificate that does not fit is refused. Default true; anything else is for tests. */
  rejectUnauthorized?: boolean | undefined
}

/**
 * Dials the target itself, without a proxy; what `connect` does unless told otherwise. Bun cannot give up an attempt: where the
 * signal is aborted, the socket is closed when it opens.
 */
export const dialSocket: Dial<TlsOptions> = async ({ hostname, port, unix }, signal) => {
  const where = unix === undefined ? { hostname, port } : { unix }
  const socket = await Bun.connect({ ...where, allowHalfOpen: true, socket: socketHandlers() })
  return new DialledSocket(socket, hostname, signal)
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
    const streams = duplexOf(socket)
    signal.addEventListener('abort', () => streams.destroy(), { once: true })
    if (signal.aborted) streams.destroy()
  }

  /** The socket's bytes. */
  bytes(): ByteStreams {
    return byteStreams(this.#socket)
  }

  /** Starts TLS as a client; offers HTTP/1.1 in ALPN. Rejects where the handshake fails or the certificate does. */
  startTls(
    { servername = this.#hostname, ca, cert, key, passphrase, rejectUnauthorized }: TlsOptions,
  ): Promise<DialledSocket> {
    const tls = { ca, cert, key, passphrase, rejectUnauthorized, serverName: servername, ALPNProtocols: ALPN }
    return new Promise((resolve, reject) => {
      const onHandshake = (error: Error | undefined): void => {
        // Bun tells of a certificate that does not fit though it was told to take any; the handshake is done then.
        const taken = error === undefined || (rejectUnauthorized === false && secured.getCipher()?.name != null)
        return taken ? resolve(dialled) : reject(error)
      }
      const [raw, secured] = this.#socket.upgradeTLS({ tls, socket: socketHandlers(undefined, onHandshake) })
      // The bytes under TLS would come, too, each in an array of its own.
      raw.reload({ socket: { drain() {} } })
      const dialled = new DialledSocket(secured, this.#hostname, this.#signal)
      // Whoever uses it next listens in our place.
      duplexOf(secured).listen({ chunk() {}, end() {}, failed: reject })
    })
  }
}
