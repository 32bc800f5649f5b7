// Upgrades per second: connect, upgrade, close from both sides, 32 at the same time.

import { oursOn, rivalsOn } from '../rivals.ts'
import { contest, contestSeconds } from '../running.ts'
import type { Suite } from '../suite.ts'

const CASE = 'upgrade and close'

/**
 * In rounds. An upgrade runs much code, and each line of it once: both servers become twice as fast until the compiler has seen some ten
 * thousand of them, and what counts is a server that has been up for a while.
 */
const WARM_UP = 5

const suite: Suite = {
  about: 'upgrades per second',
  inAll: true,
  seconds: ({ effort }) => contestSeconds(2, effort, WARM_UP),
  async run(options) {
    const { target, report, doing } = options
    doing(CASE)
    const [ours, [rival]] = [oursOn(target), rivalsOn(target)]
    const contestants = [ours, rival!].map((server) => ({ name: server.name, server, mode: 'pipe', load: {} }))
    const rounds = await contest(options, 'upgrades', contestants, WARM_UP)
    const figures = { ours: rounds[ours.name]!, theirs: rounds[rival!.name]! }
    report({ case: CASE, target, unit: 'upgrades/s', rival: rival!, ...figures })
  },
}

export default suite
