// The examples of RFC 6455 §5.7, each decoded and encoded.

import { describe, expect, it } from 'vitest'
import { type Frame, FrameDecoder, FrameEncoder, Opcode, type Role } from '../support/floors.ts'
import { everyCut, expectBytes, hex, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { decodeAll, expectFrames, frame, keyNumber, peerOf } from '../support/frames.ts'

const key = hex('37 fa 21 3d')
const hello = utf8('Hello')

const examples: [name: string, sender: Role, bytes: Uint8Array, frames: Frame[]][] = [
  ['an unmasked text message', 'server', hex('81 05 48 65 6c 6c 6f'), [frame(Opcode.Text, hello)]],
  ['a masked text message', 'client', hex('81 85 37 fa 21 3d 7f 9f 4d 51 58'), [frame(Opcode.Text, hello)]],
  ['a fragmented unmasked text message', 'server', hex('01 03 48 65 6c 80 02 6c 6f'), [
    frame(Opcode.Text, utf8('Hel'), { fin: false }),
    frame(Opcode.Continuation, utf8('lo')),
  ]],
  ['an unmasked ping', 'server', hex('89 05 48 65 6c 6c 6f'), [frame(Opcode.Ping, hello)]],
  ['a masked pong', 'client', hex('8a 85 37 fa 21 3d 7f 9f 4d 51 58'), [frame(Opcode.Pong, hello)]],
  ['256 bytes in one unmasked frame', 'server', join([hex('82 7e 01 00'), pattern(256)]), [
    frame(Opcode.Binary, pattern(256)),
  ]],
  ['64 KiB in one unmasked frame', 'server', join([hex('82 7f 00 00 00 00 00 01 00 00'), pattern(65536)]), [
    frame(Opcode.Binary, pattern(65536)),
  ]],
]

describe.each(examples)('%s', (_, sender, bytes, frames) => { // rules 25, 27, 30, 31, 32
  it('is encoded to these bytes', () => {
    const encoder = new FrameEncoder({ role: sender, insecureMaskingKeys: () => keyNumber(key) })
    expectBytes(join(encoder.encode(frames)), bytes)
    for (const one of frames) expect(encoder.encode(one).length).toBeGreaterThan(0)
  })

  it('is decoded from these bytes, whole, byte by byte and cut at each place', () => {
    const role = peerOf(sender)
    expectFrames(decodeAll(new FrameDecoder({ role }), [bytes.slice()]), frames)
    expectFrames(decodeAll(new FrameDecoder({ role }), oneByOne(bytes)), frames)
    if (bytes.length > 1000) return
    for (const chunks of everyCut(bytes)) expectFrames(decodeAll(new FrameDecoder({ role }), chunks), frames)
  })
})
