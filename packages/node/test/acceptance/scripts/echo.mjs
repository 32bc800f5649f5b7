// A message larger than memory should ever be goes through `send()` to a server in another process that pipes bodies into
// `send()`, and comes back; beside it, in the same run, the same bytes as a plain TCP echo through the same adapter.

import { withPrograms } from './processes.mjs'
import { mib, Table } from './report.mjs'

const GiB = 2 ** 30

export const about = 'a message of 4 GiB through send() and back, against plain TCP'

/** Echoes of 1 and 4 GiB, both ways of making chunks; in short, of 128 MiB. */
export async function run({ short, runs, report }) {
  const table = new Table(report, [
    'echo',
    'chunks',
    'client',
    'server',
    'seconds',
    'CPU s',
    'sum',
    'before ping',
    'before pong',
  ])
  for (let i = 0; i < runs; i++) {
    for (const fresh of [true, false]) {
      const grown = {}
      for (const total of short ? [GiB / 8] : [GiB, 4 * GiB]) {
        for (const kind of ['tcp', 'websocket']) {
          const echo = await measureEcho({ kind, total, fresh })
          grown[`${kind} ${total / GiB}`] = echo
          const { beforePing, beforePong } = echo
          table.row(echo, [
            `${kind} ${total / GiB} GiB`,
            fresh ? 'fresh' : 'lent',
            mib(echo.client.growth),
            mib(echo.server.growth),
            echo.seconds.toFixed(1),
            `${echo.client.cpu.toFixed(1)} + ${echo.server.cpu.toFixed(1)}`,
            echo.right ? 'right' : 'WRONG',
            beforePing === undefined ? '' : `${beforePing.fragments}`,
            beforePong === undefined ? '' : `${beforePong.fragments}`,
          ])
        }
      }
      if (!short) summarize(report, fresh, grown)
    }
  }
}

function summarize(report, fresh, grown) {
  for (const end of ['client', 'server']) {
    const of = (kind) => grown[kind][end].growth
    for (const size of [1, 4]) {
      const above = of(`websocket ${size}`) - of(`tcp ${size}`)
      report.verdict(
        `${end}, ${fresh ? 'fresh' : 'lent'}: ${size} GiB grow ${mib(above)} more than plain TCP, wanted at most 16`,
        above <= 16,
      )
    }
    const ratio = of('websocket 4') / of('websocket 1')
    report.verdict(
      `${end}, ${fresh ? 'fresh' : 'lent'}: 4 GiB grow ${ratio.toFixed(2)} times what 1 GiB does, wanted at most 1.2`,
      ratio <= 1.2,
    )
  }
}

/** One echo; `fresh`: the source gives each chunk in memory of its own, as a file does, not as a view of what is there. */
export function measureEcho({ kind, total, fresh }) {
  return withPrograms(['echo-client', 'echo-server'], async (client, server) => {
    const port = await server.ask(kind)
    const { growth, cpu, ...result } = await client.ask(kind, { port, total, fresh })
    const served = await server.ask('growth')
    const beforePong = await server.ask('beforePong')
    return { case: kind, total, fresh, ...result, beforePong, client: { growth, cpu }, server: served }
  })
}
