// Law: the README's table of limits is the code's, name by name and number by number.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../support/floors.ts'

const page = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8')

describe('the documented limits are those of the code', () => {
  test('every limit with its default, in the same order', () => {
    expect(documented(page)).toEqual(Object.entries(DEFAULT_LIMITS))
  })

  test('another number is caught', () => {
    expect(documented(page.replace('| 8 KiB |', '| 9 KiB |'))).not.toEqual(Object.entries(DEFAULT_LIMITS))
  })
})

function documented(text: string): [name: string, value: number][] {
  const table = text.slice(text.indexOf('| limit | default |'))
  const rows = table.slice(0, table.indexOf('\n\n')).split('\n').slice(2)
  return rows.map((row) => {
    const [, name, value] = row.split('|').map((cell) => cell.trim())
    return [name!.replaceAll('`', ''), numberOf(value!)]
  })
}

function numberOf(text: string): number {
  if (text === '2^53 − 1 bytes') return Number.MAX_SAFE_INTEGER
  const [, digits, unit = ''] = /^(\d+) ?(\w*)$/.exec(text)!
  return Number(digits) * { '': 1, s: 1000, KiB: 1024, MiB: 1024 ** 2 }[unit]!
}
