// An extension that can be seen on the wire and nowhere else: turns every bit round.

import { type Extension, type ExtensionFactory, type Frame, Opcode } from '@wirestream/codec'

const OFFER = { name: 'x-flip', params: [] }

/** Knows how to negotiate it, and counts how many were made and not closed yet. */
export interface FlipFactory extends ExtensionFactory {
  open: number
}

/** A factory for one test. */
export function flipping(): FlipFactory {
  const make = (): Extension => {
    factory.open++
    return new Flip(() => void factory.open--)
  }
  const factory: FlipFactory = {
    name: OFFER.name,
    open: 0,
    offers: () => [OFFER],
    accept: make,
    answer: () => ({ response: OFFER, extension: make() }),
  }
  return factory
}

class Flip implements Extension {
  readonly name: string = OFFER.name
  readonly rsv = 0x40
  readonly close: () => void

  constructor(onClose: () => void) {
    this.close = onClose
  }

  encode(frame: Frame): Frame[] {
    return [{ ...frame, rsv1: frame.opcode !== Opcode.Continuation, payload: flipped(frame.payload) }]
  }

  decode(frame: Frame): Frame[] {
    return [{ ...frame, rsv1: false, payload: flipped(frame.payload) }]
  }
}

function flipped(payload: Uint8Array): Uint8Array {
  return payload.map((byte) => byte ^ 0xff)
}
