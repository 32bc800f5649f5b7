// How a connection ended: a promise for those who ask for it, a call for those of us who only keep count. Few ask of an idle connection,
// and an unasked promise costs it 600 bytes.

import type { CloseResult } from './ends.ts'
import { handled } from './promises.ts'

/** The end of one connection, which comes once. */
export class Ending {
  #outcome: { readonly result: CloseResult } | { readonly error: unknown } | undefined
  #promise: Promise<CloseResult> | undefined
  #asked: { resolve(result: CloseResult): void; reject(error: unknown): void } | undefined
  #listener: (() => void) | undefined

  /** See `Connection.closed`. */
  get promise(): Promise<CloseResult> {
    return this.#promise ??= handled(
      new Promise((resolve, reject) => {
        this.#asked = { resolve, reject }
        this.#settle()
      }),
    )
  }

  /** Has `listener` called at the end; one is enough for us. */
  onEnd(listener: () => void): void {
    this.#listener = listener
    if (this.#outcome !== undefined) listener()
  }

  /** The end was clean. */
  resolve(result: CloseResult): void {
    this.#end({ result })
  }

  /** It was not. */
  reject(error: unknown): void {
    this.#end({ error })
  }

  #end(outcome: { readonly result: CloseResult } | { readonly error: unknown }): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    this.#settle()
    this.#listener?.()
  }

  #settle(): void {
    const outcome = this.#outcome
    if (outcome === undefined) return
    if ('result' in outcome) this.#asked?.resolve(outcome.result)
    else this.#asked?.reject(outcome.error)
  }
}
