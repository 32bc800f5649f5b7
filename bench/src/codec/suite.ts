// What the suites `codec` and `streams` share: a process for each case, and the sides of it in turns.

import { measure, type Side } from '../harness.ts'
import { rivalsOn } from '../rivals.ts'
import type { Suite } from '../suite.ts'
import { start } from '../target.ts'
import { type CodecCase, nameOf, quickCases } from './cases.ts'

/** A suite of these cases, against the receiver and sender of `ws`. */
export function codecSuite(about: string, cases: readonly CodecCase[]): Suite {
  return {
    about,
    inAll: true,
    adapters: ['node'],
    async run({ target, effort, quick, report }) {
      const rivals = rivalsOn(target).slice(0, quick ? 1 : undefined)
      for (const one of cases.filter((one) => !quick || quickCases.includes(nameOf(one)))) {
        const child = start(target, ['codec/worker'])
        try {
          await child.ask({ do: 'prepare', one })
          const side = (name: string): [string, Side] => [
            name,
            { measure: (seconds) => child.ask<number>({ do: 'run', side: name, seconds }) },
          ]
          const rounds = await measure(
            Object.fromEntries(['ours', ...rivals.map(({ name }) => name)].map(side)),
            effort,
          )
          for (const rival of rivals) {
            report({
              case: nameOf(one),
              target,
              unit: 'msg/s',
              ours: rounds['ours']!,
              theirs: rounds[rival.name]!,
              rival,
            })
          }
        } finally {
          await child.stop()
        }
      }
    },
  }
}
