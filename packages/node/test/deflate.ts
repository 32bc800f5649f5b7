// permessage-deflate (RFC 7692) without context takeover, for tests: enough of it to talk to those who have all of it.

import { type Extension, type ExtensionFactory, type Frame, Opcode, ProtocolError } from '@wirestream/node'
import { Buffer } from 'node:buffer'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'

const PARAMS = [['server_no_context_takeover', undefined], ['client_no_context_takeover', undefined]] as const
const OFFER = { name: 'permessage-deflate', params: PARAMS }
/** What ends each message's compressed bytes, and is left out (§7.2.1). */
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff)
const options = { finishFlush: constants.Z_SYNC_FLUSH }

/** Offers it without context takeover, and agrees to offers that allow as much. */
export const deflate: ExtensionFactory = {
  name: OFFER.name,
  offers: () => [OFFER],
  accept: () => new Deflate(),
  answer: () => ({ response: OFFER, extension: new Deflate() }),
}

class Deflate implements Extension {
  readonly name: string = OFFER.name
  readonly rsv = 0x40
  /** Of a compressed message that is under way; undefined where there is none. */
  #compressed: Uint8Array[] | undefined
  #opcode: Opcode = Opcode.Binary

  close(): void {
    this.#compressed = undefined
  }

  *encode(frame: Frame): Generator<Frame> {
    const { opcode, payload, payloadLength, offset } = frame
    const ends = offset + payload.length === payloadLength
    const fin = frame.fin && ends
    const first = offset === 0 && opcode !== Opcode.Continuation
    // Each part is blocks of its own that need none before them.
    const blocks = deflateRawSync(payload, options)
    const bytes = new Uint8Array(fin ? blocks.subarray(0, -TAIL.length) : blocks)
    yield { ...frame, ...whole(bytes), fin, rsv1: first, opcode: first ? opcode : Opcode.Continuation }
  }

  *decode(frame: Frame): Generator<Frame> {
    const { opcode, payload, payloadLength, offset } = frame
    if (offset === 0 && opcode !== Opcode.Continuation && frame.rsv1) {
      this.#compressed = []
      this.#opcode = opcode
    }
    if (this.#compressed === undefined) return yield frame
    this.#compressed.push(payload)
    if (!frame.fin || offset + payload.length < payloadLength) return
    const all = Buffer.concat([...this.#compressed, TAIL])
    this.#compressed = undefined
    try {
      yield { ...frame, ...whole(new Uint8Array(inflateRawSync(all, options))), rsv1: false, opcode: this.#opcode }
    } catch (cause) {
      throw new ProtocolError('invalid-utf8', 'Cannot decode message: its compressed bytes are none', { cause })
    }
  }
}

function whole(payload: Uint8Array): Pick<Frame, 'payload' | 'payloadLength' | 'offset'> {
  return { payload, payloadLength: payload.length, offset: 0 }
}
