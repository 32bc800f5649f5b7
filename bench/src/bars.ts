// The figures in force: for each case, runtime and rival, the ratio that has to be reached and the one to aim at.

import { ITSELF, PLAIN_WS, TCP, WS } from './rivals.ts'

/** A floor and a goal. */
type Figures = readonly [bar: number, goal: number]

interface Row {
  suite: string
  case: RegExp
  /** By runtime; the rival is the first of `rivalsOn` unless told. */
  figures: Partial<Record<string, Figures>>
  rival?: string
  atMost?: true
}

const both = (bar: number, goal: number) => ({ 'Node 20': [bar, goal], 'Node 26': [bar, goal] }) as const

const rows: Row[] = [
  echo(/^64 B, 32 × 64, pipe/, [10, 15], [2.8, 5], [0.5, 1], [3, 7]),
  echo(/^125 B, 32 × 64, pipe/, [4, 10]),
  echo(/^125 B, 32 × 64, views, pipe/, [10, 14]),
  echo(/^64 B, (1|32) × 1, pipe/, [0.9, 1.05], [0.75, 1], [0.65, 1]),
  { suite: 'echo', case: /^64 B, (1|32) × 1, pipe/, figures: { Deno: [0.9, 1] }, rival: TCP },
  echo(/^1 KiB, 4 × 64, pipe/, [2.5, 4], [1.6, 2.5], [0.75, 1], [2.3, 4]),
  echo(/^16 KiB, 4 × 16, pipe/, [0.9, 1.3], [0.75, 1.1], [0.95, 1.2], [1, 1.3]),
  echo(/^1 MiB, 2 × 4, pipe/, [0.9, 1.2], [0.8, 1.1], [0.8, 1], [0.7, 1]),

  { suite: 'codec', case: /^decode (text|binary), 16 B$/, figures: both(4, 5) },
  { suite: 'codec', case: /^decode (text|binary), 125 B$/, figures: both(2, 3) },
  { suite: 'codec', case: /^decode (text|binary), 1 KiB$/, figures: both(1.2, 2) },
  { suite: 'codec', case: /^decode (text|binary), 16 KiB$/, figures: both(1, 1.3) },
  { suite: 'codec', case: /^decode (text|binary), (64 KiB|1 MiB)$/, figures: both(0.9, 1.2) },
  { suite: 'codec', case: /^decode (text|binary), (\d+ KiB|1 MiB)$/, figures: both(3, 5), rival: PLAIN_WS },
  { suite: 'codec', case: /^encode (text|binary), (server|client), (\d+ B|1 KiB)$/, figures: both(1.5, 3) },
  { suite: 'codec', case: /^encode (text|binary), (server|client), (16 KiB|64 KiB|1 MiB)$/, figures: both(1, 1.5) },
  {
    suite: 'streams',
    case: /^decode (text|binary), batched, (\d+ B|1 KiB)$/,
    figures: { 'Node 26': [1.5, 2.5], 'Node 20': [1.2, 2] },
  },

  { suite: 'fanout', case: /./, figures: { 'Node 26': [1.2, 2], 'Node 20': [1.1, 1.5], Bun: [0.4, 0.8] } },
  { suite: 'connect', case: /./, figures: { 'Node 26': [0.9, 1.2], 'Node 20': [0.9, 1.1] } },
  { suite: 'memory', case: /^idle, \d+$/, figures: { 'Node 26': [2, 1], 'Node 20': [3, 1.5] }, atMost: true },
  {
    suite: 'memory',
    case: /^growth/,
    figures: { 'Node 26': [16, 16], 'Node 20': [16, 16], Bun: [32, 32], Deno: [32, 32] },
    rival: 'TCP streams',
    atMost: true,
  },
  { suite: 'linear', case: /./, figures: both(1.1, 1.1), rival: ITSELF, atMost: true },
  {
    suite: 'crowd',
    case: /^Wirestream/,
    figures: { ...both(1.5, 1.5), Bun: [1.5, 1.5], Deno: [1.5, 1.5] },
    rival: ITSELF,
    atMost: true,
  },
]

function echo(name: RegExp, node26: Figures, node20?: Figures, bun?: Figures, deno?: Figures): Row {
  const figures = { 'Node 26': node26, 'Node 20': node20, Bun: bun, Deno: deno }
  return { suite: 'echo', case: name, figures: figures as Row['figures'] }
}

const firstRival: Record<string, string> = { Bun: 'Bun.serve', Deno: 'Deno.upgradeWebSocket' }

/** What a comparison has to reach, if anything was said of it. */
export function barOf(
  suite: string,
  name: string,
  runtime: string,
  rival: string,
): { bar?: number; goal?: number; atMost?: true } {
  const row = rows.find((row) =>
    row.suite === suite && row.case.test(name) && row.figures[runtime] !== undefined &&
    (row.rival ?? firstRival[runtime] ?? WS) === rival
  )
  if (row === undefined) return {}
  const [bar, goal] = row.figures[runtime]!
  return { bar, goal, ...(row.atMost && { atMost: true }) }
}
