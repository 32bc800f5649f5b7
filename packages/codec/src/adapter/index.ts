/**
 * What an adapter needs beside its runtime's sockets: dialling, serving, a socket's two directions, and the standard's `WebSocketStream`.
 * For authors of adapters; who uses WebSockets takes `@wirestream/node`, `@wirestream/deno` or `@wirestream/bun`, or the codec itself.
 *
 * @module
 */

export { type CalledSocketOptions, duplexOverCalls, type SocketCalls } from './called-socket.ts'
export { ChunkPool, type ChunkPoolOptions } from './chunk-pool.ts'
export {
  type CommonTlsOptions,
  type Dial,
  dialConnection,
  type Dialled,
  type DiallingOptions,
  type DialTarget,
} from './dialling.ts'
export { Duplex } from './duplex.ts'
export type { DuplexSocket } from './duplex-socket.ts'
export { createEnvironment, type InRuntime, inRuntime, type RuntimeParts } from './environment.ts'
export { EventSocket, type EventSocketCalls } from './event-socket.ts'
export { Held } from './held.ts'
export { type ListeningSocket, type ListenTarget, listenWith } from './listener.ts'
export { requireVersion } from './runtime-version.ts'
export { type Accepted, type ResolvedTarget, serveSockets, type SocketSource } from './serve-sockets.ts'
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
} from './serving.ts'
export type { KnownRequest } from '../connection/accept.ts'
export { Members } from './members.ts'
export { useViewsOnly } from '../values/bytes.ts'
