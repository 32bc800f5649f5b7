// Folders of our own among the system's temporary ones, gone when they are no longer needed, and at the latest when this process ends.

import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

const folders = new Set<string>()

process.on('exit', () => {
  for (const path of folders) {
    try {
      rmSync(path, { recursive: true, force: true, maxRetries: 5 })
    } catch {
      // What a program that was ended by force still holds is the system's to clean.
    }
  }
})

/** A folder for one program's files. */
export interface Folder {
  path: string
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes an empty folder. */
export async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'interop-'))
  folders.add(path)
  return {
    path,
    async [Symbol.asyncDispose]() {
      // A program that has just ended may have children that still write.
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
      folders.delete(path)
    },
  }
}
