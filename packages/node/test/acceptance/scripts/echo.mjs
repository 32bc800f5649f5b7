// A message larger than memory should ever be goes through `send()` to a server in another process that pipes bodies into
// `send()`, and comes back; beside it, in the same run, the same bytes as a plain TCP echo through the same adapter.

import { withPrograms } from './processes.mjs'
import { median, mib, Table } from './report.mjs'

const GiB = 2 ** 30

export const about = 'a message of 4 GiB through send() and back, against plain TCP'

/** Echoes of 1 and 4 GiB, both ways of making chunks, judged by their medians; in short, of 128 MiB. */
export async function run({ short, runs, report }) {
  const columns = ['echo', 'chunks', 'client', 'server', 'seconds', 'CPU s', 'sum', 'before ping', 'before pong']
  const table = new Table(report, columns)
  const echoes = []
  for (let i = 0; i < runs; i++) {
    for (const fresh of [true, false]) {
      for (const total of short ? [GiB / 8] : [GiB, 4 * GiB]) {
        for (const kind of ['tcp', 'websocket']) {
          const echo = await measureEcho({ kind, total, fresh })
          echoes.push(echo)
          table.row(echo, cells(echo))
        }
      }
    }
  }
  if (!short) judge(report, echoes)
}

function cells({ case: kind, total, fresh, client, server, seconds, right, beforePing, beforePong }) {
  return [
    `${kind} ${total / GiB} GiB`,
    fresh ? 'fresh' : 'lent',
    mib(client.growth),
    mib(server.growth),
    seconds.toFixed(1),
    `${client.cpu.toFixed(1)} + ${server.cpu.toFixed(1)}`,
    right ? 'right' : 'WRONG',
    beforePing?.fragments ?? '',
    beforePong?.fragments ?? '',
  ]
}

function judge(report, echoes) {
  for (const fresh of [true, false]) {
    for (const end of ['client', 'server']) {
      const growth = (kind, size) => {
        const same = echoes.filter((echo) => echo.case === kind && echo.fresh === fresh && echo.total === size * GiB)
        return median(same.map((echo) => echo[end].growth))
      }
      const above = growth('websocket', 4) - growth('tcp', 4)
      const ratio = growth('websocket', 4) / growth('websocket', 1)
      const what = `${end}, ${fresh ? 'fresh' : 'lent'}: 4 GiB grow`
      report.verdict(`${what} ${mib(above)} more than plain TCP, wanted at most 16`, above <= 16)
      report.verdict(`${what} ${ratio.toFixed(2)} times what 1 GiB does, wanted at most 1.2`, ratio <= 1.2)
    }
  }
  const sent = echoes.filter(({ beforePing }) => beforePing !== undefined)
  const fragments = Math.max(
    ...sent.flatMap(({ beforePing, beforePong }) => [beforePing.fragments, beforePong.fragments]),
  )
  report.verdict(`at most ${fragments} fragments before a ping or its pong, wanted at most 1`, fragments <= 1)
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
