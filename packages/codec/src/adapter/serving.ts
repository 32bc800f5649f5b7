/// <reference lib="esnext.disposable" preserve="true" />
// What serving is beside sockets: a group of connections, a handler for each, and an end for all. Every adapter's `serve` is
// this and a way to listen. Owns the connections of a listener and the answer to errors that nobody awaits.

import { acceptUntil, type KnownRequest, type ServerOptions } from '../connection/accept.ts'
import { closeWith, type Connection, cutOff, whenEnded } from '../connection/connection.ts'
import { ourFault } from '../connection/ends.ts'
import { environmentOf } from '../connection/environment.ts'
import { checkFunction, resolveOptions } from '../connection/options.ts'
import { DONE } from '../connection/promises.ts'
import type { Stop, StopListener } from '../connection/transport.ts'
import { isHooksFault } from '../handshake/hook-errors.ts'
import { checkAnswerOptions } from '../handshake/server.ts'
import type { UpgradeRequest } from '../handshake/upgrade-request.ts'
import { StatusCode } from '../values/status-code.ts'
import type { ByteStreams } from '../values/types.ts'
import { WebSocketError } from '../values/websocket-error.ts'
import { Members } from './members.ts'

/** Where an error that nobody awaits came from. */
export interface ServeErrorContext {
  /** `handler`: `onConnection`; `upgrade`: the `accept` hook or an option; `request`: `onRequest`; `listener`: the listening socket. */
  readonly where: 'handler' | 'upgrade' | 'request' | 'listener'
  /** The request that led there, where one was read. */
  readonly request?: UpgradeRequest | undefined
  /** The connection, where there was one; it is being closed with 1011, unless it was closing before. */
  readonly connection?: Connection | undefined
}

/** What every adapter's `serve` takes, beside its own. */
export interface ServingOptions
  extends Omit<ServerOptions, 'requestHead' | 'head' | 'remoteAddress' | 'onUpgradeRequest'> {
  /**
   * Called with errors that nobody awaits. Default: they are written to the console, as is what this throws, or rejects with where it is
   * asynchronous. Faults of peers are not reported.
   */
  onError?: ((error: unknown, context: ServeErrorContext) => void) | undefined
  /** Aborting it closes the listener, with the default timeout. */
  signal?: AbortSignal | undefined
}

/** Takes a new connection. If it fails, the connection is closed with 1011 and `onError` gets the error, unless that is its own end. */
export type ConnectionHandler = (connection: Connection, request: UpgradeRequest) => void | Promise<void>

/** How a listener is closed. */
export interface ListenerCloseOptions {
  /** How long the connections may take to close, in milliseconds, from 0 to `Infinity`; then they are cut. Default 5 000. */
  timeout?: number | undefined
}

/** A server that listens. */
export interface Listener {
  /** The URL to connect to: `ws://127.0.0.1:8080`, `wss://…`. For a Unix socket `ws+unix:` and its path, which is only for display. */
  readonly url: string
  /** The address that is listened on; empty for a Unix socket. */
  readonly hostname: string
  /** The port that is listened on; 0 for a Unix socket. */
  readonly port: number
  /** The connections that are open or closing. */
  readonly connections: ReadonlySet<Connection>
  /**
   * Stops accepting, closes every connection with 1001 and waits for them to end; what is still open after the timeout is cut. Resolves
   * when everything is closed; later calls give the same promise. Rejects with `RangeError` for a bad timeout, and keeps listening.
   */
  close(options?: ListenerCloseOptions): Promise<void>
  /** Closes with the default timeout. */
  [Symbol.asyncDispose](): Promise<void>
}

/** How long the connections may take to close, in milliseconds. Throws `RangeError`: timers would take what is no number for none. */
export function closeTimeoutOf({ timeout = 5_000 }: ListenerCloseOptions = {}): number {
  if (typeof timeout === 'number' && timeout >= 0) return timeout
  throw new RangeError(`Cannot close listener: timeout must be at least 0 milliseconds, got ${String(timeout)}`)
}

/** The end of a group. An `AbortSignal` would link dead listeners to living ones, which makes every upgrade outlive two collections. */
class Closing implements Stop {
  readonly #listeners = new Set<StopListener>()
  aborted = false
  reason: unknown

  addEventListener(_type: 'abort', listener: StopListener): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: StopListener): void {
    this.#listeners.delete(listener)
  }

  abort(reason: unknown): void {
    this.aborted = true
    this.reason = reason
    for (const listener of this.#listeners) listener.handleEvent()
  }
}

