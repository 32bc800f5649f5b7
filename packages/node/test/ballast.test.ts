// Memory outside the heap brings young garbage in proportion, so that it is collected in time (decision 0026).

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { withBallast } from '../src/ballast.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void

/** Bytes that stand in the young part of the heap. */
function young(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name }) => space_name === 'new_space' || space_name === 'new_large_object_space')
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0)
}

const allocate = withBallast((length) => new Uint8Array(length))

test.each([4096, 16_384, 2 ** 18, 2 ** 20])(
  'an array of %i bytes brings a quarter of it as young garbage',
  (length) => {
    allocate(length)
    collect({ type: 'minor' })
    const before = young()
    allocate(length)
    const made = young() - before
    expect(made).toBeGreaterThan(length / 5)
    expect(made).toBeLessThan(length / 3 + 65_536) // and what asking for it makes
  },
)

test('a small array brings none beside its own objects', () => {
  collect({ type: 'minor' })
  const before = young()
  for (let i = 0; i < 16; i++) allocate(4095)
  expect(young() - before).toBeLessThan(16 * 1024)
})

test.each([0, 1, 4095, 4096, 4097, 2 ** 20 + 1])('the array has the length that was asked for: %i', (length) => {
  expect(allocate(length).length).toBe(length)
})
