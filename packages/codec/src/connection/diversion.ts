// Messages that a pipe hands to another connection past the platform's queues. Owns whom they go to and whose room is waited for; the pipe
// itself, its locks and its ends, is the platform's (fused.ts).

import type { Assembly } from './assembly.ts'
import type { Environment } from './environment.ts'
import type { Outbound } from './outbound.ts'
import type { DataPart, Protocol } from './protocol.ts'

/** The way from one connection to the next. */
export class Diversion {
  readonly #assembly: Assembly
  readonly #longest: number
  readonly #environment: Pick<Environment, 'defer'>
  readonly #events: { deliver(): void }
  #target: Outbound | undefined
  /** The one whose room we wait for; and who was handed something since its last flush. */
  #awaited: Outbound | undefined
  #unflushed: Outbound | undefined
  /** The one that was found to be over. */
  #over: Outbound | undefined

  /** `longest` is the longest message, in bytes; `deliver` is called when more may be taken. */
  constructor(
    assembly: Assembly,
    longest: number,
    environment: Pick<Environment, 'defer'>,
    events: { deliver(): void },
  ) {
    this.#assembly = assembly
    this.#longest = longest
    this.#environment = environment
    this.#events = events
  }

  /** Whether messages go to another connection now. */
  get isOpen(): boolean {
    return this.#target?.isOpen === true
  }

  /** A pipe begins to hand messages to that connection, or does so no longer. Tells whether room was awaited. */
  to(target: Outbound | undefined): boolean {
    this.#target = target
    if (this.#unflushed !== target) this.flush()
    return this.#awaited !== undefined
  }

  /** Whoever waited for room does so no longer. */
  forgetRoom(): void {
    this.#awaited = undefined
  }

  /** Whether what comes may be taken. Where not, `deliver` is called when it may be. */
  hasRoom(): boolean {
    const target = this.#target
    if (target?.over) return this.#leave(target)
    if (target === undefined || this.#assembly.inside || target.hasRoom || !target.isOpen) return true
    if (this.#awaited !== target) this.#awaitRoom(target)
    return false
  }

  /** Hands on a part that was judged; only while it `isOpen`. */
  pass(part: DataPart): void {
    const target = this.#unflushed = this.#target!
    const message = this.#assembly.addToPass(part, target.sharesMemory)
    if (message !== undefined) target.pass(message)
  }

  /** A message that is only to be copied is copied from where it was received, without anything made for it (docs/decisions/0027). */
  passNext(protocol: Protocol): boolean {
    const target = this.#target
    if (target === undefined || this.#assembly.inside || !target.isOpen) return false
    const message = protocol.takeMasked(Math.min(this.#longest, target.longestCopy))
    if (message === undefined) return false
    this.#unflushed = target
    target.pass(message)
    return true
  }

  /** Lets what was handed on leave in one write, once all that is here was. */
  flush(): void {
    const target = this.#unflushed
    this.#unflushed = undefined
    target?.flush()
  }

  /**
   * Takes nothing for a target that is over until its pipe has had time to end: it would be lost, and is the next reader's. A platform
   * whose pipe hears of that only when it gets a message gets one then.
   */
  #leave(target: Outbound): false {
    if (this.#over !== target) {
      this.#over = target
      this.#environment.defer(() => {
        if (this.#target !== target) return
        this.#target = undefined
        this.#events.deliver()
      })
    }
    return false
  }

  #awaitRoom(target: Outbound): void {
    this.#awaited = target
    const goOn = (): void => {
      if (this.#awaited !== target) return
      this.#awaited = undefined
      this.#events.deliver()
    }
    // A pipe that was stopped, or whose target is lost, lets go of what it asked for. A platform whose pipe hears of that only when it
    // gets a message gets one, once the others' had time.
    const goOnLater = (): void => this.#environment.defer(goOn)
    target.ready().then(() => this.#target === target ? goOn() : goOnLater(), goOnLater)
  }
}
