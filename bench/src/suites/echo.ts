// Echo over loopback, through the public API: what comes in goes out. Ours in both of its forms, `readable.pipeTo(writable)` and
// `for await` with `send`, against the servers people use, and against a TCP echo, which is also the ceiling of the load.

import { short, size } from '../format.ts'
import { oursOn, rivalsOn, type Server, TCP, tcpOn } from '../rivals.ts'
import { contest, contestSeconds } from '../running.ts'
import type { Suite, SuiteOptions, SuitePlan } from '../suite.ts'

/** One shape of traffic. */
export interface EchoCase {
  size: number
  connections: number
  /** Messages in flight on each connection. */
  inFlight: number
  /** How ours echoes, beside piping. */
  modes: readonly Mode[]
  /** The same in a quick look. */
  quick?: readonly Mode[]
}

/** How our server echoes. */
type Mode = keyof typeof labels
const labels = { pipe: 'pipe', loop: 'for await', views: 'views, pipe' }

/** What is echoed. */
export const cases: readonly EchoCase[] = [
  { size: 64, connections: 1, inFlight: 1, modes: ['loop'] },
  { size: 64, connections: 32, inFlight: 1, modes: ['loop'] },
  { size: 64, connections: 32, inFlight: 64, modes: ['loop'], quick: ['loop'] },
  { size: 125, connections: 32, inFlight: 64, modes: ['loop', 'views'], quick: ['views'] },
  { size: 1024, connections: 4, inFlight: 64, modes: ['loop'] },
  { size: 16384, connections: 4, inFlight: 16, modes: ['loop'] },
  { size: 2 ** 20, connections: 2, inFlight: 4, modes: ['loop'] },
]

const suite: Suite = {
  about: 'messages echoed by servers on loopback',
  inAll: true,
  seconds(plan) {
    const each = cases.map((one) => contestSeconds(modesOf(one, plan).length + othersOf(one, plan).length, plan.effort))
    return each.reduce((sum, seconds) => sum + seconds, 0)
  },
  async run(options) {
    for (const one of cases) await echo(one, options)
  },
}

export default suite

/** As it stands in the tables: `64 B, 32 × 64`. */
export function nameOf({ size: bytes, connections, inFlight }: EchoCase): string {
  return `${size(bytes)}, ${connections} × ${inFlight}`
}

function modesOf({ modes, quick: few = [] }: EchoCase, { quick }: SuitePlan): Mode[] {
  return ['pipe', ...quick ? few : modes]
}

/**
 * The rivals, and TCP. What the add-ons of `ws` do matters from about 1 KiB, so the plain one runs there. A quick look checks the
 * load once, and where TCP is the rival.
 */
function othersOf(one: EchoCase, { target, quick }: SuitePlan): Server[] {
  const rivals = rivalsOn(target).slice(0, quick || one.size < 1024 ? 1 : undefined)
  const tcp = !quick || one === cases[2] || (target.adapter === 'deno' && one.inFlight === 1)
  return tcp ? [...rivals, tcpOn(target)] : rivals
}

async function echo(one: EchoCase, options: SuiteOptions): Promise<void> {
  const { target, report, note, doing } = options
  const [modes, others] = [modesOf(one, options), othersOf(one, options)]
  const name = nameOf(one)
  doing(name)
  const rounds = await contest(options, 'echo', [
    ...modes.map((mode) => ({ name: mode, server: oursOn(target), mode, load: { ...one, raw: false } })),
    ...others.map((server) => ({
      name: server.name,
      server,
      mode: 'echo',
      load: { ...one, raw: server.name === TCP },
    })),
  ])
  for (const mode of modes) {
    for (const rival of others) {
      const [ours, theirs] = [rounds[mode]!, rounds[rival.name]!]
      report({ case: `${name}, ${labels[mode]}`, target, unit: 'msg/s', ours, theirs, rival })
    }
  }
  if (rounds[TCP]) note(`${name}: the load drove TCP at up to ${short(Math.max(...rounds[TCP]))} msg/s`)
}
