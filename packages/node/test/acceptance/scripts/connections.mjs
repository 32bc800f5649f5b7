// Many connections, one after another, each ended in one of three ways; what is there afterwards is what was there before.

import { withPrograms } from './processes.mjs'
import { mib, Table } from './report.mjs'

const MiB = 2 ** 20

export const about = '10 000 sequential connections: a third closed cleanly, a third reset, a third aborted'

/** Counts before and after; in short, of 600. What the engine compiles and keeps is there before. */
export async function run({ short, runs, report }) {
  const count = short ? 600 : 10_000
  const table = new Table(report, [
    '',
    'heap',
    'array buffers',
    'resident',
    'handles',
    'listeners',
    'connections alive',
  ])
  for (let i = 0; i < runs; i++) {
    const { ends, before, after } = await measureConnections({ count, warmUp: short ? 300 : 5000 })
    const told = Object.entries(ends).map(([end, times]) => `${times} × ${end}`).join(', ')
    report.text(`${count} connections: ${told}`)
    table.row({ case: 'before', ...before }, row('before', before))
    table.row({ case: 'after', ends, ...after }, row('after', after))
    const same = JSON.stringify([before.handles, before.listeners]) === JSON.stringify([after.handles, after.listeners])
    report.verdict(
      'handles and listeners are the same',
      same && after.connections === 0 && after.unhandled.length === 0,
    )
    const grown = (after.heapUsed - before.heapUsed) / MiB
    report.verdict(`the heap grew by ${mib(grown)}, wanted at most 2`, grown <= 2)
  }
}

function row(when, { heapUsed, arrayBuffers, rss, handles, listeners, alive }) {
  const { signal, process } = listeners
  return [
    when,
    mib(heapUsed / MiB),
    mib(arrayBuffers / MiB),
    mib(rss / MiB),
    handles.join('+'),
    `${signal} + ${process}`,
    alive,
  ]
}

function measureConnections({ count, warmUp }) {
  return withPrograms(['connector'], async (connector) => {
    await connector.ask('open')
    await connector.ask('run', { count: warmUp })
    const before = await connector.ask('census')
    const ends = await connector.ask('run', { count })
    const after = await connector.ask('census')
    return { ends, before, after }
  })
}
