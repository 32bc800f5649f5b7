// Compares one case after another, on demand of the codec suite, with the form of `ws` that the environment asks for.

import { createRequire } from 'node:module'
import process from 'node:process'
import { compare, type Effort } from '../harness.ts'
import type { CodecCase } from './cases.ts'
import { sidesOf } from './sides.ts'

const effort = JSON.parse(process.argv[2]!) as Effort
if (process.argv[3] === 'native') checkNative()

process.on('message', async (one: CodecCase) => {
  const { ours, theirs } = sidesOf(one)
  process.send!(await compare(ours, theirs, effort))
})
process.on('disconnect', () => process.exit())

/** Without its prebuilt code the add-on falls back to JavaScript in silence. */
function checkNative(): void {
  const { mask } = createRequire(import.meta.url)('bufferutil') as { mask: unknown }
  if (!String(mask).includes('[native code]')) {
    throw new Error('Cannot measure ws with add-ons: bufferutil has no native code here')
  }
}
