// Serving where the codec reads the heads: an adapter listens and tells each socket that it accepts. Owns these sockets, and the pause
// behind an accept that failed.

import { type Environment, environmentOf } from '../connection/environment.ts'
import { Members } from './members.ts'
import { ConnectionGroup, type ConnectionHandler, type Listener, type ServingOptions } from './serving.ts'
import type { Duplex } from './duplex.ts'
import { type ListeningSocket, type ListenTarget, listenWith } from './listener.ts'

/** Where to listen: a path, or an address and a port. */
export interface ResolvedTarget {
  /** The address. */
  readonly hostname: string
  /** The port; 0 takes a free one. */
  readonly port: number
  /** The path of a Unix socket, in place of the others. */
  readonly unix: string | undefined
}

/** Takes a socket that was accepted; `remoteAddress` is its peer's, where it has one. */
export type Accepted = (socket: Duplex, remoteAddress?: string) => void

/** A socket that listens, as an adapter gives it; of a Unix socket, address and port do not matter. */
export interface SocketSource extends Pick<ListeningSocket, 'hostname' | 'port'> {
  /** Waits for the next socket and tells it; for a runtime where that is a call. What it rejects with goes to `onError`. */
  accept?(): Promise<void>
  /** Stops listening. Called once. */
  stop(): void
}

/** How many milliseconds to wait behind an accept that failed, such as for want of file descriptors: the next would fail at once, too. */
const PAUSE = 100

/**
 * Everything in an adapter's `serve` but `listen`. Rejects with a `TypeError` or `RangeError` for unusable options; with the signal's
 * reason; where `listen` fails, with its `TypeError` or `RangeError`, or with a `WebSocketError` that has any other error as cause.
 */
export async function serveSockets<O extends ServingOptions & ListenTarget & { tls?: unknown }>(
  options: O,
  onConnection: ConnectionHandler,
  listen: (target: ResolvedTarget, accepted: Accepted, options: O) => SocketSource,
): Promise<Listener> {
  const group = new ConnectionGroup({ ...options, secure: options.secure ?? Boolean(options.tls) }, onConnection)
  return await listenWith(group, options, (target) => {
    const open = new Members<Duplex>()
    const source = listen(target, (socket, remoteAddress) => {
      const place = open.add(socket)
      void socket.closed.then(() => open.remove(place))
      void group.accept(socket, { remoteAddress })
    }, options)
    const { startTimer } = environmentOf(options)
    const accepting = new Accepting(source, startTimer, (error) => void group.report(error, { where: 'listener' }))
    return {
      hostname: target.unix === undefined ? source.hostname : '',
      port: target.unix === undefined ? source.port : 0,
      async stop() {
        await accepting.stop()
        await Promise.all(open.list().map(({ closed }) => closed))
      },
      cut: () => open.list().forEach((socket) => socket.destroy()),
    }
  })
}

/** Asks a source for one socket after another, where it wants to be asked. */
class Accepting {
  readonly #source: SocketSource
  readonly #startTimer: Environment['startTimer']
  readonly #failed: (error: unknown) => void
  readonly #done: Promise<void>
  #stopped = false
  #wake: (() => void) | undefined

  constructor(source: SocketSource, startTimer: Environment['startTimer'], failed: (error: unknown) => void) {
    this.#source = source
    this.#startTimer = startTimer
    this.#failed = failed
    this.#done = this.#acceptAll()
  }

  /** Stops the source; resolves when it tells nothing any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#source.stop()
    this.#wake?.()
    await this.#done
  }

  async #acceptAll(): Promise<void> {
    while (this.#source.accept !== undefined && !this.#stopped) {
      try {
        await this.#source.accept()
      } catch (error) {
        if (this.#stopped) return
        this.#failed(error)
        await this.#pause()
      }
    }
  }

  async #pause(): Promise<void> {
    let stopTimer!: () => void
    await new Promise<void>((resolve) => stopTimer = this.#startTimer(this.#wake = resolve, PAUSE))
    stopTimer()
  }
}
