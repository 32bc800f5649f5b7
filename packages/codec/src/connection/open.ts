// The upgrade as a client, over any byte streams (RFC 6455 §4.1).

import { BodyReader } from '../handshake/body-reader.ts'
import {
  type ClientUpgrade,
  createUpgradeRequest,
  isUpgradeResponse,
  type UpgradeRequestOptions,
} from '../handshake/client.ts'
import { HeadReader } from '../handshake/head-reader.ts'
import { encodeRequest, type ResponseHead } from '../handshake/http1.ts'
import { closeAll, type Extension } from '../values/extension.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import type { ByteStreams } from '../values/types.ts'
import { UpgradeError } from '../values/websocket-error.ts'
import { Connection } from './connection.ts'
import { brokenBy } from './ends.ts'
import { environmentOf } from './environment.ts'
import { type CommonOptions, resolveOptions } from './options.ts'
import { type HandshakeBounds, HandshakeTransport } from './transport.ts'

/** How to connect as a client. */
export interface ClientOptions extends CommonOptions, UpgradeRequestOptions {
  /** Aborting it during the handshake cuts the transport and rejects with its reason; later it does nothing. */
  signal?: AbortSignal | undefined
}

const MOST_BODY = 65536

/**
 * Upgrades a transport to a WebSocket connection, as its client. `url` gives the request's target and host; nothing is dialled. Takes
 * the transport over and cuts it on failure, except where the arguments are unusable: then it is left alone.
 *
 * Rejects with `SyntaxError` for an unusable URL or protocols, `TypeError` for header fields and `RangeError` for limits, before
 * anything is sent; with an `UpgradeError` where the server answers anything but 101; with a `WebSocketError` where the answer is wrong
 * (its cause is the `ProtocolError`), none comes within `limits.handshakeTimeout`, or the transport fails; with the signal's reason.
 */
export async function openConnection(
  transport: ByteStreams,
  url: string | URL,
  options: ClientOptions = {},
): Promise<Connection> {
  const { handshakeTimeout: timeout } = resolveOptions(options).limits
  const clock = { timeout, late: `no answer to the upgrade request within ${timeout} ms` }
  return await openWithin(clock, transport, createUpgradeRequest(url, options), options)
}

/** As `openConnection`, for a prepared request and a clock that may already run. A refusal counts even if its body comes too late. */
export async function openWithin(
  clock: Omit<HandshakeBounds, 'signal'>,
  transport: ByteStreams,
  request: ClientUpgrade,
  options: ClientOptions,
): Promise<Connection> {
  const { limits } = resolveOptions(options)
  const { signal } = options
  const handshake = new HandshakeTransport(transport, environmentOf(options), { ...clock, signal })
  let chain: Extension[] = []
  try {
    await handshake.write(encodeRequest(request.head))
    const reader = new HeadReader('response', limits)
    const response = await handshake.readHead(reader)
    if (!isUpgradeResponse(response)) throw await refusal(handshake, response, reader.rest)
    const { protocol, extensions, chain: agreed } = request.judge(response)
    chain = agreed
    return new Connection(handshake.release(), {
      ...options,
      limits,
      role: 'client',
      protocol,
      extensions,
      chain,
      head: reader.rest,
    })
  } catch (error) {
    handshake.discard(error)
    closeAll(chain)
    if (signal?.aborted) throw signal.reason
    throw error instanceof DOMException ? error : brokenBy(error)
  }
}

/** The response as an error, with as much of its body as comes in time (RFC 6455 §4.1: it is HTTP's business). */
async function refusal(
  handshake: HandshakeTransport,
  response: ResponseHead,
  start: Uint8Array,
): Promise<UpgradeError> {
  const { status, statusText, headers } = response
  const body = new BodyReader(response, MOST_BODY)
  for (let chunk: Uint8Array | undefined = start; chunk !== undefined && !body.done;) {
    body.push(chunk)
    // Whatever stops the wait, what has come is worth more than the reason.
    if (!body.done) chunk = await handshake.read().catch(() => undefined)
  }
  const seen = `Cannot open WebSocket: want status 101, got ${status}`
  return new UpgradeError(statusText === '' ? seen : `${seen} ${statusText}`, {
    status,
    headers,
    body: body.take(),
    cause: new ProtocolError('unexpected-status', seen),
  })
}
