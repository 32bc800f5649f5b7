// Whether work grows with the bytes and no faster: instructions per byte for messages of 1, 16 and 256 MiB, 256 MiB in all each time.
// Counted by valgrind, so once is enough and a busy machine does no harm; where that is not installed nothing is measured.

import { canCount, instructions } from '../linear/count.ts'
import { size } from '../format.ts'
import { ITSELF } from '../rivals.ts'
import type { Suite, SuiteOptions } from '../suite.ts'
import type { Target } from '../target.ts'

const ways = ['decode binary', 'decode text', 'encode binary, client', 'echo through a connection']
const SMALL = 2 ** 20
const larger = [2 ** 24, 2 ** 28]
const ALL = 2 ** 28

const suite: Suite = {
  about: 'instructions per byte for messages of 1 to 256 MiB, by valgrind',
  inAll: false,
  adapters: ['node'],
  seconds: ({ quick }) => (quick ? 1 : ways.length) * 30,
  async run(options) {
    if (!await canCount()) return options.note('not run: valgrind is not installed, and only it counts instructions')
    for (const way of options.quick ? ways.slice(0, 1) : ways) await count(way, options)
  },
}

export default suite

async function count(way: string, { target, report, doing }: SuiteOptions): Promise<void> {
  doing(way)
  const [start, small] = await Promise.all([instructions(target, way, SMALL, 0), passAll(target, way, SMALL)])
  const rest = await Promise.all(larger.map((bytes) => passAll(target, way, bytes)))
  const perByte = (all: number) => [(all - start) / ALL]
  rest.forEach((all, i) => {
    report({
      case: `${way}, ${size(larger[i]!)} against ${size(SMALL)}`,
      target,
      unit: 'instructions/B',
      ours: perByte(all),
      theirs: perByte(small),
      rival: { name: ITSELF, version: target.version },
    })
  })
}

function passAll(target: Target, way: string, bytes: number): Promise<number> {
  return instructions(target, way, bytes, ALL / bytes)
}
