// The frame of one text, made when it is taken: as a frame with a payload, or, for the frame encoder, in the memory that is sent.

import { headerLength, packFirstByte } from '../frame/header.ts'
import type { Allocate } from '../values/growing-bytes.ts'
import { MadeFrame } from '../values/made-frame.ts'
import { Opcode } from '../values/opcode.ts'
import { type OwnFrame, OwnFrames } from '../values/own-frame.ts'
import type { Frame } from '../values/types.ts'
import { type TextWriter, writeAscii } from './text-writer.ts'

const FIRST_BYTE = packFirstByte(true, false, false, false, Opcode.Text)

/** Iterates over the one frame of a text. */
export class TextFrames extends OwnFrames implements IterableIterator<Frame> {
  #text: string | undefined
  readonly #writer: TextWriter

  constructor(text: string, writer: TextWriter) {
    super()
    this.#text = text
    this.#writer = writer
  }

  next(): IteratorResult<Frame, undefined> {
    const text = this.#text
    if (text === undefined) return { done: true, value: undefined }
    this.#text = undefined
    return { done: false, value: new MadeFrame(Opcode.Text, this.#writer.write(text), true) }
  }

  /** Only for ASCII, whose length is known before it is encoded. Saves memory for the payload, and a copy of it. */
  override takeOwn(masked: boolean, allocate: Allocate): OwnFrame | undefined {
    const text = this.#text
    if (text === undefined) return undefined
    const { length } = text
    const header = headerLength(length, masked)
    const bytes = allocate(header + length)
    if (!writeAscii(text, bytes, header)) return undefined
    this.#text = undefined
    return { firstByte: FIRST_BYTE, bytes, payloadLength: length }
  }

  [Symbol.iterator](): this {
    return this
  }
}
