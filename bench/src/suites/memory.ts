// Resident memory: of connections that wait for a message, and while gigabytes stream through one. Each figure comes from a server
// of its own, because memory that was used once is seldom given back.

import { setTimeout as sleep } from 'node:timers/promises'
import { short, size } from '../report.ts'
import { oursOn, rivalsOn, type Server, tcpOn } from '../rivals.ts'
import { closeLoad, openLoad, withServer } from '../running.ts'
import type { Suite, SuiteOptions } from '../suite.ts'

const WARM_UP = 100
const SAMPLE_MS = 20
const MIB = 2 ** 20

const suite: Suite = {
  about: 'resident memory per idle connection, and growth while streaming',
  inAll: true,
  async run(options) {
    await idle(options)
    await growth(options)
  },
}

export default suite

async function idle(options: SuiteOptions): Promise<void> {
  const { target, quick, report } = options
  const connections = quick ? 500 : 10_000
  const [rival] = rivalsOn(target)
  const servers = [oursOn(target), rival!]
  const rounds = await inRounds(
    options,
    servers.map(({ name }) => name),
    (i) => perConnection(options, servers[i]!, connections),
  )
  for (const [when, what] of [['fresh', 'idle'], ['used', 'idle, after a message']] as const) {
    const [ours, theirs] = servers.map(({ name }) => rounds[name]!.map((figures) => figures[when]))
    report({ case: `${what}, ${connections}`, target, unit: 'KiB', ours: ours!, theirs: theirs!, rival: rival! })
  }
}

/** KiB for each connection, that has sent and received nothing yet, and that has. */
function perConnection(
  { target, load }: SuiteOptions,
  server: Server,
  connections: number,
): Promise<{ fresh: number; used: number }> {
  return withServer(target, server, ['pipe'], async ({ child, port }) => {
    const shape = { port, inFlight: 1, size: 16, raw: false }
    const warm = await openLoad(load, 'warm', 'echo', { ...shape, connections: WARM_UP })
    await warm.measure(0.1)
    await closeLoad(load, 'warm')
    const before = await child.ask<number>({ do: 'settle' })
    const side = await openLoad(load, 'idle', 'echo', { ...shape, connections })
    const fresh = await child.ask<number>({ do: 'settle' })
    await side.measure(0)
    const used = await child.ask<number>({ do: 'settle' })
    await closeLoad(load, 'idle')
    return { fresh: (fresh - before) / connections / 1024, used: (used - before) / connections / 1024 }
  })
}

async function growth(options: SuiteOptions): Promise<void> {
  const { target, quick, report, note } = options
  const length = (quick ? 0.125 : 4) * 2 ** 30
  const ours = oursOn(target)
  const rival = { ...tcpOn(target), name: 'TCP streams' }
  const rounds = await inRounds(options, [ours.name, rival.name], (i) => {
    return i === 0 ? grow(options, ours, length, 'stream', String(length)) : grow(options, rival, length, 'streams')
  })
  const of = (name: string, what: 'growth' | 'late') => rounds[name]!.map((figures) => figures[what])
  const common = { target, unit: 'MiB', rival, by: 'difference' as const }
  const compared = (what: 'growth' | 'late') => ({ ours: of(ours.name, what), theirs: of(rival.name, what) })
  report({ ...common, case: `growth over ${size(length)}`, ...compared('growth') })
  report({ ...common, case: `of it in the last three quarters`, ...compared('late') })
  for (const name of [ours.name, rival.name]) {
    note(`${name}: ${rounds[name]!.map(({ rate }) => `${short(rate)}B/s`).join(', ')} there and back`)
  }
}

interface Growth {
  /** MiB, of the highest resident memory over that at the start. */
  growth: number
  /** How much higher it came after the first quarter than in it. */
  late: number
  /** Bytes per second. */
  rate: number
}

function grow({ target, load }: SuiteOptions, server: Server, length: number, ...mode: string[]): Promise<Growth> {
  const raw = mode[0] === 'streams'
  return withServer(target, server, mode, async ({ child, port }) => {
    const before = await child.ask<number>({ do: 'settle' })
    const side = await openLoad(load, 'stream', 'stream', { port, length, raw })
    const samples: number[] = []
    const running = side.measure(0)
    let over = false
    running.catch(() => {}).then(() => over = true)
    while (!over) {
      samples.push(await child.ask<number>({ do: 'rss' }))
      await sleep(SAMPLE_MS)
    }
    const rate = await running
    await closeLoad(load, 'stream')
    const early = Math.max(...samples.slice(0, Math.ceil(samples.length / 4)))
    const highest = Math.max(...samples)
    return { growth: (highest - before) / MIB, late: (highest - early) / MIB, rate }
  })
}

/** One figure of each a round, the order turned round every time. */
async function inRounds<T>({ effort }: SuiteOptions, names: string[], measure: (index: number) => Promise<T>) {
  const figures: Record<string, T[]> = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < effort.rounds; round++) {
    for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) figures[names[i]!]!.push(await measure(i))
  }
  return figures
}
