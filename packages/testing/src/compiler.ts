// Asks the compiler about a folder of modules, as a program of its own: what a user would be told.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))

/** The compiler's complaints about the modules in `folder`, given the rest of its configuration; empty when there is none. */
export function compile(folder: string, config: { compilerOptions: object; extends?: string }): string {
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, include: ['*.ts'] }))
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' })
  return stdout + stderr
}
