// A peer in each part that it can play: as a server, as a client, as a proxy in between. Each gives one outcome for each adapter of ours.

import { startBrowser } from './browser.ts'
import type { Ours } from './ours.ts'
import type { Peer } from './peers.ts'
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

/** Plays a part of a peer. Throws where an end of it cannot be built or started. */
export function play(part: Part, peer: Peer, program: string, ours: readonly Ours[]): AsyncIterable<Outcome> {
  if (part === 'server') return asServer(peer, program, ours)
  return part === 'client' ? asClient(peer, program, ours) : asProxy(peer, program, ours)
}

async function* asServer(peer: Peer, program: string, ours: readonly Ours[]): AsyncIterable<Outcome> {
  if (peer.server === undefined) return
  const command = await peer.server(program).prepare()
  for (const { name, client } of ours) {
    const server = await startServer(command, peer.isOurs === true)
    try {
      yield { ours: name, ...await outcome(peer, processClient(await client.prepare()), server) }
    } finally {
      await server.program.end()
    }
  }
}

async function* asClient(peer: Peer, program: string, ours: readonly Ours[]): AsyncIterable<Outcome> {
  if (peer.client === undefined && peer.browser === undefined) return
  const browser = peer.browser && await startBrowser(program, peer.browser)
  try {
    const client = browser?.client ?? processClient(await peer.client!(program).prepare())
    for (const { name, server: end } of ours) {
      const server = await startServer(await end.prepare(), true)
      try {
        yield { ours: name, ...await outcome(peer, client, server) }
      } finally {
        await server.program.end()
      }
    }
  } finally {
    await browser?.[Symbol.asyncDispose]()
  }
}

async function* asProxy(peer: Peer, program: string, ours: readonly Ours[]): AsyncIterable<Outcome> {
  if (peer.proxy === undefined) return
  for (const { name, server: end, client } of ours) {
    const server = await startServer(await end.prepare(), true)
    try {
      await using proxy = await startProxy(peer.proxy, program, server.port)
      const command = await client.prepare()
      const securely = processClient({ ...command, env: { ...command.env, INTEROP_CA: proxy.ca } })
      yield { ours: name, ...await outcome(peer, securely, server, proxy.port) }
    } finally {
      await server.program.end()
    }
  }
}

/** Both conversations; one that goes wrong is held again with a tap in between, unless that would have to look into TLS. */
async function outcome(
  peer: Peer,
  client: Client,
  server: RunningServer,
  proxyPort?: number,
): Promise<Omit<Outcome, 'ours'>> {
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
  const excuses = faults.map((fault) => peer.faults?.find(({ match }) => match.test(fault))?.why)
  const excuse = excuses.length > 0 && excuses.every((why) => why !== undefined)
    ? [...new Set(excuses)].join('; ')
    : undefined
  return { faults, excuse, bytes, remarks: [...remarks] }
}

function* remarksOn(conversation: Conversation): Iterable<string> {
  const { client, server } = conversation
  for (const end of [client, server]) {
    for (const [what, why] of end.none) yield `no ${what}: ${why}`
    const fragments = end.frames?.fragments ?? 0
    if (fragments > 0) yield `its 1 MiB in ${fragments === 1 ? 'one frame' : `${fragments} frames`}`
  }
  const pings = client.frames?.pings ?? 0
  if (pings > 0) yield 'pings'
  const other = differentAnswer(conversation)
  if (other !== undefined) yield `answers Close ${closes[conversation.closer]} with ${other.trim()}`
}
