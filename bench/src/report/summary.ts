// The few figures that docs/performance.md shows.

import type { Result } from '../result.ts'
import { PLAIN_WS, TCP } from '../rivals.ts'
import { conditions, measuredOn, table } from './markdown.ts'

/** Echo by pipe and by loop, ours against the server that people use on each runtime; undefined where none was measured. */
export function summary(results: readonly Result[]): string | undefined {
  const echo = results.filter(({ suite, rival }) => suite === 'echo' && rival !== TCP && rival !== PLAIN_WS)
  if (echo.length === 0) return undefined
  const runtimes = measuredOn(echo)
  const names = [...new Set(echo.map(({ case: name }) => name))]
  const heads = runtimes.map((runtime) => `${runtime}, ${echo.find((result) => result.runtime === runtime)!.rival}`)
  const rows = names.map((name) => [
    name,
    ...runtimes.map((runtime) => {
      const result = echo.find((result) => result.runtime === runtime && result.case === name)
      return result === undefined ? '' : `${result.ratio.toFixed(2)}×`
    }),
  ])
  return `${table(['echo', ...heads], rows)}
How often ours echoes for each time that the other does, both through their public interfaces: size of a message,
connections × messages in flight on each; by \`readable.pipeTo(writable)\`, or by \`for await\` with \`send\`.

${conditions(echo)}`
}
