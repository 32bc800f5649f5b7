// `WebSocketStream` as the standard has it (WHATWG WebSockets), over whatever connects: each adapter gives it its own `connect`.
// Owns nothing but the promises and what happens before the connection is open; the rest is the Connection's.

import type { Connection } from '../connection/connection.ts'
import type { CloseResult } from '../connection/ends.ts'
import { parseWebSocketUrl } from '../handshake/client.ts'
import { checkProtocols } from '../handshake/protocols.ts'
import { describe, isIterable } from '../values/bytes.ts'
import type { BytesLike, OwnBytes } from '../values/types.ts'
import { checkCloseInfo, type CloseInfo, WebSocketError } from '../values/websocket-error.ts'

/** The standard's options; adapters add theirs. */
export interface WebSocketStreamOptions {
  /** Subprotocols to offer, most preferred first. */
  protocols?: Iterable<string> | undefined
  /** Aborting it before the connection is open rejects `opened` and `closed` with its reason; later it does nothing. */
  signal?: AbortSignal | undefined
}

/** What an open `WebSocketStream` gives. */
export interface WebSocketOpenInfo {
  /** Messages that come: a string for text, a fresh `Uint8Array` for binary. */
  readable: ReadableStream<string | OwnBytes>
  /** Messages to send: bytes, or anything that becomes a string. */
  writable: WritableStream<string | BytesLike>
  /** The negotiated extensions; empty for none. */
  extensions: string
  /** The chosen subprotocol; empty for none. */
  protocol: string
}

/** Opens the connection that a {@linkcode BaseWebSocketStream} shows. */
export type ConnectFunction<O> = (url: URL, options: O & { signal: AbortSignal }) => Promise<Connection>

/** The standard's `WebSocketStream`, but for how it connects. */
export class BaseWebSocketStream<O extends WebSocketStreamOptions> {
  /** The URL as it was parsed, with the scheme ws or wss. */
  readonly url: string
  /** Resolves when the handshake is done; rejects where it fails. Counts as handled. */
  readonly opened: Promise<WebSocketOpenInfo>
  /** Resolves at a clean end with the peer's code and reason; rejects at any other. Counts as handled. */
  readonly closed: Promise<CloseResult>
  readonly #dialling = new AbortController()
  #connection: Connection | undefined

  /**
   * Starts to connect. Throws `SyntaxError` for a URL that is none or has a fragment, and for protocols that are no tokens or
   * occur twice; `TypeError` for no URL and for options of the wrong type. What `connect` refuses rejects `opened` and `closed`.
   */
  protected constructor(url: string | URL, options: O | undefined, connect: ConnectFunction<O>) {
    if (url === undefined) throw new TypeError('Cannot open WebSocketStream: want a URL, got none')
    const checked = checkOptions(options)
    const target = parseWebSocketUrl(`${url}`) // what cannot be a string throws as it does anywhere
    this.url = target.href
    const connected = this.#connect(target, checked, connect)
    this.opened = connected.then(({ readable, writable, extensions, protocol }) => {
      return { readable, writable, extensions, protocol }
    })
    this.closed = connected.then((connection) => connection.closed)
    this.opened.catch(() => {})
    this.closed.catch(() => {})
  }

  /** As Web IDL names the objects of an interface. */
  get [Symbol.toStringTag](): string {
    return 'WebSocketStream'
  }

  /**
   * Closes: during the handshake `opened` and `closed` reject with a `WebSocketError`, afterwards the closing handshake starts.
   * Throws `InvalidAccessError` for a code other than 1000 and 3000 to 4999, `SyntaxError` for a reason over 123 bytes of UTF-8.
   */
  close(closeInfo?: CloseInfo): void {
    const { closeCode, reason } = checkCloseInfo(closeInfo)
    if (this.#connection !== undefined) this.#connection.close({ closeCode: closeCode ?? undefined, reason })
    else this.#dialling.abort(new WebSocketError('WebSocket closed before the connection was established'))
  }

  async #connect(url: URL, options: O, connect: ConnectFunction<O>): Promise<Connection> {
    const { signal: given } = options
    const { signal } = this.#dialling
    const abort = (): void => this.#dialling.abort(given!.reason)
    if (given?.aborted) abort()
    given?.addEventListener('abort', abort)
    try {
      signal.throwIfAborted()
      const connection = await connect(url, { ...options, signal })
      // Whoever connects may have been too far to stop; nobody may see the connection then.
      if (signal.aborted) connection.close()
      signal.throwIfAborted()
      requireProtocol(connection, options)
      return this.#connection = connection
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    } finally {
      given?.removeEventListener('abort', abort)
    }
  }
}

/** The WebSockets standard fails where protocols were offered and none was chosen, which RFC 6455 allows. */
function requireProtocol(connection: Connection, { protocols }: WebSocketStreamOptions): void {
  if (connection.protocol !== '' || protocols === undefined || [...protocols].length === 0) return
  connection.close()
  throw new WebSocketError('Cannot open WebSocket: want one of the offered protocols, got none')
}

/** Options as Web IDL converts them; protocols are taken out of their iterable once. */
function checkOptions<O extends WebSocketStreamOptions>(options: O | undefined): O {
  const what = 'Cannot open WebSocketStream'
  const given = (options ?? {}) as O
  if (typeof given !== 'object' && typeof given !== 'function') {
    throw new TypeError(`${what}: options must be an object, got ${describe(given)}`)
  }
  const { protocols, signal } = given
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`${what}: signal must be an AbortSignal, got ${describe(signal)}`)
  }
  // Named, since they may be inherited.
  if (protocols === undefined) return { ...given, signal }
  if (!isIterable(protocols)) {
    throw new TypeError(`${what}: protocols must be a list of strings, got ${describe(protocols)}`)
  }
  return { ...given, signal, protocols: checkProtocols(protocols) }
}
