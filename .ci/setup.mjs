// Brings a fresh checkout to the point where it can run: installs what the lockfile names, then builds.
// Plain JavaScript on Node 20 and npm alone, because nothing else is there yet.
// Usage: node .ci/setup.mjs [project]   a folder with a package.json and a tsconfig.json; everything unless told

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const pnpm = 'pnpm@12.21.0'
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.wirestream-installed')
const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx'

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Cannot set up: Node ${process.versions.node} is too old, wanted 20 or newer`)
}
const project = process.argv[2] ?? '.'
install(project)
build(project)

/**
 * Installs unless that was done for exactly these manifests. The whole repository brings the runtimes that the tests
 * run in, some 800 MB; one project brings only what it needs.
 * @param {string} project
 */
function install(project) {
  const manifests = fingerprint()
  const [last, ...before] = existsSync(stamp) ? readFileSync(stamp, 'utf8').split('\n') : []
  const done = last === manifests ? before : []
  if (done.includes('.') || done.includes(project)) return
  const what = project === '.' ? 'everything' : `what ${project} needs`
  step(`install ${what} from the lockfile, with ${pnpm}`, () => {
    // The lockfile holds every digest. pnpm checks its policies on it when somebody changes it; checking them here
    // again asks the registry about every package first, which was measured to take up to a minute.
    const args = ['--yes', pnpm, 'install', '--frozen-lockfile', '--trust-lockfile', '--reporter=append-only']
    if (project !== '.') args.push('--filter=.', `--filter-prod=${nameOf(project)}...`)
    // `CI` keeps pnpm from asking whether it may replace a node_modules of another layout.
    const env = { ...process.env, CI: 'true', npm_config_update_notifier: 'false' }
    run(npx, args, { env, shell: process.platform === 'win32' })
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, [manifests, ...done, project].join('\n'))
  })
}

/** @param {string} project */
function nameOf(project) {
  return JSON.parse(readFileSync(join(root, project, 'package.json'), 'utf8')).name
}

/** One digest over every file that decides what is installed. */
function fingerprint() {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/package.json`)
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', 'bench/package.json', ...packages]
  const hash = createHash('sha256').update(`${pnpm} ${process.platform} ${process.arch}`)
  for (const file of files.sort()) {
    const path = join(root, file)
    if (existsSync(path)) hash.update(`\n${file}\n`).update(readFileSync(path))
  }
  return hash.digest('hex')
}

/** @param {string} project */
function build(project) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  step(`build ${project === '.' ? 'and type-check everything' : project}`, () => {
    run(process.execPath, [tsc, '-b', project], { env: process.env })
  })
}

/**
 * Says what is done before it is done, and how long it took after.
 * @param {string} what
 * @param {() => void} work
 */
function step(what, work) {
  console.error(`setup: ${what} …`)
  const start = performance.now()
  work()
  console.error(`setup: ${what}: done in ${((performance.now() - start) / 1000).toFixed(1)} s`)
}

/**
 * Runs a program from the root with its output shown on standard error, so that standard output stays the caller's.
 * @param {string} program
 * @param {string[]} args
 * @param {{ env: NodeJS.ProcessEnv, shell?: boolean }} options
 */
function run(program, args, options) {
  const { error, status, signal } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2], ...options })
  if (error) fail(`setup: cannot run ${program}: ${error.message}`)
  if (status !== 0) fail(`setup: ${program} ${args.join(' ')} ended with ${signal ?? `exit code ${status}`}`)
}

/** @param {string} message */
function fail(message) {
  console.error(message)
  process.exit(1)
}
