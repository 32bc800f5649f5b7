// The nouns that travel between the floors. Data only: no behaviour lives here beyond the check of a role.

import type { Opcode } from './opcode.ts'

/** Which end of the connection we are; it decides who masks (RFC 6455 §5.1). */
export type Role = 'client' | 'server'

/** A role, or a `TypeError`. */
export function checkRole(role: Role): Role {
  if (role === 'client' || role === 'server') return role
  throw new TypeError(`Cannot use role: must be 'client' or 'server', got ${role}`)
}

/** Bytes as a caller may hand them in. Views on a `SharedArrayBuffer` and resizable buffers are refused with a `TypeError`. */
export type BytesLike = ArrayBuffer | ArrayBufferView

/**
 * Bytes in memory of their own, which nobody shares: what the platform's types want for a `Response`, a `Blob` or a hash. From TypeScript
 * 5.7 on it is `Uint8Array<ArrayBuffer>`, before that `Uint8Array`.
 */
export type OwnBytes = ReturnType<Uint8Array['slice']>

/** A byte transport: TCP, TLS, a Unix socket, a MessagePort, a test pipe. */
export interface ByteStreams {
  /** What the peer sends. Whoever reads a chunk owns its bytes. */
  readonly readable: ReadableStream<Uint8Array>
  /**
   * What we send. A write resolves once the transport has taken the chunk; until then its bytes must not change. The transport
   * must not transfer a chunk, only a copy: its memory may be lent by a caller, or prepared for other connections, too. Aborting it
   * must not wait for a write under way that the peer has stalled; `controller.signal` tells in time.
   */
  readonly writable: WritableStream<Uint8Array>
}

/** One frame, or one part of a long frame (RFC 6455 §5.2). */
export interface Frame {
  /** Whether this is the last frame of its message. Every part of a frame repeats it. */
  fin: boolean
  /** Reserved bit 1; permessage-deflate (RFC 7692) uses it. */
  rsv1: boolean
  /** Reserved bit 2. */
  rsv2: boolean
  /** Reserved bit 3. */
  rsv3: boolean
  /** What the frame is. */
  opcode: Opcode
  /** Unmasked bytes: the whole payload, or one part of it. */
  payload: Uint8Array
  /** The length that the frame's header declares, in bytes. */
  payloadLength: number
  /** Where `payload` starts within the frame, in bytes; 0 for a whole frame. */
  offset: number
}

/** A frame to be sent. By default `fin` is true, the reserved bits are off, and the frame is whole. */
export type FrameInit = Pick<Frame, 'opcode' | 'payload'> & { [K in keyof Frame]?: Frame[K] | undefined }

/** A whole data message (RFC 6455 §5.6). */
export type Message = { type: 'text'; data: string } | { type: 'binary'; data: Uint8Array }

/** A control frame, taken apart (RFC 6455 §5.5). A Close frame without a body has no `statusCode`. */
export type Control =
  | { type: 'ping' | 'pong'; data: Uint8Array }
  | { type: 'close'; statusCode?: number | undefined; reason: string }
