// The frames of messages and control data that were judged: one after another for whoever iterates, or written at once where they are
// sent from, for the frame encoder.

import { FIN, frameOf } from '../frame/header.ts'
import { toBytes } from '../values/bytes.ts'
import { isControl, Opcode } from '../values/opcode.ts'
import { OwnFrames, type Pen } from '../values/own-frame.ts'
import type { Frame } from '../values/types.ts'
import { type Items, type Payload, writeItem, writeItems } from './item-writer.ts'
import type { TextWriter } from './text-writer.ts'

const CANNOT = 'Cannot encode message'

/** What an encoder does with all of its items. */
export interface Manner {
  readonly fragmentSize: number
  readonly texts: TextWriter
}

/** Iterates over the frames of one item. A class of its own, since one message a call takes two thirds of the time that lists of one do. */
export class ItemFrames extends OwnFrames {
  readonly #opcode: Opcode
  /** Until it was taken. */
  #payload: Payload | undefined
  readonly #manner: Manner
  #fragments: Iterator<Frame, undefined> | undefined

  constructor(opcode: Opcode, payload: Payload, manner: Manner) {
    super()
    this.#opcode = opcode
    this.#payload = payload
    this.#manner = manner
  }

  override next(): IteratorResult<Frame, undefined> {
    const payload = this.#payload
    if (payload === undefined) return this.#fragments?.next() ?? { done: true, value: undefined }
    const opcode = this.#opcode
    const { fragmentSize, texts } = this.#manner
    const bytes = typeof payload === 'string' ? texts.write(payload) : toBytes(payload, CANNOT)
    this.#payload = undefined
    if (bytes.length <= fragmentSize || isControl(opcode)) {
      return { done: false, value: frameOf(FIN | opcode, bytes, bytes.length, 0) }
    }
    this.#fragments = fragments(opcode, bytes, fragmentSize)
    return this.#fragments.next()
  }

  override takeChunks(pen: Pen): Uint8Array[] | undefined {
    const payload = this.#payload
    const { fragmentSize, texts } = this.#manner
    if (payload === undefined || !isWhole(this.#opcode, payload, fragmentSize)) return undefined
    const chunks = writeItem(this.#opcode, payload, pen, texts)
    this.#payload = undefined
    return chunks
  }
}

/** Iterates over the frames of one item after another. */
export class ListFrames extends OwnFrames {
  readonly #items: Items
  readonly #manner: Manner
  #at = 0
  /** The item that was begun. */
  #begun: ItemFrames | undefined

  constructor(items: Items, manner: Manner) {
    super()
    this.#items = items
    this.#manner = manner
  }

  override next(): IteratorResult<Frame, undefined> {
    for (;;) {
      const next = this.#begun?.next()
      if (next?.done === false) return next
      this.#begun = undefined
      const [items, at] = [this.#items, this.#at]
      if (at === items.length) return { done: true, value: undefined }
      this.#begun = new ItemFrames(items[at] as Opcode, items[at + 1] as Payload, this.#manner)
      this.#at = at + 2
    }
  }

  override takeChunks(pen: Pen): Uint8Array[] | undefined {
    const from = this.#at
    const items = this.#items
    const { fragmentSize, texts } = this.#manner
    if (this.#begun !== undefined) return undefined
    if (fragmentSize !== Infinity) {
      for (let i = from; i < items.length; i += 2) {
        if (!isWhole(items[i] as Opcode, items[i + 1] as Payload, fragmentSize)) return undefined
      }
    }
    const chunks = writeItems(items, from, pen, texts)
    this.#at = items.length
    return chunks
  }
}

/** Whether an item is one frame for sure. */
function isWhole(opcode: Opcode, payload: Payload, fragmentSize: number): boolean {
  // No UTF-16 unit takes more than three bytes.
  return (typeof payload === 'string' ? 3 : 1) * payload.length <= fragmentSize || isControl(opcode)
}

function* fragments(opcode: Opcode, payload: Uint8Array, size: number): Generator<Frame, undefined> {
  const { length } = payload // asked once: of memory that was transferred since no message may be cut short
  for (let at = 0; at < length; at += size) {
    const last = length - at <= size
    const part = payload.subarray(at, last ? length : at + size)
    yield frameOf((last ? FIN : 0) | (at === 0 ? opcode : Opcode.Continuation), part, part.length, 0)
  }
}
