// Counts what code does instead of timing it: bytes moved by typed arrays, bytes decoded to text, bytes asked of an allocator.

import type { Allocate } from './floors.ts'

/** An allocator that keeps the books; its memory is dirty, so that bytes never written would show. */
export class Meter {
  /** All bytes that were ever asked for, and the largest single request. */
  allocated = 0
  largest = 0
  count = 0

  readonly allocate: Allocate = (length) => {
    this.allocated += length
    this.largest = Math.max(this.largest, length)
    this.count++
    return new Uint8Array(length).fill(0xa5)
  }
}

const arrays = Object.getPrototypeOf(Uint8Array.prototype) as Record<string, (...args: unknown[]) => unknown>

/** How many bytes `work` moves through `set`, `slice` and `copyWithin` or decodes to text, and how many such calls it makes. */
export function countWork(work: () => void): { bytes: number; calls: number } {
  const count = { bytes: 0, calls: 0 }
  const restore: (() => void)[] = []
  const watch = (
    target: Record<string, unknown>,
    name: string,
    sizeOf: (result: unknown, args: unknown[]) => number,
  ) => {
    const original = target[name] as (...args: unknown[]) => unknown
    target[name] = function (this: unknown, ...args: unknown[]) {
      const result = original.apply(this, args)
      count.bytes += sizeOf(result, args)
      count.calls++
      return result
    }
    restore.push(() => void (target[name] = original))
  }
  const lengthOf = (value: unknown) => (value as Uint8Array | undefined)?.length ?? 0
  watch(arrays, 'set', (_, [source]) => lengthOf(source))
  watch(arrays, 'slice', lengthOf)
  watch(arrays, 'subarray', () => 0)
  watch(arrays, 'copyWithin', (_, [, start, end]) => ((end as number) ?? 0) - ((start as number) ?? 0))
  watch(TextDecoder.prototype as unknown as Record<string, unknown>, 'decode', (_, [bytes]) => lengthOf(bytes))
  try {
    work()
  } finally {
    for (const undo of restore) undo()
  }
  return count
}

/** The same bytes, counting every single one that is read by its index. */
export function countReads(bytes: Uint8Array): { bytes: Uint8Array; reads: () => number } {
  let reads = 0
  const counted = new Proxy(bytes, {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) reads++
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { bytes: counted, reads: () => reads }
}
