// Fan-out: a message from one connection to a thousand. Ours is encoded once (`prepareMessage`); the rivals do it as their
// documentation says. TCP alone, which writes the same bytes to as many sockets, is what none of them can beat.

import { size } from '../format.ts'
import { oursOn, rivalsOn, type Server, tcpOn } from '../rivals.ts'
import { contest, contestSeconds } from '../running.ts'
import type { Suite, SuitePlan } from '../suite.ts'

const CONNECTIONS = 1000
const TCP_ALONE = 'TCP broadcast'
const sizes = [64, 1024]

const suite: Suite = {
  about: `one message to ${CONNECTIONS} connections`,
  inAll: true,
  seconds: (plan) => sizesOf(plan).length * contestSeconds(1 + rivalsOf(plan).length, plan.effort),
  async run(options) {
    const { target, report, doing } = options
    const [ours, rivals] = [oursOn(target), rivalsOf(options)]
    for (const bytes of sizesOf(options)) {
      const name = `${size(bytes)} to ${CONNECTIONS}`
      doing(name)
      const contestants = [ours, ...rivals].map((server) => ({
        name: server.name,
        server,
        mode: 'broadcast',
        load: { size: bytes, connections: CONNECTIONS, raw: server.name === TCP_ALONE },
      }))
      const rounds = await contest(options, 'broadcast', contestants)
      for (const rival of rivals) {
        const figures = { ours: rounds[ours.name]!, theirs: rounds[rival.name]! }
        report({ case: name, target, unit: 'msg/s', rival, ...figures })
      }
    }
  },
}

export default suite

function sizesOf({ quick }: SuitePlan): number[] {
  return quick ? sizes.slice(0, 1) : sizes
}

/**
 * The add-ons of `ws` mask and validate, and a server's broadcast needs neither: the plain one is the same. A quick look goes without the
 * ceiling.
 */
function rivalsOf({ target, quick }: SuitePlan): Server[] {
  const rivals = rivalsOn(target).slice(0, 1)
  return quick ? rivals : [...rivals, { ...tcpOn(target), name: TCP_ALONE }]
}
