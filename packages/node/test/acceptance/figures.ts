// Runs one part of what the scripts measure, in short, and gives its figures. The scripts see what was built.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('scripts/main.mjs', import.meta.url))

/** How long one part may take on a busy machine, in milliseconds. */
export const PATIENCE = 180_000

/** A line of figures. */
export type Figures<T> = T & { case: string }

/** The figures of one part. Fails where the script does; figures that are not as they should be are the test's to judge. */
export async function measure<T>(part: string): Promise<Figures<T>[]> {
  const child = spawn(process.execPath, [main, part, '--short', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL')) // what it has started ends with it
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => printed += text)
  await once(child, 'close')
  return printed.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line))
}
