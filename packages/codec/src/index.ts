/**
 * The WebSocket wire protocol as Web Streams (RFC 6455): a pure codec for every JavaScript runtime.
 *
 * @module
 */

export type { BytesLike, ByteStreams, Control, Frame, FrameInit, Message, Role } from './values/types.ts'
export { useViewsOnly } from './values/bytes.ts'
export { isControl, Opcode } from './values/opcode.ts'
export { isSendableStatusCode, StatusCode } from './values/status-code.ts'
export { ProtocolError, type ProtocolErrorCode } from './values/protocol-error.ts'
export { type CloseInfo, UpgradeError, WebSocketError } from './values/websocket-error.ts'
export { DEFAULT_LIMITS, type Limits } from './values/limits.ts'
export type { Allocate } from './values/growing-bytes.ts'

export { FrameDecoder, type FrameDecoderOptions } from './frame/decoder.ts'
export { FrameEncoder, type FrameEncoderOptions } from './frame/encoder.ts'
export type { MaskingKeySource } from './frame/mask.ts'
export { useVectorMasking } from './frame/mask-simd.ts'
export { MessageDecoder, type MessageDecoderOptions } from './message/decoder.ts'
export { MessageEncoder, type MessageEncoderOptions } from './message/encoder.ts'

export type { Batched, DoorOptions } from './streams/door.ts'
export { FrameDecoderStream, FrameEncoderStream } from './streams/frame-streams.ts'
export { MessageDecoderStream, MessageEncoderStream } from './streams/message-streams.ts'

export { acceptConnection, type AcceptDecision, type HttpAnswer, type ServerOptions } from './connection/accept.ts'
export { Connection } from './connection/connection.ts'
export {
  type Dial,
  dialConnection,
  type Dialled,
  type DiallingOptions,
  type DialTarget,
} from './connection/dialling.ts'
export { Duplex, type DuplexSocket } from './connection/duplex.ts'
export type { CloseResult } from './connection/ends.ts'
export { deferTogether, type Environment } from './connection/environment.ts'
export type { KeepAlive } from './connection/heartbeat.ts'
export { type ListeningSocket, type ListenTarget, listenWith } from './connection/listener.ts'
export { IncomingMessage } from './connection/incoming-message.ts'
export { Members } from './connection/members.ts'
export { type ClientOptions, openConnection } from './connection/open.ts'
export type { CommonOptions, ConnectionOptions, Observe } from './connection/options.ts'
export { PreparedMessage, prepareMessage, type Sendable, type SendOptions } from './connection/outgoing-message.ts'
export {
  ConnectionGroup,
  type ConnectionHandler,
  type Listener,
  type ListenerCloseOptions,
  type ServeErrorContext,
  type ServingOptions,
} from './connection/serving.ts'
export { requireVersion } from './connection/runtime-version.ts'
export type { ConnectionStats } from './connection/stats.ts'
export * from './handshake/index.ts'
export {
  BaseWebSocketStream,
  type ConnectFunction,
  type WebSocketOpenInfo,
  type WebSocketStreamOptions,
} from './connection/websocket-stream.ts'
export type { Extension } from './values/extension.ts'
