// Parts of data frames to messages, one after another. Owns the message under way, the leases of the chunks that it keeps views of, and
// in which memory a message is handed out.

import { judgeSize, MessageAssembler } from '../message/assembler.ts'
import { decodeAcceptedText } from '../message/text.ts'
import { SMALL } from '../values/bytes.ts'
import type { Allocate } from '../values/growing-bytes.ts'
import { Opcode } from '../values/opcode.ts'
import { Leases } from './lease.ts'
import type { DataPart } from './protocol.ts'
import type { PassedMessage } from './whole-sender.ts'

/** How messages are made. */
export interface AssemblyOptions {
  readonly maxMessageSize: number
  readonly allocate: Allocate
  /** Whether binary messages may be views of received chunks. */
  readonly binary: 'copy' | 'view' | undefined
}

/** Makes the messages of one connection. */
export class Assembly {
  readonly #options: AssemblyOptions
  /** Made for the first message in parts. */
  #assembler: MessageAssembler | undefined
  #leases: Leases | undefined
  #inside = false
  #latest: Uint8Array | undefined

  constructor(options: AssemblyOptions) {
    this.#options = options
  }

  /** Whether a message is under way. */
  get inside(): boolean {
    return this.#inside
  }

  /**
   * Whether `bytes` are the small message that was made last: an array of our own making. Asking it for its buffer, to see that
   * it is neither shared nor resizable, would make V8 move it off its heap: 200 of the 950 ns of an echo. One without
   * length may have been transferred away since; it is looked at like any other.
   */
  isLatest(bytes: unknown): boolean {
    return bytes === this.#latest && this.#latest!.length > 0
  }

  /**
   * Whether the part belongs to a message that is wanted; then it is to be added. Throws `ProtocolError` where its message is longer
   * than it may be.
   */
  judge({ frame, first, last }: DataPart): boolean {
    if (!first && !this.#inside) return false // the unread rest of a message that `messages()` left
    this.#inside = !last
    judgeSize(frame, this.#assembler?.length ?? 0, this.#options.maxMessageSize)
    return true
  }

  /** Adds a part; gives the message that ends with it, if one does, as the application may have it. */
  add(part: DataPart): string | Uint8Array | undefined {
    const { first, last, type, text, lease } = part
    if (text !== undefined) {
      lease?.release()
      return text
    }
    if (first && last) return this.#own(part)
    this.#append(part)
    if (!last) return undefined
    const bytes = this.#take()
    return type === 'text' ? decodeAcceptedText(bytes) : bytes
  }

  /** The same for a message that is sent on as it came; with `lend`, its parts may share their memory with other bytes. */
  addToPass(part: DataPart, lend: boolean): PassedMessage | undefined {
    const { frame, first, last, type, lease } = part
    const opcode = type === 'text' ? Opcode.Text : Opcode.Binary
    if (first && last) return { opcode, parts: [frame.payload], lend, lease }
    if (last && lend) {
      const leases = this.#leases ?? new Leases()
      this.#leases = undefined
      leases.add(lease)
      return { opcode, parts: [...this.#assembling.takeParts(), frame.payload], lend, lease: leases }
    }
    this.#append(part)
    return last ? { opcode, parts: [this.#take()], lend: true, lease: undefined } : undefined
  }

  get #assembling(): MessageAssembler {
    return this.#assembler ??= new MessageAssembler(this.#options.maxMessageSize, this.#options.allocate)
  }

  #append({ frame, lease }: DataPart): void {
    if (this.#assembling.append(frame)) (this.#leases ??= new Leases()).add(lease)
    else lease?.release()
  }

  /** The message under way, an exact array of its own. */
  #take(): Uint8Array {
    const bytes = this.#assembling.take()
    this.#leases?.release()
    return bytes
  }

  /** A payload as the reader may have it: an array of exactly its buffer's size, unless views are wanted. */
  #own({ frame: { payload }, lease }: DataPart): Uint8Array {
    if (payload.length <= SMALL) return this.#latest = payload // a copy already, see `Protocol`
    if (this.#options.binary === 'view') return payload
    const copy = this.#options.allocate(payload.length)
    copy.set(payload)
    lease?.release()
    return copy
  }
}
