// The client: options in, a connection out. Opening sockets is dial.ts's affair, everything else the codec's.

import type { Connection } from '@wirestream/codec'
import { dialConnection, type DiallingOptions } from '@wirestream/codec/adapter'
import { dialSocket, type TlsOptions, tlsOptionsOf } from './dial.ts'
import { inNode } from './environment.ts'

/** How to connect: subprotocols, header fields, limits, keepalive, TLS. */
export interface ConnectOptions extends DiallingOptions<TlsOptions>, TlsOptions {}

/**
 * Connects to a WebSocket server: ws, wss, http or https.
 *
 * Rejects with `SyntaxError` for an unusable URL or subprotocols, `TypeError` for header fields and `RangeError` for limits, before
 * anything is dialled; with an `UpgradeError`, which has the response's status, headers and body, where the server refuses; with a
 * `WebSocketError` where it cannot be reached, its certificate is not trusted, it breaks the protocol, or opening takes longer than
 * `limits.handshakeTimeout`; with the signal's reason. Opens one connection at a time to each host and port (RFC 6455 §4.1).
 *
 * ```ts
 * import { connect } from '@wirestream/node'
 *
 * await using connection = await connect('wss://echo.example')
 * await connection.send('hello')
 * for await (const message of connection.readable) console.log(message)
 * ```
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<Connection> {
  return await dialConnection(url, inNode(options), dialSocket, tlsOptionsOf(options))
}
