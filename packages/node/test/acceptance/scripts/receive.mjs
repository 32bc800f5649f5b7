// A peer in another process pushes far more than fits anywhere while the application reads nothing; then the application
// reads all of it.

import { settled, withPrograms } from './processes.mjs'
import { mib, Table } from './report.mjs'

const MiB = 2 ** 20
/** Unless told otherwise, this much is read ahead. */
const READ_AHEAD = 65536

export const about = 'a peer pushes 1 GiB while the application reads nothing, and then everything'

const cases = ['client', 'server'].flatMap((role) => [
  { role, through: 'readable', size: MiB, oneMessage: false },
  { role, through: 'messages', size: 65536, oneMessage: true },
])

/** Both roles, messages of 1 MiB and one message as long as all of them; in short, 128 MiB. */
export async function run({ short, runs, report }) {
  const table = new Table(report, [
    'as',
    'through',
    'pushed before the stall',
    'growth stalled',
    'growth reading',
    'sum',
  ])
  const total = (short ? 128 : 1024) * MiB
  for (let i = 0; i < runs; i++) {
    for (const each of cases) {
      const { pushed, stalled, right } = await measureReceive({ ...each, total, table })
      const what = `${each.role}, ${each.through}`
      report.verdict(
        `${what}: the peer stalled after ${mib(pushed / MiB)} of ${total / MiB}, and all of it arrived`,
        pushed < total && right,
      )
      const wanted = 16 + READ_AHEAD / MiB
      report.verdict(`${what}: grew by ${mib(stalled)}, wanted at most ${mib(wanted)}`, stalled <= wanted)
    }
  }
}

function measureReceive({ role, through, size, oneMessage, total, table }) {
  return withPrograms(['application', 'peer'], async (application, peer) => {
    await meet(role, application, peer)
    await application.ask('watch')
    const pushing = peer.ask('push', { total, size, oneMessage })
    const pushed = await settled(() => peer.ask('pushed'))
    const { growth: stalled } = await application.ask('growth')
    const { sum } = await application.ask('take', { through, total })
    const { growth: reading } = await application.ask('growth')
    const figures = { case: `${role} ${through}`, total, pushed, stalled, reading, right: sum === await pushing }
    table.row(figures, [
      role,
      through,
      mib(pushed / MiB),
      mib(stalled),
      mib(reading),
      figures.right ? 'right' : 'WRONG',
    ])
    return figures
  })
}

/** Connects an application in its role to a peer; `tcp` is the role without a WebSocket. */
export async function meet(role, application, peer) {
  if (role === 'tcp') await application.ask('connectTcp', { port: await peer.ask('listen', { raw: true }) })
  else if (role === 'client') await application.ask('connect', { port: await peer.ask('listen') })
  else await peer.ask('connect', { port: await application.ask('listen') })
}
