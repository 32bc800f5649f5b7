// The first bytes of a response's body (RFC 9112 §6, §7.1), for whoever wants to know why an upgrade was refused. A server that keeps its
// connections open says where the body ends, and nothing else does; so even this much of HTTP must be understood.

import { GrowingBytes } from '../values/growing-bytes.ts'
import { fieldValues, listIncludes } from './fields.ts'
import type { ResponseHead } from './http1.ts'

const LF = 0x0a
// A chunk's size with its extensions; what is longer is no answer worth waiting for.
const MOST_SIZE_LINE = 256

/** Reads a body up to a limit. Never fails: where the framing is broken, the body ends. */
export class BodyReader {
  readonly #body = new GrowingBytes()
  readonly #limit: number
  readonly #chunked: boolean
  /** Bytes that the body, or its chunk under way, still lacks; 0 between chunks. */
  #missing = 0
  #sizeLine = ''
  #done: boolean

  /** `limit` in bytes. */
  constructor({ status, headers }: ResponseHead, limit: number) {
    this.#limit = limit
    this.#chunked = listIncludes(headers, 'Transfer-Encoding', 'chunked')
    const [declared = ''] = fieldValues(headers, 'Content-Length')
    if (!this.#chunked) this.#missing = /^\d+$/.test(declared) ? Number(declared) : Infinity
    // RFC 9112 §6.3
    this.#done = status < 200 || status === 204 || status === 304 || (this.#missing === 0 && !this.#chunked)
  }

  /** Whether no more bytes are wanted. */
  get done(): boolean {
    return this.#done || this.#body.length >= this.#limit
  }

  /** Takes what came behind the head, in order. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.done;) {
      if (this.#missing > 0) at += this.#readData(bytes.subarray(at))
      else this.#readSize(bytes[at++]!)
    }
  }

  /** The body so far, an array of its own. */
  take(): Uint8Array {
    return this.#body.take()
  }

  #readData(bytes: Uint8Array): number {
    const part = bytes.subarray(0, Math.min(this.#missing, this.#limit - this.#body.length))
    this.#body.append(part)
    this.#missing -= part.length
    this.#done = this.#missing === 0 && !this.#chunked
    return part.length
  }

  /** A chunk's size, byte by byte; the line before it is the empty one that ends the last chunk. */
  #readSize(byte: number): void {
    if (byte !== LF) {
      this.#sizeLine += String.fromCharCode(byte)
      // White space counts: a line of nothing else must end, too.
      this.#done = this.#sizeLine.length > MOST_SIZE_LINE
      return
    }
    const line = this.#sizeLine.trim()
    this.#sizeLine = ''
    if (line === '') return
    this.#missing = parseInt(/^([\da-f]+)(?:\s*;.*)?$/i.exec(line)?.[1] ?? '0', 16)
    this.#done = this.#missing === 0
  }
}
