// A peer in each part that it can play: as a server, as a client, as a proxy in between. Each gives one outcome for each adapter of ours.

import { startBrowser } from './browser.ts'
import type { End } from './ends.ts'
import type { Ours } from './ours.ts'
import type { KnownFault, Peer } from './peers.ts'
import type { Command } from './program.ts'
import { startProxy } from './proxy.ts'
import { type Client, processClient, type RunningServer, startServer, talk, talkTapped } from './talk.ts'
import { type Closer, closes, type Conversation, differentAnswer, judge } from './transcript.ts'

/** What a peer is to us. */
export type Part = 'server' | 'client' | 'proxy'

/** What came of a peer in one part against one of our adapters. */
export interface Outcome {
  /** Our adapter's runtime, such as `Deno 2.9.6`. */
  ours: string
  /** What went wrong; empty where nothing did. */
  faults: string[]
  /** Why the faults are the peer's own; faults without this are ours. */
  excuse?: string | undefined
  /** What was on the wire when a conversation that went wrong was held once more. */
  bytes?: string[] | undefined
  /** What the peer's API cannot do, and what it does in its own way. */
  remarks: string[]
}

const closers: readonly Closer[] = ['client', 'server']

/** Holds the conversations of one part with one adapter of ours; `env` is for our end. */
type Hold = (peer: Peer, program: string, ours: Ours, env: Record<string, string>) => Promise<Attempt>

/** What one round of conversations gave. */
type Attempt = Omit<Outcome, 'ours' | 'excuse'>

/** Plays a part of a peer, if it has that: one outcome for each adapter. Throws where an end of it cannot be built or started. */
export async function* play(part: Part, peer: Peer, program: string, ours: readonly Ours[]): AsyncIterable<Outcome> {
  if (part === 'client' && peer.browser !== undefined) {
    await using browser = await startBrowser(program, peer.browser)
    const hold: Hold = (_peer, _program, ours, env) => holdAsClient(browser.client, ours, env)
    for (const one of ours) yield { ours: one.name, ...await judged(hold, peer, program, one) }
  } else if (peer[part] !== undefined) {
    for (const one of ours) yield { ours: one.name, ...await judged(holds[part], peer, program, one) }
  }
}

const holds: Record<Part, Hold> = {
  async server(peer, program, ours, env) {
    const server = await startServer(await peer.server!(program).prepare(), peer.isOurs === true)
    try {
      return await converse(processClient(await prepared(ours.client, env)), server)
    } finally {
      await server.program.end()
    }
  },

  async client(peer, program, ours, env) {
    return holdAsClient(processClient(await peer.client!(program).prepare()), ours, env)
  },

  async proxy(peer, program, ours, env) {
    const server = await startServer(await prepared(ours.server, env), true)
    try {
      await using proxy = await startProxy(peer.proxy!, program, server.port)
      const client = processClient(await prepared(ours.client, { ...env, INTEROP_CA: proxy.ca }))
      return await converse(client, server, proxy.port)
    } finally {
      await server.program.end()
    }
  },
}

async function holdAsClient(client: Client, ours: Ours, env: Record<string, string>): Promise<Attempt> {
  const server = await startServer(await prepared(ours.server, env), true)
  try {
    return await converse(client, server)
  } finally {
    await server.program.end()
  }
}

async function prepared(end: End, env: Record<string, string>): Promise<Command> {
  const command = await end.prepare()
  return { ...command, env: { ...command.env, ...env } }
}

/** How often a fault that shows now and then is given another chance. */
const CHANCES = 5

/** Says whose the faults are; where they are a peer's known ones, looks behind them. */
async function judged(hold: Hold, peer: Peer, program: string, ours: Ours): Promise<Omit<Outcome, 'ours'>> {
  const first = await hold(peer, program, ours, {})
  for (const { when, why } of peer.faults ?? []) {
    if (when === 'now and then') first.remarks.push(`at fault now and then: ${why}`)
  }
  const known = knownFault(peer, first)
  if (known === undefined) return first
  const excused = { ...first, excuse: known.why }
  if (known.when === 'messages are cut') {
    const whole = await hold(peer, program, ours, { INTEROP_WHOLE: '1' })
    return whole.faults.length === 0 ? excused : whole
  }
  for (let chance = 1; chance < CHANCES; chance++) {
    const next = await hold(peer, program, ours, {})
    if (knownFault(peer, next) === undefined) return { ...next, remarks: first.remarks }
  }
  return excused
}

/** The one fault of the peer's that explains all; only the first of each conversation counts, for the rest follows from it. */
function knownFault(peer: Peer, { faults }: Attempt): KnownFault | undefined {
  const firsts = closers.flatMap((closer) => faults.find((fault) => fault.startsWith(`${closer} closes: `)) ?? [])
  if (firsts.length === 0) return undefined
  return peer.faults?.find(({ match }) => firsts.every((fault) => match.test(fault)))
}

/** Both conversations; one that goes wrong is held again with a tap in between, unless that would have to look into TLS. */
async function converse(client: Client, server: RunningServer, proxyPort?: number): Promise<Attempt> {
  const faults: string[] = []
  const remarks = new Set<string>()
  let bytes: string[] | undefined
  for (const closer of closers) {
    const conversation = await talk(client, server, closer, proxyPort)
    const found = judge(conversation)
    faults.push(...found.map((fault) => `${closer} closes: ${fault}`))
    if (found.length > 0 && proxyPort === undefined) bytes ??= await talkTapped(client, server, closer)
    for (const remark of remarksOn(conversation)) remarks.add(remark)
  }
  return { faults, bytes, remarks: [...remarks] }
}

function* remarksOn(conversation: Conversation): Iterable<string> {
  const { client, server } = conversation
  for (const end of [client, server]) {
    for (const [what, why] of end.none) yield `no ${what}: ${why}`
    const fragments = end.frames?.fragments ?? 0
    if (fragments > 0) yield fragments === 1 ? '1 MiB in one frame' : '1 MiB in fragments'
  }
  const pings = client.frames?.pings ?? 0
  if (pings > 0) yield 'pings'
  const other = differentAnswer(conversation)
  if (other !== undefined) yield `answers Close ${closes[conversation.closer]} with ${other.trim()}`
}
