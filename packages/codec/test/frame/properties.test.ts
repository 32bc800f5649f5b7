// Properties over random frames. Invariant: however the bytes are cut, the same frames come out, joined; and what the
// encoder writes is what the oracle writes and what the decoder reads back. No error of any kind is allowed.

import { describe, expect, it } from 'vitest'
import { FrameDecoder, FrameEncoder, type Role } from '../support/floors.ts'
import { chop, cutAt, expectBytes, join, oneByOne, pattern } from '../support/bytes.ts'
import {
  decodeAll,
  expectFrames,
  frame,
  interestingSizes,
  joinParts,
  peerOf,
  randomFrames,
  wire,
} from '../support/frames.ts'
import { forSeeds, type Random } from '../support/random.ts'

const limits = [0, 1, 2, 125, 126, 1000, 65535, 65536, 70_000]
const roles: Role[] = ['client', 'server']

describe.each(roles)('from a %s', (sender) => {
  const role = peerOf(sender)
  const keyFor = (random: Random) => (sender === 'client' ? { key: random.bytes(4) } : {})

  it('any cutting of the bytes gives the same frames, joined', () => {
    forSeeds(400, (random) => {
      const limit = random.pick(limits)
      const frames = randomFrames(random, interestingSizes(limit))
      const bytes = join(frames.map(({ opcode, fin, rsv1, rsv2, rsv3, payload }) => {
        const rsv = (rsv1 ? 0x40 : 0) + (rsv2 ? 0x20 : 0) + (rsv3 ? 0x10 : 0)
        return wire({ opcode, fin, rsv, payload, ...keyFor(random) })
      }))
      const decoder = new FrameDecoder({ role, wholeFrameLimit: limit, allowedRsv: 0x70, copy: random.chance(0.2) })
      const chunks = bytes.length < 3000 && random.chance(0.2) ? oneByOne(bytes) : chop(random, bytes)
      const parts = decodeAll(decoder, chunks)
      decoder.end()
      for (const part of parts) {
        if (part.payloadLength <= limit || part.opcode >= 8) expect(part.payload.length).toBe(part.payloadLength)
      }
      expectFrames(joinParts(parts), frames)
    })
  })

  it('decoding undoes encoding, and encoding what was decoded gives the same frames again', () => {
    forSeeds(250, (random) => {
      const frames = randomFrames(random, interestingSizes(random.pick(limits)))
      const before = frames.map(({ payload }) => payload.slice())
      const chunks = new FrameEncoder({ role: sender }).encode(frames).map((chunk) => chunk.slice())
      const once = decodeAll(
        new FrameDecoder({ role, wholeFrameLimit: 0, allowedRsv: 0x70 }),
        chop(random, join(chunks)),
      )
      expectFrames(joinParts(once), frames)
      // Parts as they came go through the encoder again: a proxy.
      const encoder = new FrameEncoder({ role: sender })
      const again = random.chance(0.5) ? encoder.encode(once) : once.flatMap((part) => encoder.encode(part))
      const twice = decodeAll(
        new FrameDecoder({ role, wholeFrameLimit: 0, allowedRsv: 0x70 }),
        again.map((chunk) => chunk.slice()),
      )
      expectFrames(joinParts(twice), frames)
      frames.forEach(({ payload }, i) => expectBytes(payload, before[i]!)) // never written to
    })
  })

  it('every size at a border goes through every limit, whole, in halves and one off each end', () => {
    for (const limit of limits) {
      for (const size of interestingSizes(limit)) {
        const payload = pattern(size)
        const bytes = join(new FrameEncoder({ role: sender }).encode(frame(2, payload)))
        const head = bytes.length - size
        const places = [0, 1, 2, 3, head - 1, head, head + 1, head + size - 1, bytes.length >> 1]
        for (const at of places.filter((place) => place <= bytes.length)) {
          const decoder = new FrameDecoder({ role, wholeFrameLimit: limit })
          expectFrames(joinParts(decodeAll(decoder, cutAt(bytes, [at]))), [frame(2, payload)])
        }
      }
    }
  })

  it('a few frames cut at each place, at each two places, and byte by byte', () => {
    forSeeds(4, (random) => {
      const frames = [
        frame(1, pattern(3), { fin: false }),
        frame(9, pattern(2)),
        frame(0, pattern(126)),
        frame(2, pattern(0)),
      ]
      const bytes = join(frames.map(({ opcode, fin, payload }) => wire({ opcode, fin, payload, ...keyFor(random) })))
      for (const limit of [0, 2, 100, 1000]) {
        for (let a = 0; a <= bytes.length; a++) {
          for (let b = a; b <= bytes.length; b += 3) {
            const decoder = new FrameDecoder({ role, wholeFrameLimit: limit })
            expectFrames(joinParts(decodeAll(decoder, cutAt(bytes, [a, b]))), frames)
          }
        }
        expectFrames(joinParts(decodeAll(new FrameDecoder({ role, wholeFrameLimit: limit }), oneByOne(bytes))), frames)
      }
    })
  })
})

it('random bytes give frames or one ProtocolError, the same however they are cut', () => {
  // Allowed: any ProtocolError. Nothing else may be thrown, and nothing may hang.
  forSeeds(2000, (random) => {
    const role = random.pick(roles)
    const bytes = random.bytes(random.below(60))
    if (random.chance(0.7) && bytes.length > 1) {
      bytes[0] = random.pick([0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8a])
      bytes[1] = (role === 'server' ? 128 : 0) + random.pick([0, 1, 5, 20, 126, 127])
    }
    const attempt = (chunks: Uint8Array[]) => {
      const decoder = new FrameDecoder({ role, wholeFrameLimit: 100 })
      const given: string[] = []
      try {
        for (const chunk of chunks) {
          for (const one of decoder.decode(chunk)) {
            if (one.payload.length === one.payloadLength) given.push(`${one.opcode}${one.fin}${one.payload}`)
          }
        }
        decoder.end()
      } catch (error) {
        given.push((error as { code: string }).code)
        expect((error as Error).name).toBe('ProtocolError')
      }
      return given.join(' ')
    }
    const whole = attempt([bytes.slice()])
    expect(attempt(oneByOne(bytes))).toBe(whole)
    expect(attempt(chop(random, bytes))).toBe(whole)
  })
})
