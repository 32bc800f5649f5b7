import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, FrameDecoder, MessageDecoder } from '../support/floors.ts'
import { checkByteCount, checkLimit, resolveLimits } from '../../src/values/limits.ts'

describe('limits', () => {
  it('are all finite by default', () => { // law 3
    for (const [name, value] of Object.entries(DEFAULT_LIMITS)) expect(Number.isSafeInteger(value), name).toBe(true)
    expect(resolveLimits()).toEqual(DEFAULT_LIMITS)
    expect(resolveLimits({})).toEqual(DEFAULT_LIMITS)
  })

  it("take a caller's values, undefined as nothing said, and Infinity as the largest number", () => {
    const limits = resolveLimits({
      maxMessageSize: 5,
      readAhead: 0,
      headCount: undefined as unknown as number,
      maxQueued: Infinity,
    })
    expect(limits).toEqual({ ...DEFAULT_LIMITS, maxMessageSize: 5, readAhead: 0, maxQueued: Number.MAX_SAFE_INTEGER })
  })

  it.each([-1, 1.5, NaN, -Infinity, 2 ** 53, '5', null])('refuse %s', (value) => {
    const wrong = value as number
    expect(() => resolveLimits({ maxMessageSize: wrong })).toThrow(RangeError)
    expect(() => resolveLimits({ maxMessageSize: wrong })).toThrow(/limits\.maxMessageSize/)
    expect(() => checkByteCount('length', wrong)).toThrow(RangeError)
    expect(() => checkLimit('length', wrong)).toThrow(RangeError)
    expect(() => new FrameDecoder({ role: 'client', maxPayloadLength: wrong })).toThrow(/maxPayloadLength/)
    expect(() => new FrameDecoder({ role: 'client', wholeFrameLimit: wrong })).toThrow(/wholeFrameLimit/)
    expect(() => new MessageDecoder({ maxMessageSize: wrong })).toThrow(/maxMessageSize/)
  })

  it('refuse 0 where nothing could ever move', () => {
    expect(() => resolveLimits({ fragmentSize: 0 })).toThrow(/at least 1, got 0/)
    expect(() => resolveLimits({ closeTimeout: 0 })).toThrow(RangeError)
    expect(() => resolveLimits({ handshakeTimeout: 0 })).toThrow(RangeError)
  })

  it('of decoders take Infinity', () => {
    expect(() => new FrameDecoder({ role: 'client', maxPayloadLength: Infinity, wholeFrameLimit: Infinity })).not
      .toThrow()
    expect(() => new MessageDecoder({ maxMessageSize: Infinity })).not.toThrow()
    expect(checkLimit('x', Infinity)).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => checkByteCount('length', Infinity)).toThrow(RangeError)
  })
})
