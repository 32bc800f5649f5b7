// Whole messages and control frames to bytes: what the frame encoder does with frames, without making any.

import { beginFrame } from '../frame/encoder.ts'
import { FIN, headerLength } from '../frame/header.ts'
import { mask, maskInto, WORDS_FROM, wordsOf } from '../frame/mask.ts'
import { LEND_FROM } from '../frame/planned-frame.ts'
import type { Opcode } from '../values/opcode.ts'
import type { Pen } from '../values/own-frame.ts'
import { type TextWriter, writeAscii } from './text-writer.ts'

/** What is sent: a text, or bytes on memory that was judged; they may be a `Buffer`. */
export type Payload = string | Uint8Array

/** A message or control frame that was judged. */
export interface Item {
  readonly opcode: Opcode
  /** Bytes are put in the place of a text once it turned out not to be ASCII. */
  payload: Payload
}

/** One item as chunks: an exact block, and behind it the payload if a server lends it. */
export function writeItem(opcode: Opcode, payload: Payload, pen: Pen, texts: TextWriter): Uint8Array[] {
  if (typeof payload === 'string' && !texts.expectsAscii) payload = texts.writeAny(payload)
  const header = headerLength(payload.length, pen.masks)
  const lends = isLent(payload, pen)
  const block = pen.allocate(lends ? header : header + payload.length)
  if (typeof payload === 'string' && !writeAscii(payload, block, header)) {
    return writeItem(opcode, texts.writeAny(payload), pen, texts)
  }
  write(opcode, payload, pen, block, undefined, 0)
  return lends ? [block, payload as Uint8Array] : [block]
}

/** The items from there on as chunks: exact blocks, and behind them the payloads that a server lends. */
export function writeItems(items: readonly Item[], from: number, pen: Pen, texts: TextWriter): Uint8Array[] {
  if (!texts.expectsAscii) writeTexts(items, from, texts)
  const chunks: Uint8Array[] = []
  while (from < items.length) {
    let length = 0
    let to = from
    let count = 0 // of texts
    let lent: Uint8Array | undefined
    do {
      const { payload } = items[to++]!
      length += headerLength(payload.length, pen.masks)
      if (isLent(payload, pen)) lent = payload
      else length += payload.length
      if (typeof payload === 'string') count++
    } while (to < items.length && lent === undefined)
    const block = pen.allocate(length)
    if (count > 0 && !writeAllAscii(items, from, to, pen, block)) {
      writeTexts(items, from, texts)
      continue
    }
    const words = pen.masks && length >= WORDS_FROM ? wordsOf(block.buffer) : undefined
    for (let at = 0; from < to; from++) {
      const { opcode, payload } = items[from]!
      at = write(opcode, payload, pen, block, words, at)
    }
    chunks.push(block)
    if (lent !== undefined) chunks.push(lent)
  }
  return chunks
}

/** Makes bytes of all texts from there on. */
function writeTexts(items: readonly Item[], from: number, texts: TextWriter): void {
  for (let i = from; i < items.length; i++) {
    const item = items[i]!
    if (typeof item.payload === 'string') item.payload = texts.writeAny(item.payload)
  }
}

/** Whether a payload is handed on as it is: the caller's own, be it a `Buffer`. */
function isLent(payload: Payload, { masks }: Pen): payload is Uint8Array {
  return !masks && payload.length >= LEND_FROM && typeof payload !== 'string'
}

/** Writes the texts to their places, before any key is asked for; false where one is not ASCII. */
function writeAllAscii(items: readonly Item[], from: number, to: number, { masks }: Pen, block: Uint8Array): boolean {
  for (let i = from, at = 0; i < to; i++) {
    const { payload } = items[i]!
    at += headerLength(payload.length, masks)
    if (typeof payload === 'string' && !writeAscii(payload, block, at)) return false
    at += payload.length
  }
  return true
}

/** Writes the header, and the payload unless it is lent; a text stands in its place already. Gives the place after. */
function write(
  opcode: Opcode,
  payload: Payload,
  pen: Pen,
  block: Uint8Array,
  words: Int32Array | undefined,
  at: number,
): number {
  const { length } = payload
  at = beginFrame(pen, block, at, FIN | opcode, length)
  if (typeof payload === 'string') mask(block, at, at + length, pen.key, words)
  else if (!isLent(payload, pen)) maskInto(block, at, payload, pen.key, words)
  return at + length
}
