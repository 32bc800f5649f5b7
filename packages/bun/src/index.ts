/**
 * WebSocket for Bun as Web Streams: sockets for `@wirestream/codec`, all of which is exported from here too.
 *
 * @module
 */

export * from '@wirestream/codec'
export * from '@wirestream/codec/adapter'
export { byteStreams, socketHandlers } from './byte-streams.ts'
export { connect, type ConnectOptions } from './connect.ts'
export { DialledSocket, dialSocket, type TlsOptions } from './dial.ts'
export { bunEnvironment } from './environment.ts'
export { serve, type ServeOptions } from './serve.ts'
export { WebSocketStream, type WebSocketStreamInit } from './websocket-stream.ts'
