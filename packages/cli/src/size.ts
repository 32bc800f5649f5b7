// Byte counts as people write and read them.

import { UsageError } from './arguments.ts'

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** A byte count such as `1048576`, `64KiB`, `4GiB` or `1.5 MiB`; `K`, `M` and `G` mean the same. Throws `UsageError`. */
export function readSize(option: string, text: string): number {
  const [, digits, letter = ''] = /^(\d+(?:\.\d+)?) ?(?:([kmgt])(?:i?b)?|b)?$/i.exec(text) ?? []
  const size = Number(digits) * 1024 ** ' kmgt'.indexOf(letter.toLowerCase() || ' ')
  if (Number.isSafeInteger(size)) return size
  throw new UsageError(
    `${option} must be a whole number of bytes such as 65536, 64KiB or 4GiB, got ${JSON.stringify(text)}`,
  )
}

/** A byte count in the largest unit that leaves at least one, with at most one digit behind the point. */
export function formatSize(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1)
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`
}
