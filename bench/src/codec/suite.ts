// What the suites `codec` and `streams` share: a process for each side of a case, new ones each round, and the sides in turns.

import type { Child } from '../child.ts'
import { type Effort, measure, type Rounds, secondsFor, type Side } from '../harness.ts'
import { PLAIN_WS, rivalsOn } from '../rivals.ts'
import type { Suite, SuiteOptions, SuitePlan } from '../suite.ts'
import { start } from '../target.ts'
import { type CodecCase, type CodecGroup, nameOf, quickCases } from './cases.ts'

/** To start the processes and check their answers, in seconds. */
const START = 0.4

/** A suite of these groups, against the receiver and sender of `ws`. */
export function codecSuite(about: string, groups: readonly CodecGroup[]): Suite {
  const chosen = (quick: boolean) =>
    groups.filter(({ one, forms: [first] }) => !quick || quickCases.includes(nameOf(one, first!)))
  return {
    about,
    inAll: true,
    adapters: ['node'],
    seconds(options) {
      const each = chosen(options.quick).map((group) => {
        const sides = sidesOf(group, options)
        return drawsOf(options) * (START + options.effort.warmUp + secondsFor(sides, drawOf(sides, options)))
      })
      return each.reduce((sum, seconds) => sum + seconds, 0)
    },
    async run(options) {
      for (const group of chosen(options.quick)) await compareAll(group, options)
    },
  }
}

/**
 * How often the processes of a case are started anew. Two processes that do the same differ by up to a factor of three, for as long as
 * they live, where memory is what counts (64 KiB and more): one pair would compare the luck of its sides. A quick look has one.
 */
function drawsOf({ quick, effort }: SuitePlan): number {
  return quick ? 1 : effort.rounds
}

/** Such work settles at once when it is warm, so sides share a round's seconds, and take turns the faster; each has a third at least. */
function drawOf(sides: number, plan: SuitePlan): Effort {
  const { effort } = plan
  const share = Math.min(sides, 3)
  return {
    ...effort,
    rounds: effort.rounds / drawsOf(plan),
    seconds: effort.seconds / share,
    slice: effort.slice / share,
    warmUp: 0, // they all did at once
  }
}

/** How many sides a group has, rivals included. */
function sidesOf({ one, forms }: CodecGroup, { target, quick }: Pick<SuiteOptions, 'target' | 'quick'>): number {
  return forms.length + rivalsOf(one, forms.includes('rooms'), { target, quick }).length
}

/** The plain `ws` is a rival of the rooms, and not where its add-ons do nothing: in what a server sends. */
function rivalsOf(one: CodecCase, rooms: boolean, { target, quick }: Pick<SuiteOptions, 'target' | 'quick'>) {
  const addOns = one.work === 'decode' || one.role === 'client'
  return rivalsOn(target).filter(({ name }) => name !== PLAIN_WS || (addOns && rooms && !quick))
}

async function compareAll({ one, forms }: CodecGroup, options: SuiteOptions): Promise<void> {
  const { target, report } = options
  const rivals = rivalsOf(one, forms.includes('rooms'), options)
  const names = [...forms, ...rivals.map(({ name }) => name)]
  options.doing(nameOf(one, forms[0]!))
  const all: Rounds<string> = Object.fromEntries(names.map((name) => [name, []]))
  for (let draw = 0; draw < drawsOf(options); draw++) {
    const rounds = await measureOnce(one, names, options)
    for (const name of names) all[name]!.push(...rounds[name]!)
  }
  for (const form of forms) {
    for (const rival of rivals) {
      const figures = { ours: all[form]!, theirs: all[rival.name]! }
      report({ case: nameOf(one, form), target, unit: 'msg/s', rival, ...figures })
    }
  }
}

/**
 * The rounds of one set of processes. All sides warm up at once, since nobody looks at the figures: for a third of a second, or more than
 * half of one on Node 20, a side runs at half of the speed that it then keeps.
 */
async function measureOnce(one: CodecCase, names: readonly string[], options: SuiteOptions): Promise<Rounds<string>> {
  const children = names.map(() => start(options.target, ['codec/worker']))
  try {
    await Promise.all(children.map((child, i) => child.ask({ do: 'prepare', one, side: names[i] })))
    const run = (child: Child, seconds: number) => child.ask<number>({ do: 'run', seconds })
    await Promise.all(children.map((child) => run(child, options.effort.warmUp)))
    const sides = Object.fromEntries(names.map((name, i): [string, Side] => [name, {
      measure: (seconds) => run(children[i]!, seconds),
    }]))
    return await measure(sides, drawOf(names.length, options))
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}
