// Takes the steps of the closing table and does to the transport what they say. Owns the clock of the closing handshake; what
// a step means to the application is the session's affair.

import type { CloseBody } from '../message/close-body.ts'
import type { Limits } from '../values/limits.ts'
import type { ClosingAction, ClosingEvent, ClosingState } from './closing.ts'
import type { Environment } from './environment.ts'
import type { Outbox } from './outbox.ts'
import type { Protocol } from './protocol.ts'

/** What steps mean to a connection. */
export interface CloserEvents {
  /** The error of those whose data a cut loses; `why` says what was waited for. */
  lossOf(why: string): unknown
  /** A step was taken. */
  onStep(): void
  /** The transport is gone; it was `before` then. */
  onEnded(before: ClosingState): void
}

/** Ends the transport of one connection. */
export class Closer {
  readonly #protocol: Protocol
  readonly #outbox: Outbox
  readonly #environment: Environment
  readonly #timeout: number
  readonly #events: CloserEvents
  #stopTimer: (() => void) | undefined

  constructor(protocol: Protocol, outbox: Outbox, environment: Environment, limits: Limits, events: CloserEvents) {
    this.#protocol = protocol
    this.#outbox = outbox
    this.#environment = environment
    this.#timeout = limits.closeTimeout
    this.#events = events
  }

  /** Takes a step, if the table has one; `close` is what a Close frame will say. */
  step(event: ClosingEvent, close?: CloseBody): void {
    const before = this.#protocol.state
    for (const action of this.#protocol.step(event, close)) this.#act(action)
    this.#events.onStep()
    if (this.#protocol.state !== 'ended' || before === 'ended') return
    this.#stopTimer?.()
    this.#events.onEnded(before)
  }

  /** Ends our direction once all is out, in bounded time. */
  shutdown(): void {
    const stop = this.#environment.startTimer(() => this.#cut(), this.#timeout)
    void this.#outbox.shutdown().then(stop)
  }

  #act(action: ClosingAction): void {
    switch (action) {
      case 'send-close':
        return this.#outbox.flush()
      case 'shutdown':
        return void this.#outbox.shutdown()
      case 'shutdown-as-server':
        // RFC 6455 §7.1.1: the server closes TCP first.
        return void (this.#protocol.frames.role === 'server' && this.#outbox.shutdown())
      case 'start-timer':
        this.#stopTimer?.()
        this.#stopTimer = this.#environment.startTimer(() => this.step('timeout'), this.#timeout)
        return
      case 'abort':
        return this.#cut()
    }
  }

  #cut(): void {
    this.#outbox.abort(this.#events.lossOf(`no end within the close timeout of ${this.#timeout} ms`))
  }
}
