// Runs the benches named on the command line: `npm run bench -- codec` runs `codec.ts` beside this file.
// A bench is a module that measures and prints when it is imported.

import { readdirSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const known = readdirSync(fileURLToPath(new URL('.', import.meta.url)))
  .filter((file) => file.endsWith('.js') && file !== 'main.js')
  .map((file) => file.slice(0, -3))
const names = process.argv.slice(2)
const unknown = names.filter((name) => !known.includes(name))
if (names.length === 0 || unknown.length > 0) {
  if (unknown.length > 0) console.error(`Cannot run bench: ${unknown.join(', ')} is not known`)
  console.error(`usage: npm run bench -- NAME…   with NAME one of: ${known.join(', ') || '(none yet)'}`)
  process.exit(2)
}
for (const name of names) await import(`./${name}.js`)
