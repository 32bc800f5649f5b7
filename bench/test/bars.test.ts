// Law: every figure that the project set itself stands at a case that is measured.

import { describe, expect, test } from 'vitest'
import { barOf } from '../src/bars.ts'
import { codecGroups, nameOf, streamGroups } from '../src/codec/cases.ts'
import { ITSELF, PLAIN_WS, TCP, WS } from '../src/rivals.ts'
import { cases, nameOf as nameOfEcho } from '../src/suites/echo.ts'

const measured: Record<string, string[]> = {
  codec: codecGroups.flatMap(({ one, forms }) => forms.map((form) => nameOf(one, form))),
  streams: streamGroups.flatMap(({ one, forms }) => forms.map((form) => nameOf(one, form))),
  echo: cases.flatMap((one) => ['pipe', 'views, pipe'].map((mode) => `${nameOfEcho(one)}, ${mode}`)),
}

const columns = [['Node 26', WS], ['Node 20', WS], ['Bun', 'Bun.serve'], ['Deno', 'Deno.upgradeWebSocket']] as const
type Figures = readonly [floor: number, goal: number] | undefined

/** A case and its figures on each runtime, as the table of the performance issue has them. */
const echoes: [string, ...Figures[]][] = [
  ['64 B, 32 × 64, pipe', [10, 15], [2.8, 5], [0.5, 1], [3, 7]],
  ['125 B, 32 × 64, pipe', [4, 10], undefined, undefined, undefined],
  ['125 B, 32 × 64, views, pipe', [10, 14], undefined, undefined, undefined],
  ['64 B, 1 × 1, pipe', [0.9, 1.05], [0.75, 1], [0.65, 1], undefined],
  ['64 B, 32 × 1, pipe', [0.9, 1.05], [0.75, 1], [0.65, 1], undefined],
  ['1 KiB, 4 × 64, pipe', [2.5, 4], [1.6, 2.5], [0.75, 1], [2.3, 4]],
  ['16 KiB, 4 × 16, pipe', [0.9, 1.3], [0.75, 1.1], [0.95, 1.2], [1, 1.3]],
  ['1 MiB, 2 × 4, pipe', [0.9, 1.2], [0.8, 1.1], [0.8, 1], [0.7, 1]],
]

describe('echo', () => {
  for (const [name, ...figures] of echoes) {
    test(name, () => {
      expect(measured['echo']).toContain(name)
      columns.forEach(([runtime, rival], i) => expect(barOf('echo', name, runtime, rival)).toEqual(wanted(figures[i])))
    })
  }

  test('one message in flight on Deno, against TCP', () => {
    for (const shape of ['1 × 1', '32 × 1']) {
      expect(barOf('echo', `64 B, ${shape}, pipe`, 'Deno', TCP)).toEqual(wanted([0.9, 1]))
    }
  })

  test('the loop has no bar of its own, nor has TCP', () => {
    expect(barOf('echo', '64 B, 32 × 64, for await', 'Node 26', WS)).toEqual({})
    expect(barOf('echo', '64 B, 32 × 64, pipe', 'Node 26', TCP)).toEqual({})
  })
})

describe.each(['Node 26', 'Node 20'])('codec on %s', (runtime) => {
  const decodes = [['16 B', 4, 5], ['125 B', 2, 3], ['1 KiB', 1.2, 2], ['16 KiB', 1, 1.3], ['64 KiB', 0.9, 1.2], [
    '1 MiB',
    0.9,
    1.2,
  ]] as const

  test.each(decodes)('decode %s', (size, ...figures) => {
    for (const type of ['text', 'binary']) {
      const name = `decode ${type}, ${size}`
      expect(measured['codec']).toContain(name)
      expect(barOf('codec', name, runtime, WS)).toEqual(wanted(figures))
      expect(barOf('codec', name, runtime, PLAIN_WS)).toEqual(wanted(/KiB|MiB/.test(size) ? [3, 5] : undefined))
    }
  })

  test.each(decodes)('encode %s: the bar is on many messages a call', (size) => {
    const figures: Figures = /^(16 B|125 B|1 KiB)$/.test(size) ? [1.5, 3] : [1, 1.5]
    for (const who of ['text, server', 'text, client', 'binary, server', 'binary, client']) {
      expect(measured['codec']).toContain(`encode ${who}, ${size}`)
      expect(barOf('codec', `encode ${who}, ${size}`, runtime, WS)).toEqual(wanted(figures))
      expect(barOf('codec', `encode ${who}, one a call, ${size}`, runtime, WS)).toEqual({})
    }
  })

  test('drips and fragments are measured', () => {
    expect(measured['codec']).toContain('decode binary, 125 B, 1-byte drip')
    expect(measured['codec']).toContain('decode binary, 1 KiB, 2-byte fragments')
  })

  test('batched doors up to 1 KiB', () => {
    for (const type of ['text', 'binary']) {
      for (const size of ['16 B', '125 B', '1 KiB', '16 KiB']) {
        const name = `decode ${type}, batched, ${size}`
        const figures: Figures = runtime === 'Node 26' ? [1.5, 2.5] : [1.2, 2]
        expect(measured['streams']).toContain(name)
        expect(measured['streams']).toContain(name.replace('batched', 'per item'))
        expect(barOf('streams', name, runtime, WS)).toEqual(wanted(size === '16 KiB' ? undefined : figures))
      }
    }
  })
})

/** Suite, case, whether smaller is better, and its figures; the rival is the runtime's own unless named. */
const others: [suite: string, name: string, atMost: boolean, rival: string | undefined, ...Figures[]][] = [
  ['fanout', '64 B to 1000', false, undefined, [1.2, 2], [1.1, 1.5], [0.4, 0.8], undefined],
  ['fanout', '1 KiB to 1000', false, undefined, [1.2, 2], [1.1, 1.5], [0.4, 0.8], undefined],
  ['connect', 'upgrade and close', false, undefined, [0.9, 1.2], [0.9, 1.1], undefined, undefined],
  ['memory', 'idle, 10000', true, undefined, [2, 1], [3, 1.5], undefined, undefined],
  ['memory', 'growth over 4 GiB', true, 'TCP streams', [16, 16], [16, 16], [32, 32], [32, 32]],
  ['crowd', 'Wirestream with 10000, against 10', true, ITSELF, [1.5, 1.5], [1.5, 1.5], [1.5, 1.5], [1.5, 1.5]],
  ['linear', 'decode text, 256 MiB against 1 MiB', true, ITSELF, [1.1, 1.1], [1.1, 1.1], undefined, undefined],
]

describe('the other suites', () => {
  test.each(others)('%s: %s', (suite, name, atMost, rival, ...figures) => {
    columns.forEach(([runtime, own], i) => {
      expect(barOf(suite, name, runtime, rival ?? own)).toEqual(wanted(figures[i], atMost))
    })
  })
})

function wanted(figures: Figures, atMost = false): object {
  return figures === undefined ? {} : { bar: figures[0], goal: figures[1], ...(atMost && { atMost }) }
}
