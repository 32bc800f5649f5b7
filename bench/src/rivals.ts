// Who we are measured against, on which runtime: the rivals' servers, each a script and what its environment says.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Target } from './target.ts'

/** A server that can be started. */
export interface Server {
  /** As people know it. */
  name: string
  version: string
  /** The script and its arguments before the mode. */
  script: readonly string[]
  env?: Record<string, string>
}

/** Turns the add-ons of `ws` off. */
export const PLAIN = { WS_NO_BUFFER_UTIL: '1', WS_NO_UTF_8_VALIDATE: '1' }
/** `ws` as most have it who care, and without its native parts. */
export const WS = 'ws + add-ons'
export const PLAIN_WS = 'ws plain'
export const TCP = 'TCP echo'
/** Where one case is held against another of the same side. */
export const ITSELF = 'itself'

/** The WebSocket servers that people use on this runtime, the one that counts first. */
export function rivalsOn({ adapter, version }: Target): Server[] {
  if (adapter === 'bun') return [{ name: 'Bun.serve', version, script: ['servers/bun'] }]
  if (adapter === 'deno') return [{ name: 'Deno.upgradeWebSocket', version, script: ['servers/deno'] }]
  return [
    { name: WS, version: versionOf('ws'), script: ['servers/ws'] },
    { name: PLAIN_WS, version: versionOf('ws'), script: ['servers/ws'], env: PLAIN },
  ]
}

/** TCP alone on this runtime. */
export function tcpOn({ adapter, version }: Target): Server {
  return { name: TCP, version, script: [`servers/tcp-${adapter}`] }
}

/** Ours on this runtime. */
export function oursOn({ adapter }: Target): Server {
  return { name: 'Wirestream', version: versionOf(`@wirestream/${adapter}`), script: ['servers/wirestream', adapter] }
}

/** Of a package that the bench depends on. */
export function versionOf(name: string): string {
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? []
  for (const folder of paths) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { version: string }).version
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(`Cannot find the version of ${name}: it is not installed`)
}
