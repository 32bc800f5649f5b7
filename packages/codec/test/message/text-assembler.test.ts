// Texts in parts, judged and decoded by the platform where that pays: the same answers as the plain validator's, at every cut.

import { describe, expect, it } from 'vitest'
import { TextAssembler } from '../../src/message/text-assembler.ts'
import { Utf8Validator } from '../../src/message/utf8.ts'
import { cutAt, utf8 } from '../support/bytes.ts'
import { forSeeds, type Random } from '../support/random.ts'
import { Meter } from '../support/work.ts'

const pieces = ['a', 'plain text ', 'é', '€', '世界', '😀', '\u0000', '\ufeff', '\uffff', '\u{10ffff}', '\u{10000}']

function textOf(random: Random, length: number): string {
  let text = ''
  while (text.length < length) text += random.pick(pieces).repeat(1 + random.below(5))
  return text
}

/** Parts of all sizes, small and large ones mixed, cut inside characters too. */
function parts(random: Random, bytes: Uint8Array): Uint8Array[] {
  const places: number[] = []
  for (let at = 0; at < bytes.length; at += random.pick([0, 1, 2, 3, 500, 1023, 1024, 1025, 4000])) places.push(at)
  return cutAt(bytes, places)
}

/** The place of the first wrong byte, or what was put together. */
function result(all: readonly Uint8Array[], assembler = new TextAssembler()): number | string {
  let before = 0
  for (const part of all) {
    const wrong = assembler.push(part)
    if (wrong >= 0) return before + wrong
    before += part.length
  }
  return assembler.complete ? assembler.take() : before
}

describe('TextAssembler', () => {
  it('gives the text back, however it is cut', () => {
    forSeeds(200, (random) => {
      const assembler = new TextAssembler(new Meter().allocate)
      for (let i = 0; i < 2; i++) {
        const text = textOf(random, random.pick([0, 1, 1500, 6000]))
        expect(result(parts(random, utf8(text)), assembler) === text).toBe(true)
      }
    })
  })

  it('is complete exactly where no character is cut', () => {
    const bytes = utf8('x'.repeat(2000) + '😀')
    for (let missing = 0; missing <= 5; missing++) {
      const assembler = new TextAssembler()
      expect(assembler.push(bytes.subarray(0, bytes.length - missing))).toBe(-1)
      expect(assembler.complete).toBe(missing === 0 || missing >= 4)
    }
  })

  it('names the same wrong byte as the validator, whatever was damaged and wherever it is cut', () => { // rule 42
    forSeeds(500, (random) => {
      const bytes = utf8(textOf(random, random.pick([1100, 3000, 5000])))
      for (let i = random.below(3); i >= 0; i--) bytes[random.below(bytes.length)] = random.below(256)
      const validator = new Utf8Validator()
      const wrong = validator.push(bytes)
      const expected = wrong >= 0
        ? wrong
        : validator.complete
        ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
        : bytes.length
      expect(result(parts(random, bytes)) === expected).toBe(true)
      expect(result([bytes]) === expected).toBe(true)
    })
  })
})
