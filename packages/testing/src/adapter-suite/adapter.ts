// What an adapter is to the suite, and what a test of the suite is. Nothing here or beside it knows which runtime it runs in.

import type { Connection, HttpAnswer, UpgradeRequest } from '@wirestream/codec'
import type {
  BaseWebSocketStream,
  ConnectionHandler,
  Dial,
  DiallingOptions,
  Listener,
  ListenTarget,
  ServingOptions,
  WebSocketStreamOptions,
} from '@wirestream/codec/adapter'

/** The TLS options of a client that every runtime has. */
export interface ClientTls {
  ca?: string | undefined
  servername?: string | undefined
}

/** What `connect` takes everywhere. */
export interface ConnectOptions extends DiallingOptions, ClientTls {
  dial?: Dial<ClientTls> | undefined
}

/** What `serve` takes everywhere. */
export interface ServeOptions extends Omit<ServingOptions, 'onRequest'>, ListenTarget {
  tls?: { cert: string; key: string } | undefined
}

/** The names that every adapter has. */
export interface Adapter {
  connect(url: string | URL, options?: ConnectOptions): Promise<Connection>
  serve(options: ServeOptions, onConnection: ConnectionHandler): Promise<Listener>
  /** Dials without a WebSocket; its `bytes()` are the adapter's `byteStreams`. */
  readonly dialSocket: Dial<ClientTls>
  readonly WebSocketStream: new (
    url: string | URL,
    options?: WebSocketStreamOptions & ConnectOptions,
  ) => BaseWebSocketStream<WebSocketStreamOptions>
}

/** An adapter over raw sockets, where the codec answers plain requests. */
export interface RawAdapter {
  serve(
    options: ServeOptions & { onRequest?: (request: UpgradeRequest) => HttpAnswer | Promise<HttpAnswer> },
    onConnection: ConnectionHandler,
  ): Promise<Listener>
}

/** Tests by what they claim. Each makes its own servers on free ports and ends them. */
export type Tests<A = Adapter> = Readonly<Record<string, (adapter: A) => void | Promise<void>>>

/** One test of a list. */
export interface SuiteTest {
  readonly name: string
  run(): void | Promise<void>
}
