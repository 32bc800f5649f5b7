// Cuts the bytes of a head into lines: in one pass, however they arrive, within finite limits, and without a look at
// what stands behind the blank line (security.md, rows 5, 19 and 33). No bare CR or LF, no control characters.

import { NO_BYTES } from '../values/bytes.ts'
import { GrowingBytes } from '../values/growing-bytes.ts'
import { ProtocolError } from '../values/protocol-error.ts'
import { type Heads, malformed, readField, readStartLine } from './http1.ts'
import { decodeLatin1 } from './latin1.ts'

/** What a head may cost; every limit is inclusive. */
export interface HeadLimits {
  /** All bytes up to and with the blank line, those of interim responses included; 16 KiB unless told. */
  readonly headSize?: number | undefined
  /** The bytes of one line, its CRLF not counted; 8 KiB unless told. */
  readonly headLine?: number | undefined
  /** The number of header fields; 100 unless told. */
  readonly headCount?: number | undefined
}

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d

/**
 * Reads one head. Give it chunks until it gives the head; it looks at each byte once. Responses with a status of 1xx
 * other than 101 are passed over (RFC 9110 §15.2); empty lines before a request too (RFC 9112 §2.2).
 */
export class HeadReader<K extends keyof Heads> {
  readonly #kind: K
  readonly #limits: { readonly headSize: number; readonly headLine: number; readonly headCount: number }
  readonly #cutLine = new GrowingBytes() // the begin of a line whose end has not come
  #rest: Uint8Array = NO_BYTES
  #size = 0
  #afterCr = false
  #head: Heads[K] | undefined
  #fields: [name: string, value: string][] = []
  #ended: 'complete' | ProtocolError | undefined

  /** Throws `RangeError` for a limit that is no positive number. */
  constructor(kind: K, { headSize = 16384, headLine = 8192, headCount = 100 }: HeadLimits = {}) {
    this.#kind = kind
    this.#limits = { headSize, headLine, headCount }
    for (const [name, limit] of Object.entries(this.#limits)) {
      if (limit > 0) continue
      throw new RangeError(`Cannot read head: ${name} must be a positive number, got ${String(limit)}`)
    }
  }

  /** What followed the blank line in its chunk, as a view: the first bytes of the WebSocket. Empty until then. */
  get rest(): Uint8Array {
    return this.#rest
  }

  /**
   * The head, once `chunk` completes it; keeps no view of the chunk but `rest`. Throws `ProtocolError` `malformed-head`
   * or `head-too-big` at the first byte that is wrong, and again whenever called after that.
   */
  push(chunk: Uint8Array): Heads[K] | undefined {
    if (this.#ended === 'complete') throw new TypeError('Cannot read head: it is complete; what follows is in `rest`')
    if (this.#ended !== undefined) throw this.#ended
    try {
      return this.#read(chunk)
    } catch (error) {
      this.#ended = error as ProtocolError
      throw error
    }
  }

  /** The transport ended: throws `ProtocolError` `unexpected-end` unless the head is complete. */
  end(): void {
    if (this.#ended === 'complete') return
    this.#ended ??= new ProtocolError(
      'unexpected-end',
      `Cannot read head: the transport ended after ${this.#size} bytes, before the blank line`,
    )
    throw this.#ended
  }

  #read(chunk: Uint8Array): Heads[K] | undefined {
    const { headSize, headLine } = this.#limits
    const headEnd = headSize - this.#size // where the limits lie in this chunk
    let lineEnd = headLine - this.#cutLine.length
    let lineStart = 0
    let afterCr = this.#afterCr
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (at >= headEnd) throw tooBig(`a head must be at most ${headSize} bytes`)
      if (afterCr !== (byte === LF) || isControl(byte)) throw illegal(afterCr ? CR : byte)
      if (at >= lineEnd && byte !== CR && byte !== LF) throw tooBig(`a line must be at most ${headLine} bytes`)
      afterCr = byte === CR
      if (byte !== LF) continue
      const head = this.#readLine(this.#takeLine(chunk.subarray(lineStart, at + 1)))
      lineStart = at + 1
      lineEnd = lineStart + headLine
      if (head === undefined) continue
      this.#rest = chunk.subarray(lineStart)
      this.#ended = 'complete'
      return head
    }
    this.#size += chunk.length
    this.#afterCr = afterCr
    if (lineStart < chunk.length) this.#cutLine.append(chunk.subarray(lineStart))
    return undefined
  }

  /** The whole line without its CRLF, given its last part. */
  #takeLine(tail: Uint8Array): string {
    if (this.#cutLine.length === 0) return decodeLatin1(tail.subarray(0, -2))
    this.#cutLine.append(tail)
    return decodeLatin1(this.#cutLine.take().subarray(0, -2))
  }

  #readLine(line: string): Heads[K] | undefined {
    const { headCount } = this.#limits
    const head = this.#head
    if (head === undefined) {
      if (line !== '' || this.#kind === 'response') this.#head = readStartLine(this.#kind, line, this.#fields = [])
    } else if (line !== '') {
      if (this.#fields.length >= headCount) throw tooBig(`a head must have at most ${headCount} header fields`)
      this.#fields.push(readField(line))
    } else if ('status' in head && head.status < 200 && head.status !== 101) this.#head = undefined // interim
    else return head
    return undefined
  }
}

/** Whether a byte is a control character other than those that a head may hold: tabs, and CRLF behind each line. */
function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== TAB && byte !== LF && byte !== CR) || byte === 0x7f
}

function illegal(byte: number): ProtocolError {
  const hex = byte.toString(16).padStart(2, '0')
  return malformed(`want no control characters but tabs and CRLF behind each line, got 0x${hex}`)
}

/** The fault of a peer whose head passes a limit. */
export function tooBig(wanted: string): ProtocolError {
  return new ProtocolError('head-too-big', `Cannot read head: ${wanted}`)
}
