// Resident memory: of connections that wait for a message, and while gigabytes stream through one. Each figure comes from a server
// of its own, because memory that was used once is seldom given back.

import { inRounds } from '../harness.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectionsAllowed } from '../descriptors.ts'
import { short, size } from '../format.ts'
import { oursOn, rivalsOn, type Server, tcpOn } from '../rivals.ts'
import { closeLoad, openLoad, withServer } from '../running.ts'
import type { Suite, SuiteOptions, SuitePlan } from '../suite.ts'

const WARM_UP = 100
const SAMPLE_MS = 20
const MIB = 2 ** 20

const suite: Suite = {
  about: 'resident memory per idle connection, and growth while streaming',
  inAll: true,
  seconds: ({ effort, quick }) => effort.rounds * (quick ? 4 : 20),
  async run(options) {
    await idle(options)
    await growth(options)
  },
}

export default suite

async function idle(options: SuiteOptions): Promise<void> {
  const { target, effort, report, note, doing } = options
  const connections = connectionsOf(options, note)
  const [ours, rival] = [oursOn(target), rivalsOn(target)[0]!]
  doing(`${connections} idle connections`)
  const rounds = await inRounds(['ours', 'theirs'], effort.rounds, (side) => {
    return perConnection(options, side === 'ours' ? ours : rival, connections)
  })
  for (const [when, what] of [['fresh', 'idle'], ['used', 'idle, after a message']] as const) {
    if (options.quick && when === 'used') continue
    const figures = { ours: rounds.ours.map((each) => each[when]), theirs: rounds.theirs.map((each) => each[when]) }
    report({ case: `${what}, ${connections}`, target, unit: 'KiB', rival, ...figures })
  }
}

/** As many as the case wants, if the system lets us. */
function connectionsOf({ quick }: SuitePlan, note: (text: string) => void): number {
  const wanted = quick ? 2000 : 10_000
  const allowed = connectionsAllowed()
  if (allowed < wanted) note(`only ${allowed} connections: the system allows no more open files (ulimit -n)`)
  return Math.min(wanted, allowed)
}

/** KiB for each connection, that has sent and received nothing yet, and that has (not in a quick look). */
function perConnection(
  { target, load, quick }: SuiteOptions,
  server: Server,
  connections: number,
): Promise<{ fresh: number; used: number }> {
  // `for await`: one read pending, as in a server that waits for its clients.
  return withServer(target, server, ['loop'], async ({ child, port }) => {
    const shape = { port, inFlight: 1, size: 16, raw: false }
    const warm = await openLoad(load, 'warm', 'echo', { ...shape, connections: WARM_UP })
    await warm.measure(0.1)
    await closeLoad(load, 'warm')
    const before = await child.ask<number>({ do: 'settle' })
    const side = await openLoad(load, 'idle', 'echo', { ...shape, connections })
    const fresh = await child.ask<number>({ do: 'settle' })
    if (!quick) await side.measure(0)
    const used = quick ? fresh : await child.ask<number>({ do: 'settle' })
    await closeLoad(load, 'idle')
    return { fresh: (fresh - before) / connections / 1024, used: (used - before) / connections / 1024 }
  })
}

async function growth(options: SuiteOptions): Promise<void> {
  const { target, effort, quick, report, note, doing } = options
  const length = (quick ? 0.125 : 4) * 2 ** 30
  const ours = oursOn(target)
  const rival = { ...tcpOn(target), name: 'TCP streams' }
  doing(`streaming ${size(length)}`)
  const rounds = await inRounds(['ours', 'theirs'], effort.rounds, (side) => {
    return side === 'ours'
      ? grow(options, ours, length, 'stream', String(length))
      : grow(options, rival, length, 'streams')
  })
  const common = { target, unit: 'MiB', rival, by: 'difference' as const }
  for (
    const [when, what] of [['growth', `growth over ${size(length)}`], [
      'late',
      'of it in the last three quarters',
    ]] as const
  ) {
    const figures = { ours: rounds.ours.map((each) => each[when]), theirs: rounds.theirs.map((each) => each[when]) }
    report({ ...common, case: what, ...figures })
  }
  for (const [name, side] of [[ours.name, rounds.ours], [rival.name, rounds.theirs]] as const) {
    note(`${name}: ${side.map(({ rate }) => `${short(rate)}B/s`).join(', ')} there and back`)
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
