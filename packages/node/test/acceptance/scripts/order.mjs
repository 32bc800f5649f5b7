// Large writes to a reader that sleeps: what resolves before it reads, and what as it reads. The writer is a `WebSocketStream`
// or a server's connection; so is the reader, or a raw socket.

import { settled, sleep, withPrograms } from './processes.mjs'
import { Table } from './report.mjs'

const MiB = 2 ** 20
const WRITES = 16
const SIZE = 8 * MiB
/** How many messages the sleeper reads between two looks. */
const STEP = 4

export const about = 'sixteen writes of 8 MiB to a reader that sleeps for two seconds, and between every four messages'

const cases = [
  { writer: 'WebSocketStream', reader: 'raw socket' },
  { writer: 'server', reader: 'raw socket' },
  { writer: 'WebSocketStream', reader: 'server' },
  { writer: 'server', reader: 'WebSocketStream' },
]

/** All pairs; in short, without the two seconds. */
export async function run({ short, runs, report }) {
  const table = new Table(report, ['writer', 'reader', 'resolved at each look', 'sum', 'each write resolved after ms'])
  for (let i = 0; i < runs; i++) {
    for (const { writer, reader } of cases) {
      const figures = await measureOrder({ writer, reader, nap: short ? 0 : 2000 })
      const { resolved, times, right } = figures
      table.row(figures, [
        writer,
        reader,
        `${resolved.join(' ')}`.padEnd(21),
        right ? 'right' : 'WRONG',
        times.join(' '),
      ])
      const inStep = resolved.every((count, step) => count < (step + 2) * STEP)
      report.verdict('writes resolve as the reader reads', inStep && right)
    }
  }
}

function measureOrder({ writer, reader, nap }) {
  return withPrograms(['application', reader === 'raw socket' ? 'peer' : 'application'], async (from, to) => {
    const [client, server] = writer === 'server' ? [to, from] : [from, to]
    await client.ask('connect', { port: await server.ask('listen'), standard: true })
    const total = WRITES * SIZE
    const writing = from.ask('sendInTurn', { through: 'writable', total, size: SIZE })
    await sleep(nap)
    const resolved = [await settled(() => from.ask('resolved'))]
    const verb = reader === 'raw socket' ? 'pull' : 'take'
    const taking = to.ask(verb, { through: 'readable', total, allow: 0 })
    for (let allow = STEP * SIZE; allow < total; allow += STEP * SIZE) {
      await to.ask('allow', { bytes: allow })
      resolved.push(await settled(() => from.ask('resolved')))
    }
    await to.ask('allow', { bytes: Infinity })
    const { sum, times } = await writing
    const receipt = await taking
    return { case: `${writer} to ${reader}`, writer, reader, resolved, times, right: receipt.sum === sum }
  })
}
