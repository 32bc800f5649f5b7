// How two sides are compared: in pairs of rounds, alternating, in one process; the median of the pairs' ratios counts.
// Absolute figures move from run to run, the ratio within a pair far less.

/** One of the two sides of a comparison. */
export interface Side {
  /** Does a fixed piece of work and says how many messages that was. */
  batch(): number | Promise<number>
}

/** How long and how often. */
export interface Effort {
  rounds: number
  /** Of one side in one round. */
  seconds: number
}

/** The effort of a usual run, and of a look in passing. */
export const FULL: Effort = { rounds: 7, seconds: 0.5 }
export const QUICK: Effort = { rounds: 3, seconds: 0.3 }

/** What came out of one comparison. Rates are messages per second. */
export interface Comparison {
  ours: number
  theirs: number
  /** Ours divided by theirs: the median of the pairs, the lowest and the highest. */
  ratio: number
  low: number
  high: number
}

/** Compares two sides in `rounds` pairs; who goes first alternates. */
export async function compare(ours: Side, theirs: Side, { rounds, seconds }: Effort): Promise<Comparison> {
  for (const side of [ours, theirs]) await rate(side, Math.min(seconds, 0.2)) // warm up
  const pairs: { ours: number; theirs: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const pair = { ours: 0, theirs: 0 }
    const order = round % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const)
    for (const name of order) {
      globalThis.gc?.() // the garbage of one side is not the other's to collect
      pair[name] = await rate(name === 'ours' ? ours : theirs, seconds)
    }
    pairs.push(pair)
  }
  const ratios = pairs.map((pair) => pair.ours / pair.theirs)
  return {
    ours: median(pairs.map((pair) => pair.ours)),
    theirs: median(pairs.map((pair) => pair.theirs)),
    ratio: median(ratios),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
  }
}

/** Messages per second over at least that time. */
async function rate(side: Side, seconds: number): Promise<number> {
  const start = performance.now()
  let messages = 0
  let elapsed = 0
  do {
    const done = side.batch()
    messages += typeof done === 'number' ? done : await done
    elapsed = (performance.now() - start) / 1000
  } while (elapsed < seconds)
  return messages / elapsed
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
