// The upgrade as a server, over any byte streams (RFC 6455 §4.2). The head may have been read by an HTTP server already.

import { HeadReader } from '../handshake/head-reader.ts'
import { encodeResponse, type RequestHead } from '../handshake/http1.ts'
import { type Refusal, refuse, refuseFault, type RefusalInit } from '../handshake/refusal.ts'
import { judgeUpgradeRequest, type UpgradeAnswerOptions } from '../handshake/server.ts'
import { describeRequest, type UpgradeRequest } from '../handshake/upgrade-request.ts'
import { type Limits, resolveLimits } from '../values/limits.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import type { ByteStreams } from '../values/types.ts'
import { UpgradeError, WebSocketError } from '../values/websocket-error.ts'
import { Connection } from './connection.ts'
import { abnormalEnd } from './ends.ts'
import { portableEnvironment } from './environment.ts'
import type { CommonOptions } from './options.ts'
import { HandshakeTransport } from './transport.ts'

/** A refusal as a hook states it: a status with header fields and a body of its own. */
export interface RefusalAnswer extends RefusalInit {
  /** The HTTP status, 200 to 599; 401, 403 and 404 are usual. */
  readonly status: number
}

/** What a hook may say to an upgrade request: nothing or true to accept it, false for a 403, or any refusal. */
export type AcceptDecision = void | undefined | boolean | RefusalAnswer

/** How to accept as a server. */
export interface ServerOptions extends CommonOptions, Omit<UpgradeAnswerOptions, 'extensions'> {
  /** Decides about a request that fits the protocol, before it is answered. A throw is answered with 500 and passed on. */
  accept?: ((request: UpgradeRequest) => AcceptDecision | Promise<AcceptDecision>) | undefined
  /** The request's head, where an HTTP server has read it already. */
  requestHead?: RequestHead | undefined
  /** Bytes that were read behind the head already; taken over. */
  head?: Uint8Array | undefined
  /** The peer's address, for `UpgradeRequest`. */
  remoteAddress?: string | undefined
  /** Hears of the request once it is understood, before it is decided upon. */
  onUpgradeRequest?: ((request: UpgradeRequest) => void) | undefined
  /** Aborting it during the handshake cuts the transport and rejects with its reason; later it does nothing. */
  signal?: AbortSignal | undefined
}

/**
 * Upgrades a transport to a WebSocket connection, as its server. Takes the transport over. A request that breaks a rule, or that
 * `accept` refuses, is answered with an HTTP error and the transport ended; then this rejects with an `UpgradeError` that has the
 * answer's status, headers and body, with the `ProtocolError` as its cause. Rejects with a `WebSocketError` where no request came
 * in `limits.handshakeTimeout` or the transport failed; with what `accept` threw; with the signal's reason.
 */
export async function acceptConnection(transport: ByteStreams, options: ServerOptions = {}): Promise<Connection> {
  const limits = resolveLimits(options.limits)
  const handshake = new HandshakeTransport(transport, { ...portableEnvironment, ...options.environment }, {
    timeout: limits.handshakeTimeout,
    onTimeout: () => abnormalEnd(`no upgrade request within ${limits.handshakeTimeout} ms`),
    signal: options.signal,
  })
  try {
    const { request, rest } = await readRequest(handshake, limits, options)
    const answer = judgeUpgradeRequest(request, options)
    if (!answer.accepted) throw await refuseWith(handshake, answer)
    await ask(handshake, describeRequest(request, options), options)
    await handshake.write(encodeResponse(answer.response))
    const { protocol, extensions } = answer
    return new Connection(handshake.release(), { ...options, role: 'server', protocol, extensions, head: rest })
  } catch (error) {
    // A refusal has been answered in full and ended already; everything else is cut.
    if (!(error instanceof UpgradeError)) handshake.discard(error)
    throw error instanceof ProtocolError ? abnormalEnd(error.message, error) : error
  }
}

async function readRequest(
  handshake: HandshakeTransport,
  limits: Limits,
  { requestHead, head }: ServerOptions,
): Promise<{ request: RequestHead; rest: Uint8Array | undefined }> {
  if (requestHead !== undefined) return { request: requestHead, rest: head }
  const reader = new HeadReader('request', limits)
  try {
    const request = (head && reader.push(head)) ?? await handshake.readHead(reader)
    return { request, rest: reader.rest }
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.code === 'unexpected-end') throw error
    throw await refuseWith(handshake, refuseFault(error))
  }
}

/** Lets the hook decide; throws where it says no. */
async function ask(handshake: HandshakeTransport, request: UpgradeRequest, options: ServerOptions): Promise<void> {
  options.onUpgradeRequest?.(request)
  let decision: AcceptDecision
  try {
    decision = await handshake.within(Promise.resolve(options.accept?.(request)))
  } catch (error) {
    await refuseWith(handshake, refuse(500, { body: 'Internal Server Error\n' }))
    throw error
  }
  if (decision === undefined || decision === true) return
  const { status, ...init } = decision === false ? { status: 403, body: 'Forbidden\n' } : decision
  throw await refuseWith(handshake, refuse(status, init))
}

/** Answers with a refusal, ends the transport, and gives the refusal as an error. */
async function refuseWith(handshake: HandshakeTransport, refusal: Refusal): Promise<WebSocketError> {
  const { response, reason } = refusal
  const body = typeof refusal.body === 'string' ? new TextEncoder().encode(refusal.body) : refusal.body
  await handshake.write(encodeResponse(response, body))
  await handshake.end()
  const { status, headers } = response
  const why = reason?.message ?? 'the accept hook refused'
  return new UpgradeError(`Cannot accept WebSocket: answered ${status}, ${why}`, { status, headers, body, cause: reason })
}
