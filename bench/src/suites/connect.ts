// Upgrades per second: connect, upgrade, close from both sides, 32 at the same time.

import { oursOn, rivalsOn } from '../rivals.ts'
import { contest } from '../running.ts'
import type { Suite } from '../suite.ts'

const suite: Suite = {
  about: 'upgrades per second',
  inAll: true,
  async run(options) {
    const { target, report } = options
    const [ours, [rival]] = [oursOn(target), rivalsOn(target)]
    const contestants = [ours, rival!].map((server) => ({ name: server.name, server, mode: 'pipe', load: {} }))
    const rounds = await contest(options, 'upgrades', contestants)
    const figures = { ours: rounds[ours.name]!, theirs: rounds[rival!.name]! }
    report({ case: 'upgrade and close', target, unit: 'upgrades/s', rival: rival!, ...figures })
  },
}

export default suite
