/**
 * The WebSocket wire protocol as Web Streams (RFC 6455): a pure codec for every JavaScript runtime.
 *
 * @module
 */

export type { BytesLike, ByteStreams, Control, Frame, FrameInit, Message, OwnBytes, Role } from './values/types.ts'
export { isControl, Opcode } from './values/opcode.ts'
export { isSendableStatusCode, StatusCode } from './values/status-code.ts'
export { ProtocolError, type ProtocolErrorCode } from './values/protocol-error.ts'
export { type CloseInfo, UpgradeError, WebSocketError } from './values/websocket-error.ts'
export { DEFAULT_LIMITS, type Limits, type LimitsInit } from './values/limits.ts'
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

export { acceptConnection, type ServerOptions } from './connection/accept.ts'
export type { AcceptDecision, HttpAnswer } from './connection/answer.ts'
export { Connection } from './connection/connection.ts'
export type { CloseResult } from './connection/ends.ts'
export type { Environment } from './connection/environment.ts'
export type { KeepAlive } from './connection/heartbeat.ts'
export { IncomingMessage } from './connection/incoming-message.ts'
export { type ClientOptions, openConnection } from './connection/open.ts'
export type { CommonOptions, ConnectionOptions, Observe } from './connection/options.ts'
export { PreparedMessage, prepareMessage, type Sendable, type SendOptions } from './connection/outgoing-message.ts'
export type { ConnectionStats } from './connection/stats.ts'
export * from './handshake/index.ts'
export type { Extension } from './values/extension.ts'
