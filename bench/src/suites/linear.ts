// Whether work grows with the bytes and no faster: instructions per byte for messages of 1, 16 and 256 MiB. Counted by valgrind, so
// once is enough and a busy machine does no harm; where that is not installed nothing is measured.

import { canCount, instructions } from '../linear/count.ts'
import { size } from '../format.ts'
import { ITSELF } from '../rivals.ts'
import type { Suite, SuiteOptions } from '../suite.ts'
import type { Target } from '../target.ts'

const ways = ['decode binary', 'decode text', 'encode binary, client', 'echo through a connection']
const SMALL = 2 ** 20
const larger = [2 ** 24, 2 ** 28]
/** So many bytes are passed, and twice as many: what is between is free of start and compilation. */
const VOLUME = 2 ** 28

const suite: Suite = {
  about: 'instructions per byte for messages of 1 to 256 MiB, by valgrind',
  inAll: false,
  adapters: ['node'],
  seconds: ({ quick }) => (quick ? 1 : ways.length) * 45,
  async run(options) {
    if (!await canCount()) return options.note('not run: valgrind is not installed, and only it counts instructions')
    for (const way of options.quick ? ways.slice(0, 1) : ways) await count(way, options)
  },
}

export default suite

async function count(way: string, { target, report, doing }: SuiteOptions): Promise<void> {
  doing(way)
  const [small, ...rest] = await Promise.all([SMALL, ...larger].map((bytes) => perByte(target, way, bytes)))
  rest.forEach((count, i) => {
    report({
      case: `${way}, ${size(larger[i]!)} against ${size(SMALL)}`,
      target,
      unit: 'instructions/B',
      ours: [count],
      theirs: [small!],
      rival: { name: ITSELF, version: target.version },
    })
  })
}

/** Instructions for each further byte in messages of that size. */
async function perByte(target: Target, way: string, bytes: number): Promise<number> {
  const once = await instructions(target, way, bytes, VOLUME / bytes)
  return (await instructions(target, way, bytes, 2 * VOLUME / bytes) - once) / VOLUME
}
