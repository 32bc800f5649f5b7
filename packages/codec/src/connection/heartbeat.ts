// Pings of ours and what they tell: the round trip, and whether the peer is alive. Owns the pings that wait for a pong and the
// keepalive timer; any byte received is a sign of life (design.md, Backpressure).

import type { Environment } from './environment.ts'

/** Pings idle connections. Times in milliseconds. */
export interface KeepAlive {
  /** How long nothing may have been received before a ping is sent. */
  interval: number
  /** How long after that ping nothing may come before the connection is cut with 1006; `Infinity` pings without cutting. Default: `interval`. */
  timeout?: number | undefined
}

/** What a heartbeat does to its connection. */
export interface HeartbeatEvents {
  sendPing(payload: Uint8Array): void
  /** Whether we have stopped reading, so that silence says nothing. */
  isPaused(): boolean
  /** The peer did not answer in time. */
  onDead(silence: number): void
}

interface WaitingPing {
  readonly payload: Uint8Array
  readonly sentAt: number
  readonly resolve: (roundTrip: number) => void
  readonly reject: (error: unknown) => void
}

/** Measures round trips and keeps a connection alive. */
export class Heartbeat {
  /** The last measured round trip, in milliseconds. */
  lastRoundTrip: number | undefined
  readonly #environment: Environment
  readonly #events: HeartbeatEvents
  readonly #interval: number
  readonly #timeout: number
  #waiting: WaitingPing[] = []
  #count = 0
  /** Something was received since the timer was last looked at. */
  #alive = true
  #pinged = false
  #stopTimer: (() => void) | undefined

  constructor(environment: Environment, events: HeartbeatEvents, keepAlive: KeepAlive | undefined) {
    this.#environment = environment
    this.#events = events
    this.#interval = keepAlive?.interval ?? Infinity
    this.#timeout = keepAlive?.timeout ?? this.#interval
    if (!(this.#interval > 0) || !(this.#timeout > 0)) {
      throw new RangeError('Cannot use keepAlive: interval and timeout must be positive numbers of milliseconds')
    }
    this.#start(this.#interval)
  }

  /** Bytes came: the peer lives. */
  alive(): void {
    this.#alive = true
  }

  /** Sends a ping; resolves with the round trip in milliseconds once its pong, or that of a later one, comes. */
  ping(payload: Uint8Array | undefined): Promise<number> {
    const data = payload ?? this.#fresh()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ payload: data.slice(), sentAt: this.#environment.now(), resolve, reject })
      this.#events.sendPing(data)
    })
  }

  /** A pong came. An unsolicited one is a sign of life and nothing more (RFC 6455 §5.5.3). */
  pong(payload: Uint8Array): void {
    const index = this.#waiting.findIndex((ping) => sameBytes(ping.payload, payload))
    // The peer may answer only the newest ping, so its pong answers the earlier ones too.
    for (const ping of this.#waiting.splice(0, index + 1)) {
      this.lastRoundTrip = this.#environment.now() - ping.sentAt
      ping.resolve(this.lastRoundTrip)
    }
  }

  /** No pong will come any more. */
  stop(error: unknown): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  #start(ms: number): void {
    if (ms === Infinity) return
    this.#alive = false
    this.#stopTimer = this.#environment.startTimer(() => this.#tick(ms), ms)
  }

  #tick(silence: number): void {
    const paused = this.#events.isPaused()
    if (this.#alive || paused) this.#pinged = false
    else if (this.#pinged) return this.#events.onDead(silence)
    else {
      this.#pinged = true
      this.ping(undefined).catch(() => {})
      // Without a time-out the next ping follows in an interval, whatever comes.
      if (this.#timeout === Infinity) this.#pinged = false
    }
    this.#start(this.#pinged ? this.#timeout : this.#interval)
  }

  #fresh(): Uint8Array {
    return new TextEncoder().encode(`${++this.#count}`)
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
