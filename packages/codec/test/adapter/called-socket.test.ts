// A socket whose reads and writes are calls.

import { expect, test } from 'vitest'
import { type CalledSocketOptions, type Duplex, duplexOverCalls, type SocketCalls } from '../../src/adapter/index.ts'
import { expectBytes, pattern } from '../support/bytes.ts'
import { World } from '../connection/transport.ts'

/** What a read gives, and what it fails with. */
type Answer = number | null | Error

/** A socket whose reads answer as they are told, then wait; it takes so many bytes a write. */
class Calls implements SocketCalls {
  readonly asked: number[] = []
  readonly written: number[] = []
  readonly did: string[] = []
  #sent = 0
  readonly #answers: Answer[]
  readonly #takes: number

  constructor(answers: Answer[], takes = Infinity) {
    this.#answers = answers
    this.#takes = takes
  }

  read(into: Uint8Array): Promise<number | null> {
    this.asked.push(into.length)
    const answer = this.#answers.shift()
    if (answer === undefined) return new Promise(() => {})
    if (answer instanceof Error) return Promise.reject(answer)
    if (answer === null) return Promise.resolve(null)
    const length = Math.min(answer, into.length)
    into.set(pattern(this.#sent + length).subarray(this.#sent))
    this.#sent += length
    return Promise.resolve(length)
  }

  write(chunk: Uint8Array): Promise<number> {
    if (this.#takes === 0) return Promise.reject(new Error('reset'))
    const taken = chunk.subarray(0, this.#takes)
    this.written.push(...taken)
    return Promise.resolve(taken.length)
  }

  closeWrite(): Promise<void> {
    this.did.push('closeWrite')
    return Promise.resolve()
  }

  close(): void {
    this.did.push('close')
  }
}

function over(calls: Calls, options?: CalledSocketOptions): Duplex {
  return duplexOverCalls(calls, new World().environment, options)
}

async function readAll({ readable }: Duplex): Promise<Uint8Array> {
  return new Uint8Array(await new Response(readable).arrayBuffer())
}

test('a busy socket is read in ever larger pieces, of 128 KiB at most', async () => {
  const calls = new Calls([Infinity, Infinity, Infinity, Infinity, Infinity, null])
  const bytes = await readAll(over(calls))
  expect(calls.asked).toEqual([2048, 8192, 32_768, 131_072, 131_072, 131_072])
  expectBytes(bytes, pattern(2048 + 8192 + 32_768 + 2 * 131_072))
})

test('one that brings little sixteen times is read in smaller pieces again; no byte is lost on the way', async () => {
  const calls = new Calls([2048, ...Array<number>(17).fill(100), null])
  const bytes = await readAll(over(calls))
  expect(calls.asked).toEqual([2048, ...Array<number>(16).fill(8192), 2048, 2048])
  expectBytes(bytes, pattern(2048 + 1700))
})

test('what was read before is the first chunk', async () => {
  const calls = new Calls([null])
  expect([...await readAll(over(calls, { head: Uint8Array.of(7) }))]).toEqual([7])
})

test('nothing is read before somebody wants it', () => {
  const calls = new Calls([1])
  over(calls)
  expect(calls.asked).toEqual([])
})

test('a failed read fails both directions, unless it is an end', async () => {
  const reset = new Error('reset')
  const failed = over(new Calls([reset]))
  await expect(failed.readable.getReader().read()).rejects.toBe(reset)
  await expect(failed.writable.getWriter().closed).rejects.toBe(reset)
  const ended = over(new Calls([3, reset]), { isEnd: (error) => error === reset })
  expectBytes(await readAll(ended), pattern(3))
  expect(ended.over).toBe(false)
})

test('what a write leaves over follows', async () => {
  for (const takes of [1, 2, 3, Infinity]) {
    const calls = new Calls([], takes)
    const duplex = over(calls)
    await duplex.write([Uint8Array.of(1, 2, 3, 4, 5)])
    const large = new Uint8Array(131_072)
    await duplex.write([Uint8Array.of(6, 7), large.subarray(0, 2)])
    expect(calls.written).toEqual([1, 2, 3, 4, 5, 6, 7, 0, 0])
    await duplex.shutdown()
    expect(calls.did).toEqual(['closeWrite'])
  }
})

test.each([[1], [2]])('a failed write of %d chunks that are not joined fails both directions', async (count) => {
  const duplex = over(new Calls([], 0))
  const chunks = Array.from({ length: count }, () => new Uint8Array(100_000))
  await expect(duplex.write(chunks)).rejects.toThrow('reset')
  expect(duplex.over).toBe(true)
})
