// The upgrade as a server, over any byte streams (RFC 6455 §4.2). The head may have been read by an HTTP server already.

import { HeadReader, tooBig } from '../handshake/head-reader.ts'
import { isPeersFault } from '../handshake/hook-errors.ts'
import { encodeResponse, type RequestHead } from '../handshake/http1.ts'
import { refuseFault } from '../handshake/refusal.ts'
import {
  isPlainRequest,
  judgePlainRequest,
  judgeUpgradeRequest,
  type UpgradeAnswerOptions,
} from '../handshake/server.ts'
import { describeRequest, type UpgradeRequest } from '../handshake/upgrade-request.ts'
import { closeAll, type Extension } from '../values/extension.ts'
import type { Limits } from '../values/limits.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import type { ByteStreams } from '../values/types.ts'
import { type AcceptDecision, answerPlainly, ask, consult, type HttpAnswer, isThenable, refuseWith } from './answer.ts'
import { Connection } from './connection.ts'
import { brokenBy } from './ends.ts'
import { environmentOf } from './environment.ts'
import { type CommonOptions, resolveOptions } from './options.ts'
import { HandshakeTransport, type Stop } from './transport.ts'

/** How to accept as a server. */
export interface ServerOptions extends CommonOptions, UpgradeAnswerOptions {
  /** Accepts or refuses a valid request before it is answered. If it throws, the client gets a 500, and the error is passed on. */
  accept?: ((request: UpgradeRequest) => AcceptDecision | Promise<AcceptDecision>) | undefined
  /**
   * Answers a plain HTTP request, GET or HEAD without a body, within `limits.handshakeTimeout`: for pages and health checks. Default:
   * 426 Upgrade Required (405 for HEAD). If it throws, the client gets a 500, and the error is passed on. Where an HTTP server reads the
   * heads (`requestHead`), leave such requests to that server.
   */
  onRequest?: ((request: UpgradeRequest) => HttpAnswer | Promise<HttpAnswer>) | undefined
  /** The request's head, where an HTTP server has read it already. */
  requestHead?: RequestHead | undefined
  /** Bytes after the head that have been read already; taken over. */
  head?: Uint8Array | undefined
  /** The peer's address, for `UpgradeRequest`. */
  remoteAddress?: string | undefined
  /** Called with every valid upgrade request, before `accept` decides. */
  onUpgradeRequest?: ((request: UpgradeRequest) => void) | undefined
  /** Aborting it during the handshake cuts the transport and rejects with its reason; later it does nothing. */
  signal?: AbortSignal | undefined
}

/**
 * Upgrades a transport to a WebSocket connection, as its server. Takes the transport over. A request that breaks a rule, that `accept`
 * refuses or that `onRequest` answers gets an HTTP response and the transport ends; then this rejects with an `UpgradeError` that has
 * the response's status, headers and body, and the `ProtocolError`, if any, as its cause. Rejects with a `WebSocketError` where no
 * request came within `limits.handshakeTimeout` or the transport failed; with what a hook threw; with the signal's reason.
 */
export function acceptConnection(transport: ByteStreams, options: ServerOptions = {}): Promise<Connection> {
  return acceptUntil(options.signal, transport, options, options)
}

/** What differs from one request to the next. */
export type KnownRequest = Pick<
  ServerOptions,
  'requestHead' | 'head' | 'remoteAddress' | 'secure' | 'onUpgradeRequest' | 'onRequest'
>

/**
 * As `acceptConnection`, for servers: `options` are shared by all requests, so that nothing is copied for each; `known` holds for this
 * request and overrides them; `signal` replaces `options.signal`.
 */
export async function acceptUntil(
  signal: Stop | undefined,
  transport: ByteStreams,
  options: ServerOptions,
  known: KnownRequest,
): Promise<Connection> {
  const { limits } = resolveOptions(options)
  const handshake = new HandshakeTransport(transport, environmentOf(options), {
    timeout: limits.handshakeTimeout,
    late: `no upgrade within ${limits.handshakeTimeout} ms`,
    signal,
  })
  let chain: Extension[] = []
  try {
    const read = readRequest(handshake, limits, known)
    const { request, rest } = isThenable(read) ? await read : read
    if (known.onRequest !== undefined && isPlainRequest(request)) {
      const fault = judgePlainRequest(request)
      if (fault !== undefined) throw await refuseWith(handshake, fault)
      throw await answerPlainly(handshake, describeRequest(request, known), known.onRequest)
    }
    const { protocols, allowedOrigins, extensions: factories, headers } = options
    const wanted = { protocols, allowedOrigins, extensions: factories, headers, secure: known.secure }
    const judged = consult(handshake, () => judgeUpgradeRequest(request, wanted))
    const answer = isThenable(judged) ? await judged : judged
    if (!answer.accepted) throw await refuseWith(handshake, answer)
    chain = answer.chain
    const described = describeRequest(request, known)
    known.onUpgradeRequest?.(described)
    if (options.accept !== undefined) await ask(handshake, described, options.accept)
    await handshake.write(encodeResponse(answer.response))
    const { protocol, extensions } = answer
    const { keepAlive, autoPong, binary, observe, environment } = options
    return new Connection(handshake.release(), {
      limits,
      keepAlive,
      autoPong,
      binary,
      observe,
      environment,
      role: 'server',
      protocol,
      extensions,
      chain,
      head: rest,
    })
  } catch (error) {
    // What has been answered in full has ended already; everything else is cut.
    if (!handshake.finished) handshake.discard(error)
    closeAll(chain)
    throw isPeersFault(error) ? brokenBy(error) : error
  }
}

interface ReadRequest {
  readonly request: RequestHead
  /** What came behind it. */
  readonly rest: Uint8Array | undefined
}

/** At once, where an HTTP server has read the head. */
function readRequest(
  handshake: HandshakeTransport,
  limits: Limits,
  { requestHead, head }: KnownRequest,
): ReadRequest | Promise<ReadRequest> {
  if (requestHead === undefined) return readHead(handshake, limits, head)
  const { length } = requestHead.headers
  if (length <= limits.headCount) return { request: requestHead, rest: head }
  return refuseHead(handshake, tooBig(`a head must have at most ${limits.headCount} header fields, got ${length}`))
}

async function readHead(
  handshake: HandshakeTransport,
  limits: Limits,
  head: Uint8Array | undefined,
): Promise<ReadRequest> {
  const reader = new HeadReader('request', limits)
  try {
    const request = (head && reader.push(head)) ?? await handshake.readHead(reader)
    return { request, rest: reader.rest }
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.code === 'unexpected-end') throw error
    return await refuseHead(handshake, error)
  }
}

async function refuseHead(handshake: HandshakeTransport, fault: ProtocolError): Promise<never> {
  throw await refuseWith(handshake, refuseFault(fault))
}
