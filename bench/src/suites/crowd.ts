// Whether a message costs more because there are many connections: the time for each with 10 connections and with 10 000, one
// message in flight on every one of them.

import { connectionsAllowed } from '../descriptors.ts'
import { ITSELF, oursOn, rivalsOn, type Server, TCP, tcpOn } from '../rivals.ts'
import { contest, contestSeconds } from '../running.ts'
import type { Suite, SuiteOptions, SuitePlan } from '../suite.ts'

const FEW = 10
/** To open thousands of connections, in seconds. */
const OPENING = 2

const suite: Suite = {
  about: 'time per message with 10 and with 10 000 connections',
  inAll: true,
  seconds: (plan) => serversOf(plan).length * (OPENING + contestSeconds(2, plan.effort)),
  async run(options) {
    for (const server of serversOf(options)) await compareCrowds(server, options)
  },
}

export default suite

/** The rival and TCP beside ours, to see what is the runtime's share and what the system's. */
function serversOf({ target, quick }: SuitePlan): Server[] {
  return [oursOn(target), ...quick ? [] : [rivalsOn(target)[0]!, tcpOn(target)]]
}

async function compareCrowds(server: Server, options: SuiteOptions): Promise<void> {
  const { target, quick, report, note, doing } = options
  const wanted = quick ? 1000 : 10_000
  const many = Math.min(wanted, connectionsAllowed() - FEW)
  if (many < wanted) note(`only ${many} connections: the system allows no more open files (ulimit -n)`)
  doing(`${server.name}, ${many} connections`)
  const contestants = [FEW, many].map((connections) => ({
    name: String(connections),
    server,
    mode: 'pipe',
    load: { connections, inFlight: 1, size: 64, raw: server.name === TCP },
  }))
  // In one piece: thousands of connections take a tenth of a second to get under way.
  const effort = { ...options.effort, slice: options.effort.seconds }
  const rounds = await contest({ ...options, effort }, 'echo', contestants)
  const perMessage = (connections: number) => rounds[connections]!.map((rate) => 1e6 / rate)
  report({
    case: `${server.name} with ${many}, against ${FEW}`,
    target,
    unit: 'µs',
    ours: perMessage(many),
    theirs: perMessage(FEW),
    rival: { name: ITSELF, version: server.version },
  })
}
