// WebAssembly's text form to bytes, so that what is shipped as bytes can be held against what was written.

import { readFile } from 'node:fs/promises'

/** The bytes of a module in a `.wat` file. */
export async function assembleWat(file: URL): Promise<Uint8Array> {
  const { default: wabt } = await import('wabt')
  const text = await readFile(file, 'utf8')
  const module = (await wabt()).parseWat(file.pathname, text, { simd: true })
  return module.toBinary({}).buffer
}
