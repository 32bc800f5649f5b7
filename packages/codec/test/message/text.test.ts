// Bytes to strings, by whichever way is fastest for their length: always what the platform says, and never another error.

import { describe, expect, it } from 'vitest'
import { decodeText } from '../../src/message/text.ts'
import { pattern } from '../support/bytes.ts'

const platform = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text, or the error's words. */
function outcome(decode: () => string): string {
  try {
    return decode()
  } catch (error) {
    return `refused: ${(error as Error).message.replace(/^.*UTF-8, got/, '')}`
  }
}

describe('decodeText', () => {
  it('gives the same for every octet at every place of every length on both sides of its thresholds', () => {
    for (const length of [1, 2, 3, 8, 23, 24, 25, 26, 63, 64, 65]) {
      for (let at = 0; at < length; at++) {
        for (let octet = 0; octet < 256; octet++) {
          const bytes = pattern(length).map((byte) => byte & 0x7f)
          bytes[at] = octet
          const text = outcome(() => decodeText(bytes, 'message'))
          if (octet < 0x80) {
            if (text !== platform.decode(bytes)) expect.unreachable(`${octet} at ${at} of ${length}`)
            continue
          }
          // An octet that leads is wrong at the next one, which no ASCII can be, or at the end.
          const leads = octet >= 0xc2 && octet <= 0xf4
          const end = leads && at === length - 1
          const place = leads ? at + 1 : at
          const seen = end
            ? ` the end inside a character at byte ${place}`
            : ` 0x${bytes[place]!.toString(16).padStart(2, '0')} at byte ${place}`
          if (text !== `refused: ${seen}`) expect.unreachable(`${octet} at ${at} of ${length}: ${text}`)
        }
      }
    }
  })

  it('keeps one string from the next, and other text in them whole', () => {
    const texts = [
      '',
      'a',
      'abc',
      'abd',
      'Grüße',
      '\ufeffx',
      '\u0000',
      '\u007f',
      '\u0080',
      '😀',
      'x'.repeat(24),
      'y'.repeat(24),
    ]
    const decoded = texts.map((text) => decodeText(new TextEncoder().encode(text), 'message'))
    expect(decoded).toEqual(texts)
  })

  it('leaves the bytes as they are', () => {
    const bytes = new TextEncoder().encode('hello')
    decodeText(bytes, 'message')
    expect([...bytes]).toEqual([104, 101, 108, 108, 111])
  })
})
