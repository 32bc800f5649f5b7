// The upgrade of a proxied WebSocket, for proxy.mjs, honest on both sides: each has a key of its own, and request and response are
// held against RFC 6455 §4. Subprotocol and extensions are negotiated by the two ends: the proxy passes offer and answer on.

import {
  createUpgradeRequest,
  dialSocket,
  encodeRequest,
  encodeResponse,
  fieldValues,
  hasField,
  HeadReader,
  isUpgradeResponse,
  judgeUpgradeRequest,
  listElements,
  ProtocolError,
  refuse,
  refuseFault,
} from '@wirestream/node'

/**
 * @import {
 *   ByteStreams, ClientUpgrade, HeaderFields, Heads, Refusal, RequestHead, ResponseHead
 * } from '@wirestream/node'
 */

/** How long the upgrade may take on both sides together, in milliseconds. */
const TIMEOUT = 10_000
const EXTENSIONS = 'Sec-WebSocket-Extensions'

/**
 * Upgrades a client and the upstream. Gives what `relay` takes; undefined where the client was refused, by its own fault or by the
 * upstream. Rejects where the upstream fails; the client has had its 502 then.
 * @param {ByteStreams} client
 * @param {string} address the client's
 * @param {{ upstream: URL, ca: string | undefined, stop: AbortSignal }} options
 */
export async function upgrade(client, address, { upstream, ca, stop }) {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT)])
  const asked = await receive(client, signal)
  if (asked === undefined) return undefined
  const dialling = new AbortController()
  try {
    return await within(signal, join(client, asked, address, { upstream, ca, signal: dialling.signal }))
  } catch (error) {
    dialling.abort()
    await answer(client, refuse(502, { body: 'Bad Gateway\n' }))
    throw error
  }
}

/**
 * The client's request, if it is right; else the client has had its answer.
 * @param {ByteStreams} client
 * @param {AbortSignal} signal
 */
async function receive(client, signal) {
  try {
    const asked = await within(signal, readHead(client, 'request'))
    // Which pages to let in is the upstream's to say: it gets the Origin.
    const judged = judgeUpgradeRequest(asked.head, { allowedOrigins: 'all' })
    if (judged.accepted) return asked
    await answer(client, judged)
  } catch (error) {
    if (error instanceof ProtocolError && error.code !== 'unexpected-end') await answer(client, refuseFault(error))
    else await client.writable.abort(error)
  }
  return undefined
}

/**
 * Upgrades the upstream as the client asked, and then the client as the upstream answered.
 * @param {ByteStreams} client
 * @param {{ head: RequestHead, rest: Uint8Array }} asked
 * @param {string} address
 * @param {{ upstream: URL, ca: string | undefined, signal: AbortSignal }} options
 */
async function join(client, asked, address, { upstream, ca, signal }) {
  const request = requestFor(asked.head, address, upstream)
  const server = await dial(upstream, ca, signal)
  await send(server, encodeRequest(request.head))
  const answered = await readHead(server, 'response')
  if (!isUpgradeResponse(answered.head)) return await passOn(server, answered, client)
  await send(client, encodeResponse(acceptanceFor(asked.head, request, answered.head)))
  return {
    client: { streams: client, rest: asked.rest },
    upstream: { streams: server, rest: answered.rest },
    // Reserved bits belong to extensions; without one they are a fault (RFC 6455 §5.2).
    allowedRsv: hasField(answered.head.headers, EXTENSIONS) ? 0x70 : 0,
  }
}

/**
 * Opens a socket to the upstream, with TLS where its URL says so; cuts it where the signal is aborted.
 * @param {URL} upstream
 * @param {string | undefined} ca
 * @param {AbortSignal} signal
 */
async function dial({ protocol, hostname, port }, ca, signal) {
  const secure = protocol === 'wss:'
  const target = { hostname: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (secure ? 443 : 80), secure }
  const socket = await dialSocket(target, signal)
  const streams = (secure ? await socket.startTls({ ca }) ?? socket : socket).bytes()
  signal.addEventListener('abort', () => void streams.writable.abort().catch(() => {}))
  return streams
}

/**
 * The request to the upstream: the client's target and header fields, its Host among them, and who it is.
 * @param {RequestHead} asked
 * @param {string} address
 * @param {URL} upstream
 * @returns {ClientUpgrade}
 */
