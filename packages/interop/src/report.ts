// The findings as a page. Pure; says neither when nor where, so that the page changes only when a finding does.

import { type Findings, type NotRun, type Result, verdict } from './interop.ts'
import type { Part } from './parts.ts'

/** What one line of the table has: a peer in one part. */
interface Row {
  peer: string
  version: string
  part: Part
  results: Result[]
}

/** The counts, for the page and for the last line of a run; `tried` counts each end of a peer once. */
export function summarize(findings: Findings): { tried: number; conversations: number; ours: number; theirs: number } {
  const verdicts = findings.results.map(verdict)
  return {
    tried: rowsOf(findings.results).length,
    conversations: findings.results.length * 2,
    ours: verdicts.filter((word) => word === 'FAILED').length,
    theirs: verdicts.filter((word) => word === "peer's fault").length,
  }
}

/** The whole page; `ours` names our adapters' runtimes in the order of the columns. */
export function renderReport(findings: Findings, ours: readonly string[]): string {
  const rows = rowsOf(findings.results)
  const { tried, conversations, ours: failed, theirs } = summarize(findings)
  return [
    '# Interoperability',
    '',
    '<!-- Written by `npm run interop`; do not edit. -->',
    '',
    INTRODUCTION,
    '',
    `${tried} ends of peers were tried, each with our adapters on ${
      ours.join(', ')
    }, in ${conversations} conversations: ` +
    `${failed} results are faults of ours, ${theirs} of a peer's.`,
    '',
    ...table(rows, ours),
    '',
    ...faults(findings.results),
    ...notRun(findings.notRun),
  ].join('\n')
}

const INTRODUCTION =
  `\`npm run interop\` starts every peer that it finds on the machine, as a server and as a client, and lets it talk to our adapters.
Peers that are Debian packages are installed with \`apt-get\`; their scripts are in \`packages/interop/peers\`.

A conversation: the client sends a text, 256 bytes, 70 000 bytes, and 1 MiB in fragments of 64 KiB where its API can fragment, and wants each
back unchanged; then a ping, and wants its pong. It is held twice: once the client closes with 3001 and "done", once the server with
3002 and "as you wish"; the other side must see that code and reason, and both a clean end. Our server pings each client, and peers that can
ping each client of ours. *Remarks* tell what was on the wire: how the peer sent its 1 MiB, whether it pinged, what its API has no call for.
A proxy stands between our client, with TLS, and our server.`

function table(rows: Row[], ours: readonly string[]): string[] {
  return [
    `| peer | version | is the | ${ours.map((name) => `${name}`).join(' | ')} | remarks |`,
    `|---|---|---|${ours.map(() => '---').join('|')}|---|`,
    ...rows.map(({ peer, version, part, results }) => {
      const cells = ours.map((name) => {
        const result = results.find((result) => result.ours === name)
        return result === undefined ? 'not run' : verdict(result)
      })
      const remarks = [...new Set(results.flatMap(({ remarks }) => remarks))].join('; ')
      return `| ${peer} | ${version} | ${part} | ${cells.join(' | ')} | ${remarks} |`
    }),
  ]
}

function faults(results: Result[]): string[] {
  const faulty = results.filter(({ faults }) => faults.length > 0)
  if (faulty.length === 0) return []
  return [
    '## What went wrong',
    '',
    'The first fault of each, and the frames of that conversation, their headers and the first bytes of their payloads.',
    '',
    ...rowsOf(faulty).flatMap(({ peer, version, part, results: [first] }) => [
      `**${peer} ${version} as ${part}**: ${first!.excuse ?? 'our fault, unless it turns out to be another'}.`,
      '',
      '```',
      first!.faults[0]!,
      ...collapse(first!.bytes?.filter((line) => line.includes(': frame ')) ?? []),
      '```',
      '',
    ]),
  ]
}

/** Frames of the same header behind each other as one. */
function* collapse(frames: string[]): Iterable<string> {
  const header = (frame: string | undefined) => frame?.split(', payload')[0]
  for (let i = 0; i < frames.length; i++) {
    yield frames[i]!
    const first = i
    while (header(frames[i + 1]) === header(frames[first])) i++
    if (i > first) yield `${frames[first]!.slice(0, 7)} … and more with this header`
  }
}

function notRun(absent: NotRun[]): string[] {
  if (absent.length === 0) return []
  return ['## Not run', '', ...absent.map(({ peer, why }) => `- ${peer}: ${why.split('\n')[0]}`), '']
}

function rowsOf(results: Result[]): Row[] {
  const rows = new Map<string, Row>()
  for (const result of results) {
    const { peer, version, part } = result
    const key = `${peer} ${part}`
    const row = rows.get(key) ?? { peer, version, part, results: [] }
    row.results.push(result)
    rows.set(key, row)
  }
  return [...rows.values()]
}
