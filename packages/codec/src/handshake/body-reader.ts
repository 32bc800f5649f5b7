// The first bytes of a response's body (RFC 9112 §6, §7.1), for whoever wants to know why an upgrade was refused. A server that keeps its
// connections open says where the body ends, and nothing else does; so even this much of HTTP must be understood.

import { GrowingBytes } from '../values/growing-bytes.ts'
import { fieldValues, listIncludes } from './fields.ts'
import { decodeLatin1, type ResponseHead } from './http1.ts'

const LF = 0x0a
// A chunk's size with its extensions; what is longer is no answer worth waiting for.
const MOST_SIZE_LINE = 256

/** Reads a body up to a limit. Never fails: where the framing is broken, the body ends. */
export class BodyReader {
  readonly #body = new GrowingBytes()
  readonly #limit: number
  readonly #chunked: boolean
  /** Bytes that the body, or its chunk under way, still lacks; undefined inside a chunk's size line. */
  #missing: number | undefined
  #line = ''
  #done = false

  /** `limit` in bytes. */
  constructor({ status, headers }: ResponseHead, limit: number) {
    this.#limit = limit
    this.#chunked = listIncludes(headers, 'Transfer-Encoding', 'chunked')
    const [declared = ''] = fieldValues(headers, 'Content-Length')
    if (!this.#chunked) this.#missing = /^\d+$/.test(declared) ? Number(declared) : Infinity
    const bodiless = status < 200 || status === 204 || status === 304 // RFC 9112 §6.3
    this.#done = bodiless || this.#missing === 0
  }

  /** Whether no more bytes are wanted. */
  get done(): boolean {
    return this.#done || this.#body.length >= this.#limit
  }

  /** Takes what came behind the head, in order. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.done;) {
      at += this.#missing === undefined ? this.#readSize(bytes, at) : this.#readData(bytes.subarray(at))
    }
  }

  /** The body so far, an array of its own. */
  take(): Uint8Array {
    return this.#body.take()
  }

  #readData(bytes: Uint8Array): number {
    const part = bytes.subarray(0, Math.min(this.#missing!, this.#limit - this.#body.length))
    this.#body.append(part)
    this.#missing! -= part.length
    if (this.#missing === 0 && this.#chunked) this.#missing = undefined
    else if (this.#missing === 0) this.#done = true
    return part.length
  }

  /** A chunk's size; the line before it is the empty one that ends the last chunk. */
  #readSize(bytes: Uint8Array, at: number): number {
    const end = bytes.indexOf(LF, at)
    const part = bytes.subarray(at, end < 0 ? bytes.length : end + 1)
    this.#line += decodeLatin1(part.subarray(0, MOST_SIZE_LINE + 1))
    if (this.#line.length > MOST_SIZE_LINE) this.#done = true
    if (end < 0) return part.length
    const line = this.#line.trim()
    this.#line = ''
    if (line === '') return part.length
    const size = /^([0-9a-f]{1,12})(?:\s*;.*)?$/i.exec(line)?.[1]
    this.#missing = size === undefined ? 0 : parseInt(size, 16)
    if (this.#missing === 0) this.#done = true
    return part.length
  }
}
