/**
 * The WebSocket wire protocol as Web Streams (RFC 6455): a pure codec for every JavaScript runtime.
 *
 * @module
 */

export type { BytesLike, ByteStreams, Control, Frame, FrameInit, Message, Role } from './values/types.ts'
export { isControl, Opcode } from './values/opcode.ts'
export { isSendableStatusCode, StatusCode } from './values/status-code.ts'
export { ProtocolError, type ProtocolErrorCode } from './values/protocol-error.ts'
export { type CloseInfo, UpgradeError, WebSocketError } from './values/websocket-error.ts'
export { DEFAULT_LIMITS, type Limits } from './values/limits.ts'
export type { Allocate } from './values/growing-bytes.ts'

export { FrameDecoder, type FrameDecoderOptions } from './frame/decoder.ts'
export { FrameEncoder, type FrameEncoderOptions } from './frame/encoder.ts'
export type { MaskingKeySource } from './frame/mask.ts'
export { MessageDecoder, type MessageDecoderOptions } from './message/decoder.ts'
export { MessageEncoder, type MessageEncoderOptions } from './message/encoder.ts'

export type { Batched, DoorOptions } from './streams/door.ts'
export { FrameDecoderStream, FrameEncoderStream } from './streams/frame-streams.ts'
export { MessageDecoderStream, MessageEncoderStream } from './streams/message-streams.ts'
