// The whole affair: every peer that is here, in each of its parts, against each of our adapters, one conversation at a time.

import type { Ours } from './ours.ts'
import { type Outcome, type Part, play } from './parts.ts'
import { type Peer, peers } from './peers.ts'

/** An outcome, and of whom. */
export interface Result extends Outcome {
  peer: string
  version: string
  part: Part
}

/** A peer, or a part of it, that was not tried, and why. */
export interface NotRun {
  peer: string
  why: string
}

/** Everything that was found out. */
export interface Findings {
  results: Result[]
  notRun: NotRun[]
}

/** Everybody in the order of the report: ourselves first. */
export function everybody(ours: readonly Ours[]): Peer[] {
  const ourselves = ours.map(({ adapter, name, server }): Peer => ({
    name: `@wirestream/${adapter}`,
    find: () => Promise.resolve({ version: name, program: '' }),
    server: () => server,
    isOurs: true,
  }))
  return [...ourselves, ...peers]
}

/** Talks to these peers; `progress` hears a line of each part, and of whatever goes wrong. */
export async function runInterop(
  ours: readonly Ours[],
  chosen: readonly Peer[],
  progress: (line: string) => void,
): Promise<Findings> {
  const findings: Findings = { results: [], notRun: [] }
  const skip = (peer: string, why: string) => {
    findings.notRun.push({ peer, why })
    progress(`${peer}: not run: ${why}`)
  }
  for (const peer of chosen) {
    const found = await peer.find()
    if ('missing' in found) {
      skip(peer.name, found.missing)
      continue
    }
    for (const part of ['server', 'client', 'proxy'] as const) {
      try {
        for await (const outcome of play(part, peer, found.program, ours)) {
          findings.results.push({ peer: peer.name, version: found.version, part, ...outcome })
          progress(`${peer.name} ${found.version} as ${part} with ours on ${outcome.ours}: ${verdict(outcome)}`)
          const { faults, excuse } = outcome
          for (const line of excuse === undefined ? faults : [`${faults[0]}: ${excuse}`]) progress(`    ${line}`)
        }
      } catch (error) {
        skip(`${peer.name} as ${part}`, error instanceof Error ? error.message : String(error))
      }
    }
  }
  return findings
}

/** One word, or three. */
export function verdict({ faults, excuse }: Outcome): string {
  if (faults.length === 0) return 'ok'
  return excuse === undefined ? 'FAILED' : "peer's fault"
}

/** What failed for no fault of a peer's. */
export function failures({ results }: Findings): Result[] {
  return results.filter((result) => verdict(result) === 'FAILED')
}
