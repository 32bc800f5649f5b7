import { describe, expect, it } from 'vitest'
import {
  copyPayload,
  isAscii,
  mask,
  maskBytes,
  maskInto,
  readKey,
  rotateKey,
  secureMaskingKey,
  writeKey,
} from '../../src/frame/mask.ts'
import { maskAside, maskSimd, SIMD_FROM, useVectorMasking } from '../../src/frame/mask-simd.ts'
import { FrameEncoder, Opcode } from '../support/floors.ts'
import { difference, expectBytes, hex, pattern } from '../support/bytes.ts'
import { keyNumber } from '../support/frames.ts'
import { forSeeds } from '../support/random.ts'

// RFC 6455 §5.3 as it is written: octet i XOR octet i mod 4 of the key (rule 31).
function oracle(bytes: Uint8Array, start: number, end: number, key: Uint8Array): void {
  for (let i = start; i < end; i++) bytes[i]! ^= key[(i - start) % 4]!
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** Some workers forbid it. */
function mayCompile(): boolean {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } }
  try {
    return new WebAssembly.Module(hex('00 61 73 6d 01 00 00 00')) !== undefined
  } catch {
    return false
  }
}

const keys = ['37 fa 21 3d', '00 00 00 00', 'ff ff ff ff', '80 00 00 00', '00 00 00 80', '01 02 03 04'].map(hex)

