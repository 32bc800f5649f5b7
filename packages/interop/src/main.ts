// The command: `npm run interop`. Reads the arguments, shows progress, writes the page, and ends with 1 when something failed on our side.

import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { everybody, failures, type Findings, runInterop } from './interop.ts'
import { adapters, findOurs, type Ours } from './ours.ts'
import type { Peer } from './peers.ts'
import { endWithUs } from './program.ts'
import { renderReport, summarize } from './report.ts'

const HELP = `npm run interop -- [options]
  --only NAME   only peers whose name contains NAME, in any case; may be given several times; leaves the page alone
  --list        names the peers, and whether they are here
  --json FILE   writes the findings, with the bytes of what failed, as JSON
`

endWithUs()
process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return print(HELP)
  const ours = (await Promise.all(adapters.map(findOurs))).filter((one) => one !== undefined)
  const peers = everybody(ours).filter(({ name }) => passes(name, values.only))
  if (peers.length === 0) return print(`No peer has a name with ${values.only.join(' or ')}; --list names all\n`, 2)
  if (values.list) return list(peers)
  const findings = await runInterop(ours, peers, (line) => console.log(line))
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(findings, undefined, 2) + '\n')
  if (values.only.length === 0) await writePage(findings, ours)
  return conclude(findings)
}

function passes(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((part) => name.toLowerCase().includes(part.toLowerCase()))
}

async function list(peers: readonly Peer[]): Promise<number> {
  for (const { name, find } of peers) {
    const found = await find()
    console.log(`${name}: ${'missing' in found ? `not here: ${found.missing}` : found.version}`)
  }
  return 0
}

async function writePage(findings: Findings, ours: readonly Ours[]): Promise<void> {
  const page = new URL('../../../docs/interop.md', import.meta.url)
  await writeFile(page, renderReport(findings, ours.map(({ name }) => name)))
}

/** Says the sum; nothing tried is a failure too. */
function conclude(findings: Findings): number {
  const { tried, conversations, ours, theirs } = summarize(findings)
  for (const { peer, part, ours } of failures(findings)) console.log(`FAILED: ${peer} as ${part} with ours on ${ours}`)
  console.log(
    `${tried} ends of peers tried in ${conversations} conversations; ${ours} failed on our side, ${theirs} by a peer's fault`,
  )
  return ours > 0 || tried === 0 ? 1 : 0
}

function print(text: string, code = 0): number {
  process.stdout.write(text)
  return code
}
