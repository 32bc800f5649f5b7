import { describe, expect, test } from 'vitest'
import { acceptKey, createKey, isKey } from '../../src/handshake/accept-key.ts'
import { sha1 } from '../../src/handshake/sha1.ts'
import { ACCEPT, KEY, latin1 } from './heads.ts'

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

describe('sha1', () => {
  // FIPS 180-2, appendix A, and RFC 3174 §7.3.
  test.each([
    ['', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
    ['01234567'.repeat(80), 'dea356a2cddd90c7a7ecedc5ebb563934f460452'],
    ['a'.repeat(1_000_000), '34aa973cd4c4daa4f61eeb2bdbad27316534016f'],
  ])('gives the published digest (%#)', (message, digest) => {
    expect(hex(sha1(latin1(message)))).toBe(digest)
  })

  test('agrees with the platform at every length around its blocks', async () => {
    for (let length = 0; length <= 200; length++) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 0xff)
      expect(hex(sha1(message))).toBe(hex(new Uint8Array(await crypto.subtle.digest('SHA-1', message))))
    }
  })
})

describe('acceptKey', () => {
  test('answers the sample nonce as RFC 6455 §1.3 does', () => {
    expect(acceptKey(KEY)).toBe(ACCEPT)
  })
})

describe('createKey', () => {
  test('is base64 of the 16 bytes it was given (rule 7)', () => {
    expect(createKey((into) => into.forEach((_, i) => into[i] = i + 1))).toBe('AQIDBAUGBwgJCgsMDQ4PEA==')
  })

  test('is new for each connection (rule 7)', () => {
    const keys = Array.from({ length: 100 }, () => createKey())
    expect(new Set(keys).size).toBe(100)
    for (const key of keys) expect(atob(key)).toHaveLength(16)
  })
})

describe('isKey', () => {
  test.each([KEY, 'AAAAAAAAAAAAAAAAAAAAAA==', '+/+/+/+/+/+/+/+/+/+/+w=='])('takes %j', (key) => {
    expect(isKey(key)).toBe(true)
  })

  test.each([
    '',
    'AAAA',
    KEY + '\n',
    ` ${KEY}`,
    KEY.replace('==', ''),
    KEY.replace('==', '=='.repeat(2)),
    'dGhlIHNhbXBsZSBub25jZQ-_',
    'dGhlIHNhbXBsZSBub25j\u0000Q==',
    btoa('fifteen bytes !'),
    btoa('seventeen bytes !'),
    btoa('thirteen byte'),
    btoa('nineteen bytes long'),
  ])('refuses %j', (key) => {
    expect(isKey(key)).toBe(false)
  })
})
