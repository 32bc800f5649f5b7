// The JavaScript runtimes that tests run in: where they are and which version. Owns no test and starts nothing else.

import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

/** Every runtime that the codec is tested in, in the order in which they are named to people. */
export const runtimeNames = ['Node 20', 'Node 22', 'Node 24', 'Node 26', 'Deno', 'Bun', 'workerd', 'Chromium'] as const

/** A runtime. */
export type RuntimeName = (typeof runtimeNames)[number]

/** A runtime that is here: the program's path and the version that it names. */
export interface FoundRuntime {
  name: RuntimeName
  program: string
  version: string
}

/** A runtime that is not here, and why. */
export interface MissingRuntime {
  name: RuntimeName
  missing: string
}

/** From which package of npm a runtime comes, which file of it is the program, and what else to look for on PATH. */
const places: Record<RuntimeName, { packaged?: [name: string, file: string]; onPath: string[] }> = {
  'Node 20': { onPath: ['node'] },
  'Node 22': { packaged: ['node-22', 'bin/node'], onPath: ['node'] },
  'Node 24': { packaged: ['node-24', 'bin/node'], onPath: ['node'] },
  'Node 26': { packaged: ['node-26', 'bin/node'], onPath: ['node'] },
  Deno: { packaged: ['@deno/linux-x64-glibc', 'deno'], onPath: ['deno'] },
  Bun: { packaged: ['@oven/bun-linux-x64', 'bin/bun'], onPath: ['bun'] },
  workerd: { packaged: ['@cloudflare/workerd-linux-64', 'bin/workerd'], onPath: ['workerd'] },
  Chromium: { onPath: ['chromium', 'chromium-browser', 'google-chrome'] },
}

const require = createRequire(import.meta.url)

/** Finds a runtime: the one that the lockfile pins, else one on PATH. A Node counts only where its major version fits. */
export async function findRuntime(name: RuntimeName): Promise<FoundRuntime | MissingRuntime> {
  const reasons = []
  for (const program of candidates(name)) {
    const version = await versionOf(program)
    const major = /^Node (\d+)$/.exec(name)?.[1]
    if (version !== undefined && (major === undefined || version.startsWith(`${major}.`))) {
      return { name, program, version }
    }
    reasons.push(version === undefined ? `${program} does not start` : `${program} is ${version}`)
  }
  return { name, missing: reasons.join(', ') || `not installed on ${process.platform} ${process.arch}` }
}

/** The program of a runtime that a test cannot do without. Throws where it is not here. */
export async function requireRuntime(name: RuntimeName): Promise<string> {
  const runtime = await findRuntime(name)
  if ('missing' in runtime) throw new Error(`Cannot run ${name}: ${runtime.missing}`)
  return runtime.program
}

function candidates(name: RuntimeName): string[] {
  const { packaged, onPath } = places[name]
  const programs = name.startsWith('Node') ? [process.execPath] : []
  if (packaged) {
    try {
      programs.unshift(join(dirname(require.resolve(`${packaged[0]}/package.json`)), packaged[1]))
    } catch {
      // An optional dependency: no such package for this machine.
    }
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  programs.push(...onPath.flatMap((file) => folders.map((folder) => join(folder, file))))
  return [...new Set(programs)].filter(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What the program says of itself: `v22.1.0`, `deno 2.9.6 (…)`, `workerd 2026-11-17`. */
async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: 20_000 })
    return /\d+[.-][\d.-]*\d/.exec(stdout)?.[0]
  } catch {
    return undefined
  }
}
