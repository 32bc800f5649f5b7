// Where tests, and the programs that they start, put their temporary files: a folder for each run, gone with it whatever became of them.
// Vitest calls it before and after all; its workers are ended without a word, so that none of them could clean up.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

/** Makes the folder; gives what removes it. */
export default function temporaryFolder(): () => void {
  const folder = process.env['TMPDIR'] = mkdtempSync(join(tmpdir(), 'wirestream-'))
  return () => rmSync(folder, { recursive: true, force: true })
}
