// Servers that a suite started, and the load on them.

import type { Child } from './child.ts'
import { type Effort, measure, type Rounds, secondsFor, type Side } from './harness.ts'
import type { Server } from './rivals.ts'
import type { SuiteOptions } from './suite.ts'
import { start, type Target } from './target.ts'

/** A running server. */
export interface RunningServer {
  readonly child: Child
  readonly port: number
}

/** A server and the load on it. */
export interface Contestant {
  /** Under which its rounds are given. */
  name: string
  server: Server
  mode: string
  /** What the load needs to know, beside the port. */
  load: object
}

/** To start a server and open the load's connections to it, in seconds. */
const START = 0.2

/** A server's compiler works beside it, so a server takes longer to warm up than a codec: half a round, unless a suite knows better. */
const WARM_UP = 0.5

function warmedUp(effort: Effort, rounds: number): Effort {
  return { ...effort, warmUp: rounds * effort.seconds }
}

/** About how long `contest` takes with so many servers, in seconds. */
export function contestSeconds(servers: number, effort: Effort, warmUp: number = WARM_UP): number {
  return servers * START + secondsFor(servers, warmedUp(effort, warmUp))
}

/** Starts them all, measures them in turns with that kind of load, and ends them. `warmUp` is in rounds. */
export async function contest(
  { target, load, effort }: SuiteOptions,
  kind: string,
  contestants: readonly Contestant[],
  warmUp: number = WARM_UP,
): Promise<Rounds<string>> {
  const children = contestants.map(({ server, mode }) => startServer(target, server, mode))
  const sides: Record<string, Side> = {}
  try {
    const ports = await Promise.all(children.map((child) => child.ask<number>({ do: 'listen' })))
    for (const [i, { name, load: options }] of contestants.entries()) {
      sides[name] = await openLoad(load, name, kind, { ...options, port: ports[i] })
    }
    const rounds = await measure(sides, warmedUp(effort, warmUp))
    for (const name of Object.keys(sides)) await closeLoad(load, name)
    return rounds
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

/** Starts a server for as long as `use` takes; ends it whatever comes of that. */
export async function withServer<T>(
  target: Target,
  server: Server,
  mode: readonly string[],
  use: (running: RunningServer) => Promise<T>,
): Promise<T> {
  const child = startServer(target, server, ...mode)
  try {
    return await use({ child, port: await child.ask<number>({ do: 'listen' }) })
  } finally {
    await child.stop()
  }
}

/** Opens the load's connections to a server; gives the side that measures it. */
export async function openLoad(load: Child, name: string, kind: string, options: object): Promise<Side> {
  await load.ask({ do: 'open', name, kind, load: options })
  return { measure: (seconds) => load.ask<number>({ do: 'run', name, seconds }) }
}

/** Ends the load's connections of that name. */
export async function closeLoad(load: Child, name: string): Promise<void> {
  await load.ask({ do: 'close', name })
}

function startServer(target: Target, { script, env }: Server, ...mode: string[]): Child {
  return start(target, [...script, ...mode], env)
}
