// Law: streams made with such a class look as the class itself would make them, and the engine gives all of them one shape.

import { expect, test } from 'vitest'
import { setFlagsFromString } from 'node:v8'
import { sameShape } from '../../src/values/same-shape.ts'

class Readable extends ReadableStream<number> {
  static readonly about = 'static'
  readonly #given: string

  constructor(given: string) {
    super({ start: (controller) => controller.close() }, { highWaterMark: 0 })
    this.#given = given
  }

  get given(): string {
    return this.#given
  }
}

class Writable extends WritableStream<number> {}

const [MadeReadable, MadeWritable] = [sameShape(Readable), sameShape(Writable)]

test('a stream says that it is of the class, and has what that gives it', async () => {
  const made = new MadeReadable('this')
  expect(made).toBeInstanceOf(Readable)
  expect([made.constructor, made.given, MadeReadable.about]).toEqual([Readable, 'this', 'static'])
  for await (const _ of made) throw new Error('it was closed')
  const sent = new MadeReadable('that')
  const received = structuredClone(sent as ReadableStream, { transfer: [sent as never] })
  expect([sent.locked, received.locked]).toEqual([true, false])
  for await (const _ of received) throw new Error('it was closed')
})

test('two streams have the same shape', () => {
  setFlagsFromString('--allow-natives-syntax')
  const haveSameShape = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean
  setFlagsFromString('--no-allow-natives-syntax')
  const readables = [1, 2, 3].map((given) => new MadeReadable(`${given}`))
  const writables = [1, 2, 3].map(() => new MadeWritable())
  expect(haveSameShape(readables[1]!, readables[2]!)).toBe(true)
  expect(haveSameShape(writables[1]!, writables[2]!)).toBe(true)
  if (process.version.startsWith('v20.')) {
    const plain = [1, 2, 3].map(() => new Writable())
    expect(haveSameShape(plain[1]!, plain[2]!)).toBe(false) // else the class is not needed any more
  }
})
