// Fan-out: a message from one connection to a thousand. Ours is encoded once (`prepareMessage`); the rivals do it as their
// documentation says.

import { size } from '../report.ts'
import { oursOn, rivalsOn } from '../rivals.ts'
import { contest } from '../running.ts'
import type { Suite } from '../suite.ts'

const CONNECTIONS = 1000
const sizes = [64, 1024]

const suite: Suite = {
  about: `one message to ${CONNECTIONS} connections`,
  inAll: true,
  async run(options) {
    const { target, quick, report } = options
    const [ours, rivals] = [oursOn(target), rivalsOn(target).slice(0, quick ? 1 : undefined)]
    for (const bytes of quick ? sizes.slice(0, 1) : sizes) {
      const load = { size: bytes, connections: CONNECTIONS }
      const contestants = [ours, ...rivals].map((server) => ({ name: server.name, server, mode: 'broadcast', load }))
      const rounds = await contest(options, 'broadcast', contestants)
      for (const rival of rivals) {
        const figures = { ours: rounds[ours.name]!, theirs: rounds[rival.name]! }
        report({ case: `${size(bytes)} to ${CONNECTIONS}`, target, unit: 'msg/s', rival, ...figures })
      }
    }
  },
}

export default suite