describe('masking', () => {
  it('agrees with the RFC at every alignment, offset and length up to 260 bytes', () => {
    const key = hex('37 fa 21 3d')
    const number = keyNumber(key)
    for (let alignment = 0; alignment < 8; alignment++) {
      for (let start = 0; start < 8; start++) {
        for (let length = 0; length <= 260; length++) {
          const memory = pattern(alignment + start + length + 12)
          const expected = memory.slice()
          const bytes = memory.subarray(alignment)
          mask(bytes, start, start + length, number)
          oracle(expected.subarray(alignment), start, start + length, key)
          if (difference(memory, expected) >= 0) {
            expect.unreachable(`alignment ${alignment}, start ${start}, length ${length}`)
          }
        }
      }
    }
  })

  it('agrees with the RFC for random keys, places and larger lengths, in both forms', () => {
    forSeeds(300, (random) => {
      const key = random.chance(0.5) ? random.pick(keys) : random.bytes(4)
      const memory = random.bytes(random.pick([100, 1000, 4096, 70_000]))
      const from = random.below(16)
      const bytes = memory.subarray(from)
      const start = random.below(bytes.length)
      const end = start + random.below(bytes.length - start + 1)
      for (const form of [mask, maskBytes]) {
        const actual = memory.slice()
        const expected = memory.slice()
        form(actual.subarray(from), start, end, keyNumber(key))
        oracle(expected.subarray(from), start, end, key)
        expectBytes(actual, expected)
      }
    })
  })

  it('agrees in its vector form for every alignment and for lengths around its steps and tiles, or does nothing', () => {
    const may = mayCompile()
    const key = hex('37 fa 21 3d')
    for (
      const length of [
        0,
        1,
        63,
        64,
        65,
        SIMD_FROM - 1,
        SIMD_FROM,
        16383,
        16384,
        16385,
        32767,
        32768,
        32769,
        65536,
        65536 + 5,
      ]
    ) {
      for (let start = 0; start < 5; start++) {
        const memory = pattern(start + length + 70)
        const expected = memory.slice()
        if (may) oracle(expected, start, start + length, key)
        expect(maskSimd(memory, start, memory, start, start + length, keyNumber(key))).toBe(may)
        expectBytes(memory, expected)
      }
    }
  })

  it('aside gives up to a tile of bytes masked and leaves its source alone, or does nothing', () => {
    const key = hex('37 fa 21 3d')
    for (const length of [1, 63, 64, 65, 1024, 16383, 16384, 16385]) {
      for (const start of [0, 1, 5]) {
        const source = pattern(start + length)
        const masked = maskAside(source, start, start + length, keyNumber(key))
        expectBytes(source, pattern(start + length))
        expect(masked !== undefined).toBe(mayCompile() && length <= 16384)
        if (masked === undefined) continue
        const expected = source.slice(start)
        oracle(expected, 0, length, key)
        expectBytes(masked, expected)
      }
    }
  })

  it.each(['by words', 'by vectors'])('into another array leaves its source alone, %s', (way) => {
    if (way === 'by vectors') useVectorMasking()
    const key = hex('37 fa 21 3d')
    for (const length of [0, 10, 200, SIMD_FROM, 40_000]) {
      const source = pattern(length)
      const target = new Uint8Array(length + 9)
      maskInto(target, 7, source, keyNumber(key))
      const expected = new Uint8Array(length + 9)
      expected.set(source, 7)
      oracle(expected, 7, 7 + length, key)
      expectBytes(target, expected)
      expectBytes(source, pattern(length))
    }
  })

  it.each(['by bytes', 'by words', 'by vectors'])('anew while it is copied, wherever it stands, %s', (way) => {
    if (way === 'by vectors') useVectorMasking()
    const views = (bytes: Uint8Array) => way === 'by bytes' ? undefined : viewOf(bytes)
    const [was, will] = [hex('37 fa 21 3d'), hex('01 80 ff 7e')]
    for (const length of [0, 1, 3, 4, 7, 65, SIMD_FROM - 1, SIMD_FROM, 20_001]) {
      for (const [start, at] of [[0, 0], [1, 4], [6, 3], [7, 7]] as const) {
        const bytes = pattern(start + length + 2)
        const target = new Uint8Array(at + length + 1).fill(9)
        const expected = target.slice()
        expected.set(bytes.subarray(start, start + length), at)
        oracle(expected, at, at + length, was)
        oracle(expected, at, at + length, will)
        const [key, anew] = [keyNumber(was), keyNumber(will)]
        const payload = { bytes, view: views(bytes), start, end: start + length, key }
        copyPayload(target, views(target), at, payload, key ^ anew)
        expectBytes(target, expected)
        expectBytes(bytes, pattern(start + length + 2))
      }
    }
  })

  it.each(['by bytes', 'by words'])('hides no byte that is not ASCII, %s', (way) => {
    const key = hex('37 fa 21 bd')
    for (const [start, length] of [[0, 0], [3, 1], [1, 4], [2, 13], [0, 64]] as const) {
      for (let wrong = -1; wrong < length; wrong++) {
        const bytes = new Uint8Array(start + length + 3).fill(0xff) // what is around it does not count
        bytes.fill(0x7f, start, start + length)
        if (wrong >= 0) bytes[start + wrong] = 0x80
        oracle(bytes, start, start + length, key)
        const view = way === 'by words' ? viewOf(bytes) : undefined
        const payload = { bytes, view, start, end: start + length, key: keyNumber(key) }
        expect(isAscii(payload)).toBe(wrong < 0)
      }
    }
  })

  it('agrees with the RFC by vectors too, once they are used', () => {
    useVectorMasking()
    const key = hex('37 fa 21 3d')
    for (const length of [SIMD_FROM - 1, SIMD_FROM, 40_001]) {
      const memory = pattern(length + 20)
      const expected = memory.slice()
      mask(memory, 7, 7 + length, keyNumber(key))
      oracle(expected, 7, 7 + length, key)
      expectBytes(memory, expected)
    }
  })

  it('twice is the identity', () => {
    const bytes = pattern(1000)
    mask(bytes, 3, 999, 0x12345678)
    mask(bytes, 3, 999, 0x12345678)
    expectBytes(bytes, pattern(1000))
  })

  it('goes on at any offset with the key rotated, also beyond 2^32', () => {
    const key = hex('37 fa 21 3d')
    const whole = new Uint8Array(64)
    oracle(whole, 0, 64, key)
    for (let offset = 0; offset < 64; offset++) {
      for (const far of [0, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53 - 64]) {
        const rest = new Uint8Array(64 - offset)
        mask(rest, 0, rest.length, rotateKey(keyNumber(key), far + offset))
        expectBytes(rest, whole.subarray(offset))
      }
    }
  })

  it('writes and reads keys octet by octet', () => {
    for (const key of keys) {
      const bytes = new Uint8Array(8)
      writeKey(bytes, 3, keyNumber(key))
      expectBytes(bytes.subarray(3, 7), key)
      expect(readKey(bytes, 3)).toBe(keyNumber(key))
    }
  })
})

