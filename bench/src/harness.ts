// How sides are compared: in rounds, and in each round in slices, one of each side after another, the order turned round every time.
// Absolute figures move from run to run, the ratio within a round far less; so the median of the rounds' ratios counts.

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
  /** How long a side is measured before it is another's turn, in seconds: what the machine does beside then meets all sides, not one. */
  slice: number
  /** Of one side before the first round, in seconds. */
  warmUp: number
}

/** The effort of a usual run, and of a look in passing. */
export const FULL: Effort = { rounds: 5, seconds: 1, slice: 0.2, warmUp: 1.2 }
export const QUICK: Effort = { rounds: 3, seconds: 0.3, slice: 0.15, warmUp: 0.3 }

/** How many slices a round has. */
function slicesOf({ seconds, slice }: Effort): number {
  return Math.max(1, Math.round(seconds / slice))
}

/** What a slice costs beside its seconds: to ask, to check the first and the last message, to collect garbage. */
const BETWEEN = 0.02

/** About how long `measure` takes for so many sides, in seconds. */
export function secondsFor(sides: number, effort: Effort): number {
  const { rounds, seconds, warmUp } = effort
  return sides * (warmUp + BETWEEN + rounds * (seconds + slicesOf(effort) * BETWEEN))
}

/** The figures of each side, one a round. */
export type Rounds<Name extends string> = Record<Name, number[]>

/** Measures every side in `rounds` rounds, after a short one to warm up. A round's figure is the mean of its slices. */
export async function measure<Name extends string>(
  sides: Record<Name, Side>,
  effort: Effort,
): Promise<Rounds<Name>> {
  const { rounds, seconds, warmUp } = effort
  const slices = slicesOf(effort)
  const names = Object.keys(sides) as Name[]
  for (const name of names) await sides[name].measure(warmUp)
  const figures = none<Name, number>(names)
  for (let round = 0; round < rounds; round++) {
    const parts = await inRounds(names, slices, (name) => sides[name].measure(seconds / slices))
    for (const name of names) figures[name].push(mean(parts[name]))
  }
  return figures
}

/** One figure of each a round, the order turned round every time. */
export async function inRounds<Name extends string, Figure>(
  names: readonly Name[],
  rounds: number,
  figure: (name: Name) => Promise<Figure>,
): Promise<Record<Name, Figure[]>> {
  const figures = none<Name, Figure>(names)
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) figures[name].push(await figure(name))
  }
  return figures
}

function none<Name extends string, Figure>(names: readonly Name[]): Record<Name, Figure[]> {
  return Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Figure[]>
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

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
