// Echo over loopback, through the public API: what comes in goes out. Ours in both of its forms, `readable.pipeTo(writable)` and
// `for await` with `send`, against the servers people use, and against a TCP echo, which is also the ceiling of the load.

import { short, size } from '../report.ts'
import { oursOn, rivalsOn, TCP, tcpOn } from '../rivals.ts'
import { contest } from '../running.ts'
import type { Suite, SuiteOptions } from '../suite.ts'

interface EchoCase {
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

const cases: EchoCase[] = [
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
  async run(options) {
    for (const one of cases) await echo(one, options)
  },
}

export default suite

async function echo(one: EchoCase, options: SuiteOptions): Promise<void> {
  const { target, quick, report, note } = options
  const modes: Mode[] = ['pipe', ...quick ? one.quick ?? [] : one.modes]
  const others = quick ? rivalsOn(target).slice(0, 1) : rivalsOn(target)
  // A quick look checks the load once, and where TCP is the rival.
  if (!quick || one === cases[2] || (target.adapter === 'deno' && one.inFlight === 1)) others.push(tcpOn(target))
  const rounds = await contest(options, 'echo', [
    ...modes.map((mode) => ({ name: mode, server: oursOn(target), mode, load: { ...one, raw: false } })),
    ...others.map((server) => ({
      name: server.name,
      server,
      mode: 'echo',
      load: { ...one, raw: server.name === TCP },
    })),
  ])
  const name = `${size(one.size)}, ${one.connections} × ${one.inFlight}`
  for (const mode of modes) {
    for (const rival of others) {
      const [ours, theirs] = [rounds[mode]!, rounds[rival.name]!]
      report({ case: `${name}, ${labels[mode]}`, target, unit: 'msg/s', ours, theirs, rival })
    }
  }
  if (rounds[TCP]) note(`${name}: the load drove TCP at up to ${short(Math.max(...rounds[TCP]))} msg/s`)
}
