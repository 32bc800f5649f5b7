// Proves that the built codec is pure: importing it touches no clock, no randomness, no WebAssembly and no runtime.
// Each of those is replaced by a trap first; a trap that does not spring when touched would make this check worthless,
// so the traps are tried too.

import { stdout } from 'node:process'

const forbidden = ['process', 'Buffer', 'Deno', 'Bun', 'WebAssembly', 'require', 'navigator', 'location']
const uncalled = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch']

for (const name of forbidden) {
  Object.defineProperty(globalThis, name, { configurable: true, get: () => fail(`reads ${name}`) })
}
for (const name of uncalled) globalThis[name] = () => fail(`calls ${name}`)
for (const owner of [Math, Date, performance, crypto]) {
  const names = ['random', 'now', 'getRandomValues', 'randomUUID'].filter((name) => name in owner)
  for (const name of names) Object.defineProperty(owner, name, { value: () => fail(`calls ${name}`) })
}

springs(() => globalThis.Buffer)
springs(() => Math.random())
springs(() => crypto.getRandomValues(new Uint8Array(1)))
springs(() => setTimeout(() => {}, 0))

for (const entry of ['index.js', 'adapter/index.js']) {
  const names = Object.keys(await import(`../packages/codec/dist/${entry}`))
  if (names.length === 0) fail(`${entry} exports nothing`)
  stdout.write(`codec: ${entry} has ${names.length} exports, importing them has no effect\n`)
}

/** @param {() => unknown} touch */
function springs(touch) {
  try {
    touch()
  } catch {
    return
  }
  throw new Error(`Cannot check purity: the trap in ${touch} does not spring`)
}

/** @param {string} what @returns {never} */
function fail(what) {
  throw new Error(`The codec is not pure: ${what}`)
}
