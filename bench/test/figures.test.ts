// Law: figures come from work that was done, and documents from figures.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EncodedTally, maskedChunks, MessageTally } from '../src/codec/material.ts'
import type { CodecCase } from '../src/codec/cases.ts'
import { rooms } from '../src/codec/rooms.ts'
import { ws } from '../src/codec/ws.ts'
import { compare, inRounds, measure } from '../src/harness.ts'
import { type Group, group, movement } from '../src/report/repeats.ts'
import { publish } from '../src/report/publish.ts'
import { reaches } from '../src/result.ts'
import { resultFor } from './result-for.ts'

const encode: CodecCase = { work: 'encode', role: 'client', type: 'text', size: 16384 }
const decode: CodecCase = { work: 'decode', role: 'client', type: 'text', size: 16384 }

describe('work is checked', () => {
  test.each([encode, decode])('both sides do all of it: $work', async (one) => {
    const counts = [
      await rooms(one, 'rooms')(),
      await rooms(one, 'one a call')(),
      await ws(one, true)(),
      await ws(one, false)(),
    ]
    expect(new Set(counts)).toEqual(new Set([15]))
  })

  test('a message with another byte is no message', () => {
    const tally = new MessageTally(decode)
    expect(() => tally.add('x'.repeat(16384))).toThrow('Cannot measure: message 1 has other bytes than were sent')
  })

  test('a lost message is noticed', () => {
    expect(() => new MessageTally(decode).take()).toThrow('Cannot measure: got 0 messages of 0 bytes')
  })

  test('frames with another byte are not the messages, and missing bytes are missed', () => {
    const bytes = maskedChunks(encode).map((chunk) => chunk.slice())
    const good = new EncodedTally(encode)
    for (const chunk of bytes) good.add(chunk)
    expect(good.take()).toBe(15)
    bytes[1]![5]! ^= 1
    const bad = new EncodedTally(encode)
    for (const chunk of bytes) bad.add(chunk)
    expect(() => bad.take()).toThrow('is not the message')
    expect(() => bad.take()).toThrow('Cannot measure: got 0 bytes')
  })
})

test('sides take turns, the order turned round every time', async () => {
  const order: string[] = []
  await inRounds(['a', 'b'], 3, (name) => Promise.resolve(order.push(name)))
  expect(order.join('')).toBe('abbaab')
})

test('a round is measured in slices, in turns, and its figure is their mean', async () => {
  const order: string[] = []
  const side = (name: string, figures: number[]) => ({
    measure(seconds: number): Promise<number> {
      order.push(`${name}${seconds}`)
      return Promise.resolve(figures.shift()!)
    },
  })
  const sides = { a: side('a', [0, 1, 3, 5, 7]), b: side('b', [0, 2, 2, 4, 4]) }
  const rounds = await measure(sides, { rounds: 2, seconds: 1, slice: 0.5, warmUp: 3 })
  expect(rounds).toEqual({ a: [2, 6], b: [2, 4] })
  expect(order.join(' ')).toBe('a3 b3 a0.5 b0.5 b0.5 a0.5 a0.5 b0.5 b0.5 a0.5')
})

test('the median of the ratios of rounds counts, not the ratio of medians', () => {
  expect(compare([10, 30, 20], [10, 10, 40])).toEqual({ ratio: 1, low: 0.5, high: 3 })
})

test('smaller is better where it says so', () => {
  const small = resultFor('memory', 'idle, 10000', 1.9)
  expect(small.atMost).toBe(true)
  expect([reaches(small, 2), reaches(small, 1.8)]).toEqual([true, false])
})

describe('several runs', () => {
  test('the one in the middle counts, and how far they are apart is told', () => {
    const groups = group([3, 2.4, 2.5].map((ratio) => resultFor('echo', '1 KiB, 4 × 64, pipe', ratio)))
    expect(groups.map(({ result }) => result.ratio)).toEqual([2.5])
    expect(movement(groups[0] as Group)).toBeCloseTo(0.25)
  })

  test('a quick run counts for nothing beside a full one', () => {
    const quick = { ...resultFor('echo', '1 KiB, 4 × 64, pipe', 9), quick: true }
    expect(group([quick, resultFor('echo', '1 KiB, 4 × 64, pipe', 2)]).map(({ ratios }) => ratios)).toEqual([[2]])
  })
})

test('report writes the tables, the charts and the places that show figures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wirestream-bench-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const results = [resultFor('echo', '1 KiB, 4 × 64, pipe', 2.6), resultFor('codec', 'decode binary, 16 B', 3.9)]
  writeFileSync(join(folder, 'a.json'), JSON.stringify({ results }))
  publish([join(folder, 'a.json')], folder)
  const written = (path: string) => readFileSync(join(folder, path), 'utf8')
  expect(written('bench/results.md')).toContain('| echo: 1 KiB, 4 × 64, pipe | 2.60× (2.60–2.60)<br>2.5 → 4: floor |')
  expect(written('bench/results.md')).toContain(
    '| codec: decode binary, 16 B | 3.90× (3.90–3.90)<br>4 → 5: **below** |',
  )
  expect(written('docs/echo.svg')).toContain('2.60×')
  expect(written('docs/codec.svg')).toContain('decode, 16 B 3.90×')
  expect(written('README.md')).toContain('](docs/echo.svg)')
  expect(written('docs/performance.md')).toContain('| 1 KiB, 4 × 64, pipe | 2.60× |')
})
