// Whole messages and control frames to bytes: what the frame encoder does with frames, without making any.

import { beginFrame } from '../frame/encoder.ts'
import { FIN, headerLength, writeHeader } from '../frame/header.ts'
import { mask, maskInto, SET_FROM, WORDS_FROM, wordsOf } from '../frame/mask.ts'
import { LEND_FROM } from '../frame/planned-frame.ts'
import { judgeBuffer } from '../values/bytes.ts'
import type { Opcode } from '../values/opcode.ts'
import type { Pen } from '../values/own-frame.ts'
import { type TextWriter, writeAscii } from './text-writer.ts'

/** What is sent: a text, or bytes on memory that was judged; they may be a `Buffer`. */
export type Payload = string | Uint8Array

/**
 * Messages and control frames that were judged: the opcode of each, and behind it the payload; bytes are put in the place of a text
 * once it turned out not to be ASCII. Flat, since an object for each takes a twentieth of the time of 16 bytes, and a seventh of what
 * is lent (docs/decisions/0021).
 */
export type Items = (Opcode | Payload)[]

/** One item as chunks: an exact block, and behind it the payload if a server lends it. Throws as {@linkcode judgeStill} does. */
export function writeItem(opcode: Opcode, payload: Payload, pen: Pen, texts: TextWriter): Uint8Array[] {
  judgeStill(payload)
  if (typeof payload === 'string' && !texts.expectsAscii) payload = texts.writeAny(payload)
  if (isLent(payload, pen.masks)) return [lentHeader(opcode, payload), payload]
  const header = headerLength(payload.length, pen.masks)
  const block = pen.allocate(header + payload.length)
  if (typeof payload === 'string' && !writeAscii(payload, block, header)) {
    return writeItem(opcode, texts.writeAny(payload), pen, texts)
  }
  if (pen.masks) writeMasked(opcode, payload, pen, block, undefined, 0)
  else writePlain(opcode, payload, block, 0)
  return [block]
}

/**
 * The items from there on as chunks: exact blocks, and behind them the payloads that a server lends. Throws as {@linkcode judgeStill}
 * does.
 */
export function writeItems(items: Items, from: number, pen: Pen, texts: TextWriter): Uint8Array[] {
  if (!texts.expectsAscii) writeTexts(items, from, texts)
  const { masks } = pen
  const chunks: Uint8Array[] = []
  while (from < items.length) {
    const first = items[from + 1] as Payload
    if (isLent(first, masks)) {
      chunks.push(lentHeader(items[from] as Opcode, first), first)
      from += 2
      continue
    }
    let to = from
    let length = 0
    let hasTexts = false
    let lent: Uint8Array | undefined
    do {
      const payload = items[to + 1] as Payload
      to += 2
      judgeStill(payload)
      length += headerLength(payload.length, masks)
      if (typeof payload === 'string') hasTexts = true
      else if (isLent(payload, masks)) {
        lent = payload
        break
      }
      length += payload.length
    } while (to < items.length)
    const block = pen.allocate(length)
    if (hasTexts && !writeAllAscii(items, from, to, masks, block)) {
      writeTexts(items, from, texts)
      continue
    }
    if (masks) writeAllMasked(items, from, to, pen, block)
    else writeAllPlain(items, from, to, block)
    chunks.push(block)
    if (lent !== undefined) chunks.push(lent)
    from = to
  }
  return chunks
}

/** A header alone; V8 keeps it on its heap, which is faster than any allocator. */
function lentHeader(opcode: Opcode, { length }: Uint8Array): Uint8Array {
  const header = new Uint8Array(headerLength(length, false))
  writeHeader(header, 0, FIN | opcode, length, false)
  return header
}

/** Throws `TypeError` where a payload's memory was transferred away since it was judged. */
function judgeStill(payload: Payload): void {
  if (payload.length === 0 && typeof payload !== 'string') judgeBuffer(payload.buffer, 'Cannot encode message')
}

/** Makes bytes of all texts from there on. */
function writeTexts(items: Items, from: number, texts: TextWriter): void {
  for (let i = from + 1; i < items.length; i += 2) {
    const payload = items[i] as Payload
    if (typeof payload === 'string') items[i] = texts.writeAny(payload)
  }
}

/** Whether a payload is handed on as it is: the caller's own, be it a `Buffer`. */
function isLent(payload: Payload, masks: boolean): payload is Uint8Array {
  return !masks && payload.length >= LEND_FROM && typeof payload !== 'string'
}

/** Writes the texts to their places, before any key is asked for; false where one is not ASCII. */
function writeAllAscii(items: Items, from: number, to: number, masks: boolean, block: Uint8Array): boolean {
  for (let i = from + 1, at = 0; i < to; i += 2) {
    const payload = items[i] as Payload
    at += headerLength(payload.length, masks)
    if (typeof payload === 'string' && !writeAscii(payload, block, at)) return false
    at += payload.length
  }
  return true
}

/** Writes a server's header, and the payload unless it is lent; a text stands in its place already. Gives the place after. */
function writePlain(opcode: Opcode, payload: Payload, block: Uint8Array, at: number): number {
  const { length } = payload
  at = writeHeader(block, at, FIN | opcode, length, false)
  if (typeof payload !== 'string' && length < LEND_FROM) copyInto(block, at, payload)
  return at + length
}

// One loop for servers and one for clients: with both in one, 16 bytes take a tenth longer.
function writeAllPlain(items: Items, from: number, to: number, block: Uint8Array): void {
  for (let at = 0; from < to; from += 2) {
    at = writePlain(items[from] as Opcode, items[from + 1] as Payload, block, at)
  }
}

function writeAllMasked(items: Items, from: number, to: number, pen: Pen, block: Uint8Array): void {
  const words = block.length >= WORDS_FROM ? wordsOf(block.buffer) : undefined
  for (let at = 0; from < to; from += 2) {
    at = writeMasked(items[from] as Opcode, items[from + 1] as Payload, pen, block, words, at)
  }
}

/** Writes a client's header and the payload; a text stands in its place already. Gives the place after. */
function writeMasked(
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
  else maskInto(block, at, payload, pen.key, words)
  return at + length
}

/**
 * Writes `source` to `target` from `at` on. A loop without a key: for 16 bytes a tenth less time than with one; unrolled by four, which
 * on Node 20 is another tenth.
 */
function copyInto(target: Uint8Array, at: number, source: Uint8Array): void {
  const { length } = source
  if (length >= SET_FROM) return target.set(source, at)
  let place = 0
  for (const unrolled = length - 3; place < unrolled; place += 4, at += 4) {
    target[at] = source[place]!
    target[at + 1] = source[place + 1]!
    target[at + 2] = source[place + 2]!
    target[at + 3] = source[place + 3]!
  }
  while (place < length) target[at++] = source[place++]!
}
