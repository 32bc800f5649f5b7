// Upgrades per second: connect, upgrade, close from both sides, 32 at the same time.

import { oursOn, rivalsOn } from '../rivals.ts'
import { contest, contestSeconds } from '../running.ts'
import type { Suite } from '../suite.ts'

const CASE = 'upgrade and close'

const suite: Suite = {
  about: 'upgrades per second',
  inAll: true,
  seconds: ({ effort }) => contestSeconds(2, effort),
  async run(options) {
    const { target, report, doing } = options
    doing(CASE)
    const [ours, [rival]] = [oursOn(target), rivalsOn(target)]
    const contestants = [ours, rival!].map((server) => ({ name: server.name, server, mode: 'pipe', load: {} }))
    const rounds = await contest(options, 'upgrades', contestants)
    const figures = { ours: rounds[ours.name]!, theirs: rounds[rival!.name]! }
    report({ case: CASE, target, unit: 'upgrades/s', rival: rival!, ...figures })
  },
}

export default suite
