// A user's project: installs the packed packages beside each other, imports them with plain Node, starts the program,
// and compiles against their types without skipping library checks, with and without the DOM.
// Usage: node .ci/consumer.mjs FOLDER-OF-TARBALLS   in an empty folder that becomes the project

import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tarballs = readdirSync(process.argv[2]).map((name) => join(process.argv[2], name))
const file = (name) => `file:${tarballs.find((path) => path.includes(`-${name}-`))}`
const dependencies = Object.fromEntries(
  ['codec', 'node', 'deno', 'bun', 'cli'].map((name) => [`@wirestream/${name}`, file(name)]),
)

// Overrides: each of our packages asks for the others by version, and no registry has them yet.
writeFileSync('package.json', JSON.stringify({ type: 'module', private: true, dependencies, overrides: dependencies }))
run('npm', ['install', '--offline', '--no-audit', '--no-fund'])

writeFileSync(
  'import.js',
  `for (const name of ['codec', 'codec/adapter', 'node']) {
    const exports = Object.keys(await import('@wirestream/' + name))
    if (exports.length === 0) throw new Error(name + ' exports nothing')
    console.log(name, 'exports', exports.join(' '))
  }\n`,
)
run(process.execPath, ['import.js'])
run('node_modules/.bin/wirestream', ['--help'])

const strict = { module: 'nodenext', target: 'es2022', strict: true, exactOptionalPropertyTypes: true, noEmit: true }
const node = { types: ['node'], typeRoots: [join(root, 'node_modules/@types')] }
compile('node', ['codec', 'codec/adapter', 'node'], { lib: ['es2022', 'esnext.disposable'], ...node })
compile('dom', ['codec', 'codec/adapter'], { lib: ['es2022', 'esnext.disposable', 'dom'], types: [] })
compile('both', ['codec', 'codec/adapter', 'node'], { lib: ['es2022', 'esnext.disposable', 'dom'], ...node })

/** Compiles a module that uses the named packages, with every declaration file checked. */
function compile(label, names, options) {
  writeFileSync(
    `${label}.ts`,
    names.map((name) => `export * as ${name.replace('/', '_')} from '@wirestream/${name}'\n`).join(''),
  )
  const compilerOptions = { ...strict, ...options, skipLibCheck: false }
  writeFileSync(`tsconfig.${label}.json`, JSON.stringify({ compilerOptions, files: [`${label}.ts`] }))
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', `tsconfig.${label}.json`])
  console.log(`types compile: ${label}`)
}

function run(program, args) {
  const { error, status } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (error || status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`)
}
