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
  /** Null while a pipe ends. */
  #target: Outbound | null | undefined
  /** The one whose room we wait for; and who was handed something since its last flush. */
  #awaited: Outbound | undefined
  #unflushed: Outbound | undefined

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

  /**
   * A pipe begins to hand messages to that connection, or does so no longer. With null it is about to end: nothing is taken until it had
   * time for that, since it would be lost, and is the next reader's. A platform whose pipe hears of its end only when it gets a message
   * gets one then. Tells whether room was awaited.
   */
  to(target: Outbound | null | undefined): boolean {
    this.#target = target
    this.flush()
    if (target === null) {
      this.#environment.defer(() => {
        if (this.#target !== null) return
        this.#target = undefined
        this.#events.deliver()
      })
    }
    return this.#awaited !== undefined
  }

  /** Whoever waited for room does so no longer. */
  forgetRoom(): void {
    this.#awaited = undefined
  }

  /** Whether what comes may be taken. Where not, `deliver` is called when it may be. */
  hasRoom(): boolean {
    const target = this.#target
    if (!target) return target === undefined
    if (target.over) {
      this.to(null)
      return false
    }
    if (this.#assembly.inside || target.hasRoom || !target.isOpen) return true
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
    if (!target || this.#assembly.inside || !target.isOpen) return false
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

  #awaitRoom(target: Outbound): void {
    this.#awaited = target
    const goOn = (): void => {
      if (this.#awaited !== target) return
      this.#awaited = undefined
      this.#events.deliver()
    }
    target.ready().then(goOn, goOn)
  }
}
