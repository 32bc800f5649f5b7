// What is open while an attempt may be given up.

import { expect, test } from 'vitest'
import { Held } from '../../src/adapter/index.ts'

function open() {
  const thing = { closed: 0, close: () => void thing.closed++ }
  return thing
}

test('it is closed once when the signal is aborted, also where that was before', () => {
  const control = new AbortController()
  const [first, second, late] = [open(), open(), open()]
  const held = new Held(first, control.signal)
  held.take()
  held.put(second)
  control.abort(new Error('given up'))
  expect([first.closed, second.closed]).toEqual([0, 1])
  expect(() => held.take()).toThrow('given up')
  held.put(late)
  expect([first.closed, second.closed, late.closed]).toEqual([0, 1, 1])
  const later = open()
  new Held(later, control.signal)
  expect(later.closed).toBe(1)
})

test('what was handed on is nobody’s any more: not closed, and not handed on again', () => {
  const control = new AbortController()
  const thing = open()
  const held = new Held(thing, control.signal)
  expect(held.take()).toBe(thing)
  expect(() => held.take()).toThrow(TypeError)
  control.abort()
  expect(thing.closed).toBe(0)
})
