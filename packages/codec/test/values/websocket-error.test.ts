import { describe, expect, it } from 'vitest'
import { type CloseInfo, UpgradeError, WebSocketError } from '../support/floors.ts'
import { checkCloseInfo, connectionError } from '../../src/values/websocket-error.ts'

const nameOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return (error as Error).name
  }
  return 'nothing thrown'
}

describe('WebSocketError', () => { // WebSocketStream, clause 14
  it('is a DOMException with a code that is null and a reason that is empty where none was given', () => {
    const error = new WebSocketError('gone')
    expect(error).toBeInstanceOf(DOMException)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'WebSocketError', code: 0, message: 'gone', closeCode: null, reason: '' })
    expect(new WebSocketError().message).toBe('')
    expect('cause' in error && error.cause !== undefined).toBe(false)
  })

  it('carries code, reason and cause; a reason without a code means 1000', () => {
    const cause = new Error('broken pipe')
    expect(new WebSocketError('', { closeCode: 3001, reason: 'bye', cause })).toMatchObject({
      closeCode: 3001,
      reason: 'bye',
      cause,
    })
    expect(new WebSocketError('', { reason: 'bye' }).closeCode).toBe(1000)
    expect(new WebSocketError('', { reason: '' }).closeCode).toBe(null)
  })

  it('checks code and reason as close() does', () => {
    expect(nameOf(() => new WebSocketError('', { closeCode: 1006 }))).toBe('InvalidAccessError')
    expect(nameOf(() => new WebSocketError('', { reason: 'x'.repeat(124) }))).toBe('SyntaxError')
  })

  it('has any code when the connection itself speaks', () => {
    const error = connectionError('lost', 1006, '', 'why')
    expect(error).toMatchObject({ name: 'WebSocketError', closeCode: 1006, reason: '', cause: 'why' })
  })
})

describe('what close() takes', () => { // WebSocketStream, clause 6
  it.each([[1000, 1000], [3000, 3000], [4999, 4999], ['3000', 3000], [3000.9, 3000]])('code %s', (given, closeCode) => {
    expect(checkCloseInfo({ closeCode: given as number })).toEqual({ closeCode, reason: '' })
  })

  it.each([0, 999, 1001, 1005, 1006, 1011, 1015, 2999, 5000, 65535, null])('not code %s', (given) => {
    expect(nameOf(() => checkCloseInfo({ closeCode: given as number }))).toBe('InvalidAccessError')
  })

  it.each([-1, 65536, NaN, Infinity, 'x', {}, 3000n])('not %s, which is no unsigned short', (given) => {
    expect(nameOf(() => checkCloseInfo({ closeCode: given as number }))).toBe('TypeError')
  })

  it('reasons up to 123 bytes of UTF-8', () => {
    expect(checkCloseInfo({ reason: 'é'.repeat(61) }).reason).toBe('é'.repeat(61))
    expect(nameOf(() => checkCloseInfo({ reason: 'é'.repeat(62) }))).toBe('SyntaxError')
    expect(nameOf(() => checkCloseInfo({ reason: '\ud800'.repeat(42) }))).toBe('SyntaxError')
  })

  it('lone surrogates as U+FFFD, which is what the peer reads', () => {
    expect(checkCloseInfo({ reason: 'a\ud800b\udc00😀' }).reason).toBe('a\ufffdb\ufffd😀')
  })

  it('members that are read once each, the code first', () => {
    const read: string[] = []
    const info = {
      get reason() {
        read.push('reason')
        return 'bye'
      },
      get closeCode() {
        read.push('closeCode')
        return 3000
      },
    }
    expect(checkCloseInfo(info)).toEqual({ closeCode: 3000, reason: 'bye' })
    expect(read).toEqual(['closeCode', 'reason'])
  })

  it('no argument, null or an empty object as nothing said', () => {
    for (const info of [undefined, null, {}, { closeCode: undefined, reason: undefined }]) {
      expect(checkCloseInfo(info as CloseInfo)).toEqual({ closeCode: null, reason: '' })
    }
  })

  it.each([1000, 'bye', true])('no argument that is no object: %s', (info) => {
    expect(nameOf(() => checkCloseInfo(info as CloseInfo))).toBe('TypeError')
  })

  it('no bytes as a reason', () => { // security.md, row 6
    for (const reason of [new Uint8Array(4), new Float64Array(2), new ArrayBuffer(4)]) {
      expect(nameOf(() => checkCloseInfo({ reason: reason as unknown as string }))).toBe('TypeError')
    }
  })
})

describe('UpgradeError', () => {
  it('carries the response', () => {
    const response = { status: 404, headers: [['X-Why', 'gone']] as const, body: Uint8Array.of(1) }
    const error = new UpgradeError('Cannot connect', { ...response, cause: 'why' })
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error).toMatchObject({ ...response, closeCode: null, cause: 'why' })
  })
})
