// Law: what we publish compiles in a user's project, which knows the DOM and not Node, and looks into libraries, too.

import { compile } from '@wirestream/testing'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

// Within this package, so that our packages are found as a user's program finds them.
const folder = fileURLToPath(new URL('../dist/types', import.meta.url))

/** The compiler's complaints about a program with these `lib`s; empty when there is none. */
function complaints(lib: string[], code: string): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const compilerOptions = {
    ...{ target: 'es2022', module: 'nodenext', lib, types: [], noEmit: true },
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
  }
  writeFileSync(join(folder, 'program.ts'), `${code}\nexport {}\n`)
  return compile(folder, { compilerOptions })
}

describe('a program for browsers', () => {
  test('that is wrong is told so', () => {
    expect(complaints(['ES2022', 'DOM'], 'const n: number = new Blob([])')).toMatch(/program\.ts\(1,7\): error TS2322/)
  })

  test.each([['ES2022', 'DOM'], ['ES2022', 'WebWorker']])('knows all that we export, with lib %s and %s', (...lib) => {
    const code = `export * from '@wirestream/codec'\nexport { Duplex } from '@wirestream/codec/adapter'`
    expect(complaints(lib, code)).toBe('')
  })

  test('hands received bytes to whatever takes bytes of their own', () => {
    const code = `
      import type { Connection } from '@wirestream/codec'
      export async function use(connection: Connection): Promise<void> {
        for await (const message of connection.messages()) {
          await message.body.pipeThrough(new DecompressionStream('gzip')).pipeThrough(new TextDecoderStream()).cancel()
          const bytes = await message.bytes()
          await crypto.subtle.digest('SHA-256', bytes)
          new Response(bytes)
        }
        const { value = '' } = await connection.readable.getReader().read()
        new Blob([value])
      }`
    expect(complaints(['ES2022', 'DOM', 'DOM.AsyncIterable'], code)).toBe('')
  })

  test('says of what it leaves out that it is undefined', () => {
    const code = `
      import { Connection, type ByteStreams, type Control, type FrameInit } from '@wirestream/codec'
      declare const maybe: undefined
      declare const transport: ByteStreams
      export const frame: FrameInit = { opcode: 1, payload: new Uint8Array(0), fin: maybe }
      export const close: Control = { type: 'close', statusCode: maybe, reason: '' }
      new Connection(transport, { role: 'client', limits: { maxMessageSize: maybe }, observe: maybe })`
    expect(complaints(['ES2022', 'DOM'], code)).toBe('')
  })
})
