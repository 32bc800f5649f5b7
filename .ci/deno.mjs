// Runs Deno with the given arguments: the binary from packages/runtimes, else the one on PATH.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bundled = `${root}packages/runtimes/node_modules/@deno/linux-x64-glibc/deno`
const deno = existsSync(bundled) ? bundled : 'deno'
// DENO_NO_UPDATE_CHECK: nothing here may ask the network.
const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }
const { error, status } = spawnSync(deno, process.argv.slice(2), { env, stdio: 'inherit' })
if (error) {
  console.error(`Cannot run deno: ${error.message}; run \`npm run build\` once, or install Deno`)
}
process.exit(status ?? 1)
