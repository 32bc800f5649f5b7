// How sides are compared: in rounds, each side once a round, the order turned round every time. Absolute figures move from run to run,
// the ratio within a round far less; so the median of the rounds' ratios counts.

/** One of the sides of a comparison. */
export interface Side {
  /** Measures for about that long and gives the figure, such as messages per second. */
  measure(seconds: number): Promise<number>
}

/** How long and how often. */
export interface Effort {
  rounds: number
  /** Of one side in one round. */
  seconds: number
  /** Of one side before the first round, in seconds. */
  warmUp: number
}

/** The effort of a usual run, and of a look in passing. */
export const FULL: Effort = { rounds: 5, seconds: 1, warmUp: 0.25 }
export const QUICK: Effort = { rounds: 3, seconds: 0.3, warmUp: 0.1 }

/** What a round costs beside its seconds: to ask, to check the first and the last message, to collect garbage. */
const BETWEEN = 0.02

/** About how long `measure` takes for so many sides, in seconds. */
export function secondsFor(sides: number, { rounds, seconds, warmUp }: Effort): number {
  return sides * (warmUp + BETWEEN + rounds * (seconds + BETWEEN))
}

/** The figures of each side, one a round. */
export type Rounds<Name extends string> = Record<Name, number[]>

/** Measures every side in `rounds` rounds, after a short one to warm up. */
export async function measure<Name extends string>(
  sides: Record<Name, Side>,
  { rounds, seconds, warmUp }: Effort,
): Promise<Rounds<Name>> {
  const names = Object.keys(sides) as Name[]
  for (const name of names) await sides[name].measure(warmUp)
  return await inRounds(names, rounds, (name) => sides[name].measure(seconds))
}

/** One figure of each a round, the order turned round every time. */
export async function inRounds<Name extends string, Figure>(
  names: readonly Name[],
  rounds: number,
  figure: (name: Name) => Promise<Figure>,
): Promise<Record<Name, Figure[]>> {
  const figures = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Figure[]>
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) figures[name].push(await figure(name))
  }
  return figures
}

/** The median of the rounds' ratios (or differences), the lowest and the highest. */
export interface Comparison {
  ratio: number
  low: number
  high: number
}

/** Puts two sides of the same rounds against each other. */
export function compare(
  ours: readonly number[],
  theirs: readonly number[],
  by: (ours: number, theirs: number) => number = (a, b) => a / b,
): Comparison {
  const ratios = ours.map((figure, round) => by(figure, theirs[round]!))
  return { ratio: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) }
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