function requestFor({ target, headers }, address, upstream) {
  const url = new URL(upstream)
  const { pathname, search } = new URL(target.startsWith('/') ? `ws://any${target}` : target)
  url.pathname = pathname
  url.search = search
  const forwarded = [...fieldValues(headers, 'X-Forwarded-For'), address].join(', ')
  const request = createUpgradeRequest(url, {
    protocols: listElements(fieldValues(headers, 'Sec-WebSocket-Protocol')),
    headers: [
      ...endToEnd(headers).filter(([name]) => name.toLowerCase() !== 'x-forwarded-for'),
      ['X-Forwarded-For', forwarded],
    ],
  })
  return { ...request, head: { ...request.head, headers: [...request.head.headers, ...extensionsOf(headers)] } }
}

/**
 * The response to the client: the upstream's subprotocol, extensions and header fields. Throws `ProtocolError` where the upstream's
 * response is no answer to the request.
 * @param {RequestHead} asked
 * @param {ClientUpgrade} request
 * @param {ResponseHead} answered
 * @returns {ResponseHead}
 */
function acceptanceFor(asked, request, answered) {
  // The client judges the extensions, since it alone knows what it offered them for.
  const headers = answered.headers.filter(([name]) => name.toLowerCase() !== EXTENSIONS.toLowerCase())
  const { protocol } = request.judge({ ...answered, headers })
  const { response } = judgeUpgradeRequest(asked, {
    allowedOrigins: 'all',
    protocols: () => protocol || undefined,
    headers: endToEnd(headers),
  })
  return { ...response, headers: [...response.headers, ...extensionsOf(answered.headers)] }
}

/**
 * @param {HeaderFields} headers
 * @returns {HeaderFields}
 */
function extensionsOf(headers) {
  return fieldValues(headers, EXTENSIONS).map((value) => [EXTENSIONS, value])
}

/** What is about one connection only and never passed on (RFC 9110 §7.6.1), nor is what each upgrade says by itself. */
const oneHop =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|content-length|upgrade|sec-websocket-.*)$/i

/**
 * The header fields that are meant for the other end.
 * @param {HeaderFields} headers
 */
function endToEnd(headers) {
  const named = listElements(fieldValues(headers, 'Connection')).map((name) => name.toLowerCase())
  return headers.filter(([name]) => !oneHop.test(name) && !named.includes(name.toLowerCase()))
}

/**
 * Passes a refusal on: its head, and what follows it as it comes; who reads it knows where it ends.
 * @param {ByteStreams} server
 * @param {{ head: ResponseHead, rest: Uint8Array }} answered
 * @param {ByteStreams} client
 */
async function passOn(server, { head, rest }, client) {
  const headers = head.headers.filter(([name]) => !/^(?:connection|keep-alive)$/i.test(name))
  const close = hasField(headers, 'Upgrade') ? 'Upgrade, close' : 'close'
  await send(client, encodeResponse({ ...head, headers: [...headers, ['Connection', close]] }, rest))
  const over = new AbortController()
  const left = client.readable.pipeTo(new WritableStream(), { signal: over.signal }) // the client goes when it has read all
  await Promise.race([server.readable.pipeTo(client.writable), left]).catch(() => {})
  left.catch(() => {})
  over.abort()
  server.writable.abort().catch(() => {})
  return undefined
}

/**
 * Answers in the upstream's place and ends the connection.
 * @param {ByteStreams} client
 * @param {Refusal} refusal
 */
async function answer(client, { response, body }) {
  try {
    await send(client, encodeResponse(response, body))
    await Promise.all([client.writable.close(), client.readable.cancel()])
  } catch {
    await client.writable.abort().catch(() => {}) // it has gone already
  }
}

/**
 * @param {ByteStreams} streams
 * @param {Uint8Array} bytes
 */
async function send({ writable }, bytes) {
  const writer = writable.getWriter()
  try {
    await writer.write(bytes)
  } finally {
    writer.releaseLock()
  }
}

/**
 * A head, and the bytes that came behind it.
 * @template {keyof Heads} K
 * @param {ByteStreams} streams
 * @param {K} kind
 * @returns {Promise<{ head: Heads[K], rest: Uint8Array }>}
 */
async function readHead({ readable }, kind) {
  const reader = new HeadReader(kind)
  const source = readable.getReader()
  try {
    for (let head;;) {
      const { value } = await source.read()
      if (value === undefined) reader.end() // throws
      else if ((head = reader.push(value)) !== undefined) return { head, rest: reader.rest }
    }
  } finally {
    source.releaseLock()
  }
}

/**
 * Waits for some work until the signal is aborted; then rejects with its reason.
 * @template T
 * @param {AbortSignal} signal
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
function within(signal, work) {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