interface Upgraded {
  readonly connection: Connection
  readonly request: UpgradeRequest
}

/** The connections of one listener. */
export class ConnectionGroup {
  readonly #connections = new Members<Connection>()
  readonly #options: ServingOptions
  readonly #handler: ConnectionHandler
  /** Ends the upgrades that are under way when the listener closes. */
  readonly #closing = new Closing()

  constructor(options: ServingOptions, handler: ConnectionHandler) {
    if (typeof handler !== 'function') {
      throw new TypeError(`Cannot serve: the handler must be a function, got ${typeof handler}`)
    }
    for (const name of ['accept', 'onRequest', 'onError'] as const) checkFunction(options, name, 'Cannot serve')
    const headers = checkAnswerOptions(options, 'Cannot serve')
    this.#options = { ...options, ...resolveOptions(options), headers }
    this.#handler = handler
  }

  /** Those that are open or closing. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections.asSet
  }

  /** Upgrades a transport and gives the connection to the handler. Never rejects; `known` is what the adapter knows of the request. */
  accept(transport: ByteStreams, known: KnownRequest = {}): Promise<void> {
    // A chain, so that nothing of the upgrade lives as long as the handler.
    return this.#upgrade(transport, known).then((upgraded) => upgraded && this.#handle(upgraded))
  }

  /** The connection and its request; undefined where there was none, and everybody has been told. */
  async #upgrade(transport: ByteStreams, known: KnownRequest): Promise<Upgraded | undefined> {
    const { onRequest, secure } = this.#options
    let where: ServeErrorContext['where'] = 'upgrade'
    let request!: UpgradeRequest
    let connection: Connection
    try {
      connection = await acceptUntil(this.#closing, transport, this.#options, {
        secure,
        ...known,
        onUpgradeRequest: (seen) => request = seen,
        onRequest: onRequest && ((seen) => {
          where = 'request'
          return onRequest(request = seen)
        }),
      })
    } catch (error) {
      // A peer that broke a rule, was refused or went away has had its answer.
      const peers = this.#closing.aborted || (error instanceof WebSocketError && !isHooksFault(error))
      if (!peers) void this.report(error, { where, request })
      return undefined
    }
    this.#admit(connection)
    if (!this.#closing.aborted) return { connection, request }
    closeWith(connection, goingAway)
    return undefined
  }

  /** On its own, so that what lives as long as the connection has none of the request's 2 KiB in its closure. */
  #admit(connection: Connection): void {
    const place = this.#connections.add(connection)
    whenEnded(connection, () => this.#connections.remove(place))
  }

  /** Tells `onError`, or the console. Never rejects. */
  async report(error: unknown, context: ServeErrorContext): Promise<void> {
    const { onError } = this.#options
    try {
      if (onError === undefined) console.error(`Error in ${context.where} of a WebSocket server:`, error)
      else await onError(error, context)
    } catch (second) {
      console.error('Error in onError of a WebSocket server:', second)
    }
  }

  /**
   * Closes every connection with 1001; cuts those that are left after `timeout` milliseconds. Resolves when all have ended. Rejects as a
   * listener's does.
   */
  async close(options?: ListenerCloseOptions): Promise<void> {
    const timeout = closeTimeoutOf(options)
    const { startTimer } = environmentOf(this.#options)
    this.#closing.abort(new WebSocketError('The server is closing'))
    const stopTimer = startTimer(() => this.#connections.list().forEach(cutOff), timeout)
    for (const connection of this.#connections.list()) closeWith(connection, goingAway)
    await Promise.allSettled(this.#connections.list().map(({ closed }) => closed))
    stopTimer()
  }

  /** Not asynchronous: a connection that waits for its handler should keep no frame of ours alive. */
  #handle({ connection, request }: Upgraded): Promise<void> {
    // Its head would weigh as much as a third of the connection; where nobody listens, nobody is told of it.
    const known = this.#options.onError === undefined ? undefined : request
    const failed = (error: unknown): void => {
      const wasOpen = closeWith(connection, ourFault)
      if (wasOpen || !isConnectionError(error)) {
        void this.report(error, { where: 'handler', request: known, connection })
      }
    }
    try {
      return Promise.resolve(this.#handler(connection, request)).catch(failed)
    } catch (error) {
      failed(error)
      return DONE
    }
  }
}

const goingAway = { statusCode: StatusCode.GoingAway, reason: '' }

/** Whether an error is what a connection gives whoever uses it after its end. */
function isConnectionError(error: unknown): boolean {
  return error instanceof WebSocketError || (error instanceof DOMException && error.name === 'InvalidStateError')
}