describe('masking keys', () => { // rule 31; law 8
  it("come from the platform's cryptographic randomness and never from Math.random", () => {
    const random = Math.random
    const fill = crypto.getRandomValues
    let filled = 0
    let block: Uint32Array = new Uint32Array(0)
    Math.random = () => expect.unreachable('Math.random was called')
    crypto.getRandomValues = ((array: Uint32Array) => {
      filled++
      return (block = array.fill(0xdeadbeef))
    }) as typeof crypto.getRandomValues
    try {
      while (filled === 0) secureMaskingKey() // the platform's, which were drawn before
      while (block.some((key) => key !== 0)) secureMaskingKey()
      filled = 0
      new FrameEncoder({ role: 'client' })
      new FrameEncoder({ role: 'server' }).encode({ opcode: Opcode.Text, payload: new Uint8Array(9) })
      expect(filled).toBe(0) // nothing before the first key
      const given = Array.from({ length: 5000 }, () => secureMaskingKey() >>> 0)
      expect(new Set(given)).toEqual(new Set([0xdeadbeef]))
      expect(filled).toBe(Math.ceil(5000 / 2048))
      // A key that was used is not left lying about.
      const used = 5000 - 2 * 2048
      expect([...block].map((key) => key === 0)).toEqual(Array.from(block, (_, i) => i < used))
    } finally {
      while (block.some((key) => key !== 0)) secureMaskingKey() // nobody else is to have these
      Math.random = random
      crypto.getRandomValues = fill
    }
  })

  it('differ from frame to frame, and every bit of them is even', () => {
    const encoder = new FrameEncoder({ role: 'client' })
    const frames = Array.from({ length: 20_000 }, () => ({ opcode: Opcode.Ping, payload: new Uint8Array(0) }))
    const [bytes] = encoder.encode(frames)
    const ones = new Array<number>(32).fill(0)
    const seen = new Set<number>()
    for (let i = 0; i < frames.length; i++) {
      const key = readKey(bytes!, i * 6 + 2)
      seen.add(key)
      for (let bit = 0; bit < 32; bit++) if (key & (1 << bit)) ones[bit]!++
    }
    // 20 000 draws from 2^32 repeat about 0.05 times; more than 10 times happens once in 10^20 runs.
    expect(seen.size).toBeGreaterThan(frames.length - 10)
    // A fair bit is 71 away from half at one standard deviation; 1000 away is 14 of them, once in 10^44 runs.
    for (const count of ones) expect(Math.abs(count - frames.length / 2)).toBeLessThan(1000)
  })

  it('are one for each frame, also for a long one in parts', () => {
    let made = 0
    const encoder = new FrameEncoder({ role: 'client', insecureMaskingKeys: () => ++made })
    encoder.encode([{ opcode: 1, payload: pattern(3) }, { opcode: 2, payload: pattern(10), payloadLength: 30 }])
    encoder.encode({ opcode: 2, payload: pattern(20), payloadLength: 30, offset: 10 })
    expect(made).toBe(2)
    encoder.encode({ opcode: 8, payload: pattern(0) })
    expect(made).toBe(3)
  })

  it('are none for a server', () => {
    const encoder = new FrameEncoder({ role: 'server', insecureMaskingKeys: () => expect.unreachable() })
    expect(encoder.encode({ opcode: 2, payload: pattern(200) }).length).toBe(1)
  })
})
