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
}

/** The effort of a usual run, and of a look in passing. */
export const FULL: Effort = { rounds: 5, seconds: 1 }
export const QUICK: Effort = { rounds: 3, seconds: 0.3 }

/** The figures of each side, one a round. */
export type Rounds<Name extends string> = Record<Name, number[]>

/** Measures every side in `rounds` rounds, after a short one to warm up. */
export async function measure<Name extends string>(
  sides: Record<Name, Side>,
  { rounds, seconds }: Effort,
): Promise<Rounds<Name>> {
  const names = Object.keys(sides) as Name[]
  const figures = Object.fromEntries(names.map((name) => [name, []])) as unknown as Rounds<Name>
  for (const name of names) await sides[name].measure(Math.min(seconds / 3, 0.3))
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      figures[name].push(await sides[name].measure(seconds))
    }
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
