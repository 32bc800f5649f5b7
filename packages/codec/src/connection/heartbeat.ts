// Pings of ours and what they tell: the round trip, and whether the peer is alive. Owns the pings that wait for a pong and the
// keepalive timer; any byte received is a sign of life (connection.md, Backpressure).

import type { Environment } from './environment.ts'

/** Pings idle connections. Times in milliseconds. */
export interface KeepAlive {
  /** A ping is sent after each interval of this length in which nothing was received. */
  interval: number
  /** If nothing comes for this long after the ping, the connection is cut with 1006; `Infinity` never cuts. Default: `interval`. */
  timeout?: number | undefined
}

/** What a heartbeat does to its connection. */
export interface HeartbeatEvents {
  /** `spare`: only if it can go out now, since another one follows. */
  sendPing(payload: Uint8Array, spare: boolean): void
  /** Whether silence says nothing: we have stopped reading, hold pings back by a frame of ours, or are closing. */
  isPaused(): boolean
  /** The peer did not answer in time. */
  onDead(silence: number): void
}

interface WaitingPing {
  readonly payload: Uint8Array
  readonly sentAt: number
  /** What settles a ping that the application sent; keepalive's own have none. */
  readonly resolve?: (roundTrip: number) => void
  readonly reject?: (error: unknown) => void
}

/** No keepalive: only the pings that somebody asks for. */
const ONLY_ASKED: Required<KeepAlive> = { interval: Infinity, timeout: Infinity }

/** Times that can be kept, with the default. Throws `RangeError` for those that are no positive numbers. */
export function resolveKeepAlive({ interval, timeout = interval }: KeepAlive): Required<KeepAlive> {
  if ([interval, timeout].every((time) => typeof time === 'number' && time > 0)) return { interval, timeout }
  throw new RangeError(
    `Cannot use keepAlive: interval and timeout must be positive numbers of milliseconds, got ${String(interval)} and ${
      String(timeout)
    }`,
  )
}

/** Measures round trips and keeps a connection alive. */
export class Heartbeat {
  /** The last measured round trip, in milliseconds. */
  lastRoundTrip: number | undefined
  readonly #environment: Environment
  readonly #events: HeartbeatEvents
  readonly #times: Required<KeepAlive>
  #waiting: WaitingPing[] = []
  #count = 0
  /** Something was received since the timer was last looked at. */
  #alive = true
  #pinged = false
  #stopTimer: (() => void) | undefined

  /** The times are those that `resolveKeepAlive` gave; without them it pings when it is asked to. */
  constructor(environment: Environment, events: HeartbeatEvents, times: Required<KeepAlive> = ONLY_ASKED) {
    this.#environment = environment
    this.#events = events
    this.#times = times
    this.#start(times.interval)
  }

  /** Bytes came: the peer lives. */
  alive(): void {
    this.#alive = true
  }

  /** Sends a ping; resolves with the round trip in milliseconds once its pong, or that of a later one, comes. */
  ping(payload: Uint8Array | undefined): Promise<number> {
    return new Promise((resolve, reject) => this.#send(payload?.slice() ?? this.#fresh(), false, { resolve, reject }))
  }

  /** A pong came. An unsolicited one is a sign of life and nothing more (RFC 6455 §5.5.3). */
  pong(payload: Uint8Array): void {
    const index = this.#waiting.findIndex((ping) => sameBytes(ping.payload, payload))
    // The peer may answer only the newest ping, so its pong answers the earlier ones too.
    for (const ping of this.#waiting.splice(0, index + 1)) {
      this.lastRoundTrip = this.#environment.now() - ping.sentAt
      ping.resolve?.(this.lastRoundTrip)
    }
  }

  /** No pong will come any more. */
  stop(error: unknown): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    for (const { reject } of this.#waiting.splice(0)) reject?.(error)
  }

  #send(payload: Uint8Array, spare: boolean, settle: Pick<WaitingPing, 'resolve' | 'reject'>): void {
    this.#waiting.push({ payload, sentAt: this.#environment.now(), ...settle })
    this.#events.sendPing(payload, spare)
  }

  #start(ms: number): void {
    if (ms === Infinity) return
    this.#alive = false
    this.#stopTimer = this.#environment.startTimer(() => this.#tick(ms), ms)
  }

  #tick(silence: number): void {
    const { interval, timeout } = this.#times
    if (this.#alive || this.#events.isPaused()) this.#pinged = false
    else if (this.#pinged) return this.#events.onDead(silence)
    else {
      // Of our own pings only the newest is remembered, however long the peer is silent.
      this.#waiting = this.#waiting.filter(({ resolve }) => resolve !== undefined)
      this.#send(this.#fresh(), timeout === Infinity, {})
      // Without a time-out the next ping follows in an interval, whatever comes.
      this.#pinged = timeout !== Infinity
    }
    this.#start(this.#pinged ? timeout! : interval)
  }

  #fresh(): Uint8Array {
    return new TextEncoder().encode(`${++this.#count}`)
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
