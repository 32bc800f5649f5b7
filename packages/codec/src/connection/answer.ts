// What a server answers where it does not upgrade: refusals, plain HTTP, and what the application's hooks say to a request. Every
// answer is a whole response, and the transport ends behind it.

import { blameHook } from '../handshake/hook-errors.ts'
import { encodeResponse } from '../handshake/http1.ts'
import { type Refusal, type RefusalInit, refuse } from '../handshake/refusal.ts'
import type { UpgradeRequest } from '../handshake/upgrade-request.ts'
import { UpgradeError, type WebSocketError } from '../values/websocket-error.ts'
import type { HandshakeTransport } from './transport.ts'

/** A whole HTTP response as a hook states it; the connection ends behind it. The platform's `Response` is one. */
export interface HttpAnswer extends Omit<RefusalInit, 'body'> {
  /** The HTTP status, 200 to 599; of refusals 401, 403 and 404 are usual. */
  readonly status: number
  /** The body; text is `text/plain` unless `headers` say otherwise. A stream is read to its end before the answer goes out. */
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array> | null | undefined
}

/** What a hook may say to an upgrade request: nothing or true to accept it, false for a 403, or any refusal. */
export type AcceptDecision = void | undefined | boolean | HttpAnswer

/** Lets the hook decide; throws where it says no. */
export async function ask(
  handshake: HandshakeTransport,
  request: UpgradeRequest,
  accept: (request: UpgradeRequest) => AcceptDecision | Promise<AcceptDecision>,
): Promise<void> {
  const refusal = await consult(handshake, async () => refusalOf(await accept(request)))
  if (refusal !== undefined) throw await refuseWith(handshake, refusal)
}

async function refusalOf(decision: AcceptDecision): Promise<Refusal | undefined> {
  if (decision === undefined || decision === true) return undefined
  return await responseOf(decision === false ? { status: 403, body: 'Forbidden\n' } : decision)
}

async function responseOf(answer: HttpAnswer): Promise<Refusal> {
  // By name, since a `Response` has them from its prototype; its `statusText` is empty where none was said.
  const { status, statusText, headers, body } = answer
  const whole = body instanceof ReadableStream ? new Uint8Array(await new Response(body).arrayBuffer()) : body
  return refuse(status, { statusText: statusText || undefined, headers, body: whole ?? undefined })
}

/** Answers a request that asks for no WebSocket as the hook says; gives that as an error, since there is no connection. */
export async function answerPlainly(
  handshake: HandshakeTransport,
  request: UpgradeRequest,
  onRequest: (request: UpgradeRequest) => HttpAnswer | Promise<HttpAnswer>,
): Promise<WebSocketError> {
  const answer = await consult(handshake, async () => responseOf(await onRequest(request)))
  // A response to HEAD says how long the body would be (RFC 9110 §9.3.2).
  const body = request.method === 'HEAD' ? '' : answer.body
  return refuseWith(handshake, { ...answer, body }, 'the request asked for no WebSocket')
}

/** What a hook says, at once if it does; where it throws or says what cannot be answered, the client gets a 500. */
export function consult<T>(handshake: HandshakeTransport, hook: () => T | Promise<T>): T | Promise<T> {
  const fail = async (error: unknown): Promise<never> => {
    if (!handshake.stopped) {
      blameHook(error)
      // A client that has gone meanwhile is not what went wrong.
      await refuseWith(handshake, refuse(500, { body: 'Internal Server Error\n' })).catch(() => {})
    }
    throw error
  }
  try {
    const said = hook()
    return isThenable(said) ? handshake.within(Promise.resolve(said)).catch(fail) : said
  } catch (error) {
    return fail(error)
  }
}

/** Whether it has to be waited for. */
export function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}

/** Answers with a refusal, ends the transport, and gives the refusal as an error. */
export async function refuseWith(
  handshake: HandshakeTransport,
  refusal: Refusal,
  why?: string,
): Promise<WebSocketError> {
  const { response, reason } = refusal
  const body = typeof refusal.body === 'string' ? new TextEncoder().encode(refusal.body) : refusal.body
  await handshake.write(encodeResponse(response, body))
  await handshake.finish()
  const { status, headers } = response
  why ??= reason?.message ?? 'the accept hook refused'
  return new UpgradeError(`Cannot accept WebSocket: answered ${status}, ${why}`, {
    status,
    headers,
    body,
    cause: reason,
  })
}
