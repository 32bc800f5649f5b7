// Instructions of a program, counted by valgrind: they repeat within a fraction of a percent, however busy the machine is.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endWithUs } from '../child.ts'
import type { Target } from '../target.ts'

const VALGRIND = [
  '--tool=cachegrind',
  '--cache-sim=no',
  '--cachegrind-out-file=/dev/null',
  '--smc-check=all-non-file', // V8 writes code and runs it
]
// One thread, and nothing that is drawn by lot.
const NODE = ['--single-threaded', '--predictable', '--hash-seed=1', '--random-seed=1']
const PROGRAM = fileURLToPath(new URL('pass.js', import.meta.url))

/** Whether valgrind is installed. */
export async function canCount(): Promise<boolean> {
  return await run('valgrind', ['--version']).then(() => true, () => false)
}

/** How many instructions that Node needs to pass so many messages, its start included. */
export async function instructions({ program }: Target, way: string, size: number, count: number): Promise<number> {
  const output = await run('valgrind', [...VALGRIND, program, ...NODE, PROGRAM, way, String(size), String(count)])
  const [, refs] = /I\s+refs:\s+([\d,]+)/.exec(output) ?? []
  if (refs === undefined) throw new Error(`Cannot count instructions: valgrind said ${output}`)
  return Number(refs.replaceAll(',', ''))
}

/** What a program writes to standard error. Rejects unless it ends well. */
function run(program: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    endWithUs(child)
    let output = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => output += text)
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`Cannot count instructions: ${program} ended with ${code}: ${output}`))
    })
  })
}
