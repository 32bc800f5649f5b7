// Our own ends, one for each of our runtimes: what every peer talks to.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findRuntime } from '@wirestream/runtimes'
import process from 'node:process'
import { type End, script } from './ends.ts'

/** Our adapters. */
export const adapters = ['node', 'deno', 'bun'] as const

/** One of our adapters. */
export type Adapter = (typeof adapters)[number]

/** An adapter that can run here. */
export interface Ours {
  adapter: Adapter
  /** The runtime and its version, such as `Deno 2.9.6`. */
  name: string
  client: End
  server: End
}

const before: Record<Adapter, string[]> = { node: [], deno: ['run', '-A'], bun: [] }

/** An adapter with its runtime; undefined where the runtime is not here or the package is not built. */
export async function findOurs(adapter: Adapter): Promise<Ours | undefined> {
  const built = fileURLToPath(new URL(`../../${adapter}/dist/index.js`, import.meta.url))
  const runtime = await runtimeOf(adapter)
  if (runtime === undefined || !existsSync(built)) return undefined
  const end = (file: string) => script(`wirestream/${file}`, before[adapter], [adapter])(runtime.program)
  return { adapter, name: runtime.name, client: end('client.mjs'), server: end('server.mjs') }
}

async function runtimeOf(adapter: Adapter): Promise<{ name: string; program: string } | undefined> {
  if (adapter === 'node') return { name: `Node ${process.versions.node}`, program: process.execPath }
  const found = await findRuntime(adapter === 'deno' ? 'Deno' : 'Bun')
  return 'missing' in found ? undefined : { name: `${found.name} ${found.version}`, program: found.program }
}
