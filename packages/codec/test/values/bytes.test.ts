import { describe, expect, it } from 'vitest'
import { concat, describe as kindOf, isBytesLike, plainBytes, toBytes, utf8Length } from '../../src/values/bytes.ts'
import type { BytesLike } from '../support/floors.ts'
import { expectBytes, pattern, utf8 } from '../support/bytes.ts'
import { forSeeds } from '../support/random.ts'
import { sharedBytes } from '../support/shared-memory.ts'

describe('toBytes', () => {
  it('gives a view of the same memory, whatever view came in', () => {
    const memory = pattern(32)
    const views = [
      memory,
      memory.buffer,
      new DataView(memory.buffer, 8, 12),
      new Uint16Array(memory.buffer, 4, 6),
      memory.subarray(3, 9),
    ] as BytesLike[]
    for (const view of views) {
      const bytes = toBytes(view)
      expect(bytes.constructor).toBe(Uint8Array)
      expect(bytes.buffer).toBe(memory.buffer)
      expect(bytes.byteLength).toBe(view.byteLength)
      expect(bytes.byteOffset).toBe(ArrayBuffer.isView(view) ? view.byteOffset : 0)
    }
  })

  it.each([1, '1', null, undefined, [1, 2], {}, { length: 4 }, Symbol.iterator])('refuses %s', (value) => {
    expect(isBytesLike(value)).toBe(false)
    expect(() => toBytes(value as unknown as BytesLike, 'Cannot test')).toThrow(TypeError)
    expect(() => toBytes(value as unknown as BytesLike, 'Cannot test')).toThrow(/^Cannot test: want an ArrayBuffer/)
  })

  it('refuses memory that may change under us: shared and resizable', () => {
    expect(() => toBytes(sharedBytes(4))).toThrow(/shared memory/)
    type Resizable = new (length: number, options: { maxByteLength: number }) => ArrayBuffer
    const resizable = new (ArrayBuffer as unknown as Resizable)(4, { maxByteLength: 8 })
    expect(() => toBytes(resizable)).toThrow(/resizable/)
    expect(() => toBytes(new Uint8Array(resizable))).toThrow(/resizable/)
  })

  it('refuses a buffer that was transferred away, instead of taking it for an empty one', () => {
    const gone = new Uint8Array(4)
    structuredClone(gone.buffer, { transfer: [gone.buffer] })
    expect(() => toBytes(gone)).toThrow(TypeError)
    expect(() => toBytes(gone.buffer)).toThrow(/transferred/)
    expect(toBytes(new Uint8Array(0)).length).toBe(0)
    expect(toBytes(new ArrayBuffer(0)).length).toBe(0)
  })
})

describe('plainBytes', () => {
  it('gives a Uint8Array proper for a subclass, over the same memory', () => {
    class Odd extends Uint8Array {}
    const odd = new Odd(8)
    expect(plainBytes(odd).constructor).toBe(Uint8Array)
    expect(plainBytes(odd).buffer).toBe(odd.buffer)
    const plain = new Uint8Array(8)
    expect(plainBytes(plain)).toBe(plain)
  })
})

describe('utf8Length', () => {
  it('agrees with TextEncoder for pairs, lone surrogates and every boundary', () => {
    const units = [0x00, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xfeff, 0xffff]
    for (const a of units) {
      for (const b of units) {
        for (const c of units) {
          const text = String.fromCharCode(a, b, c)
          expect(utf8Length(text)).toBe(utf8(text).length)
        }
      }
    }
    forSeeds(50, (random) => {
      const text = Array.from({ length: 40 }, () => String.fromCharCode(random.below(65536))).join('')
      expect(utf8Length(text)).toBe(utf8(text).length)
    })
  })
})

describe('concat', () => {
  it('gives one exact array', () => {
    const joined = concat([pattern(3), new Uint8Array(0), pattern(5, 3)])
    expectBytes(joined, pattern(8))
    expect(joined.buffer.byteLength).toBe(8)
    expect(concat([]).length).toBe(0)
  })
})

describe('describe', () => {
  it('names the kind of a value, whatever it is', () => {
    const values = [null, undefined, 1, [], new Map(), Object.create(null)]
    expect(values.map(kindOf)).toEqual(['null', 'undefined', 'number', 'Array', 'Map', 'object'])
  })

  it('has a word for what a generator gives, whose constructor has no name', () => {
    expect(kindOf((async function* () {})())).toBe('object')
  })
})
