// Opening sockets as a client: TCP or a Unix socket first, TLS on top of it where it is asked for, so that a proxy can be
// spoken with in between.

import type { ByteStreams } from '@wirestream/codec'
import type { Dial, Dialled } from '@wirestream/codec/adapter'
import { connect, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { byteStreams } from './byte-streams.ts'

/** The options of `node:tls` that are passed on; of those that `connect` has besides, some would mean another thing there: `signal` does. */
const tlsNames = [
  'ca',
  'cert',
  'checkServerIdentity',
  'ciphers',
  'key',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'rejectUnauthorized',
  'secureContext',
  'servername',
] as const

/** What TLS may be told, by the names that `node:tls` has for it. */
export type TlsOptions = Pick<ConnectionOptions, (typeof tlsNames)[number]>

/** The options that are TLS's, and have a value. */
export function tlsOptionsOf(options: TlsOptions): TlsOptions {
  // An undefined one would replace Node's default.
  const given = tlsNames.filter((name) => options[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, options[name]]))
}

/** Dials the target itself, without a proxy; what `connect` does unless told otherwise. */
export const dialSocket: Dial<TlsOptions> = async ({ hostname, port, unix }, signal) => {
  const socket: Socket = unix === undefined
    ? connect({ host: hostname, port, noDelay: true, allowHalfOpen: true })
    : connect({ path: unix, allowHalfOpen: true })
  const dialled = new DialledSocket(socket, hostname, signal)
  await happens(socket, 'connect')
  return dialled
}

/** An open socket on which a connection can be opened, with TLS or without; for one's own `dial`. */
export class DialledSocket implements Dialled<TlsOptions> {
  readonly #socket: Duplex
  readonly #hostname: string
  readonly #signal: AbortSignal

  /** Takes the socket over and destroys it when `signal` is aborted. `hostname` is the one that a certificate must name. */
  constructor(socket: Duplex, hostname: string, signal: AbortSignal) {
    this.#socket = socket
    this.#hostname = hostname
    this.#signal = signal
    // Whoever waits for something hears of an error; between two waits it is heard by nobody else.
    socket.on('error', () => {})
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
    if (signal.aborted) socket.destroy()
  }

  /** The socket's bytes. */
  bytes(): ByteStreams {
    return byteStreams(this.#socket)
  }

  /** Starts TLS as a client; offers HTTP/1.1 in ALPN. Rejects where the handshake fails or the certificate does. */
  async startTls(options: TlsOptions): Promise<DialledSocket> {
    const { servername } = options
    const name = servername || this.#hostname // an empty one asks for nobody
    const secured = connectTls({
      ...tlsOptionsOf(options),
      socket: this.#socket,
      host: name, // the certificate must have it, be it an address
      servername: servername === '' || isIP(name) !== 0 ? '' : name, // RFC 6066 §3: never an address
      ALPNProtocols: ['http/1.1'],
    })
    const dialled = new DialledSocket(secured, this.#hostname, this.#signal)
    await happens(secured, 'secureConnect')
    return dialled
  }
}

/** Waits for an event of a socket; rejects with its error, or where it is closed. */
function happens(socket: Duplex, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      socket.off(event, onEvent).off('error', onError).off('close', onClose)
      act()
    }
    const onEvent = (): void => settle(resolve)
    const onError = (error: Error): void => settle(() => reject(error))
    const onClose = (): void => settle(() => reject(new Error('the socket was closed')))
    socket.on(event, onEvent).on('error', onError).on('close', onClose)
  })
}
