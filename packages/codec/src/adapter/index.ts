/**
 * What an adapter needs beside its runtime's sockets: dialling, serving, a socket's two directions, and the standard's `WebSocketStream`.
 * For authors of adapters; who uses WebSockets takes `@wirestream/node`, `@wirestream/deno` or `@wirestream/bun`, or the codec itself.
 *
 * @module
 */

export { type Dial, dialConnection, type Dialled, type DiallingOptions, type DialTarget } from './dialling.ts'
export { Duplex, type DuplexSocket } from './duplex.ts'
export { deferTogether } from './environment.ts'
export { type ListeningSocket, type ListenTarget, listenWith } from './listener.ts'
export { requireVersion } from './runtime-version.ts'
export {
  BaseWebSocketStream,
  type ConnectFunction,
  type WebSocketOpenInfo,
  type WebSocketStreamOptions,
} from './websocket-stream.ts'
export {
  ConnectionGroup,
  type ConnectionHandler,
  type Listener,
  type ListenerCloseOptions,
  type ServeErrorContext,
  type ServingOptions,
} from '../connection/serving.ts'
export { useViewsOnly } from '../values/bytes.ts'
