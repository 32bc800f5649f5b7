// What the charts show.

import type { Result } from '../result.ts'
import { PLAIN_WS, TCP } from '../rivals.ts'
import { chart, type Panel } from './chart.ts'
import { measuredOn } from './markdown.ts'

/** Echo by pipe, a panel for each runtime; undefined where none was measured. */
export function echoChart(results: readonly Result[]): string | undefined {
  const own = results.filter(({ suite, rival, case: name }) =>
    suite === 'echo' && rival !== PLAIN_WS && rival !== TCP && name.endsWith('pipe')
  )
  if (own.length === 0) return undefined
  return chart(
    'Messages echoed by readable.pipeTo(writable), against the server that people use',
    'Size of a message, connections × messages in flight on each. Thin line: the spread of the rounds.',
    conditions(own),
    panels(own, (name) => name.replace(/, pipe$/, '')),
  )
}

/** The rooms with binary messages, a panel for each runtime; undefined where none was measured. */
export function codecChart(results: readonly Result[]): string | undefined {
  const own = results.filter(({ suite, rival, case: name }) =>
    suite === 'codec' && rival !== PLAIN_WS && /^(decode|encode) binary, ((server|client), )?\d+ \w+$/.test(name)
  )
  if (own.length === 0) return undefined
  return chart(
    'The codec alone, against receiver and sender of ws with native add-ons',
    'Binary messages: who encodes, and the size of a message. Thin line: the spread of the rounds.',
    conditions(own),
    panels(own, (name) => name.replace(' binary', '')),
  )
}

function panels(results: readonly Result[], label: (name: string) => string): Panel[] {
  return measuredOn(results).map((name) => {
    const own = results.filter(({ runtime }) => runtime === name)
    const { version, rival, rivalVersion } = own[0]!
    const head = `${name} (${version}), against ${rival}${version === rivalVersion ? '' : ` (${rivalVersion})`}`
    return { head, bars: own.map((result) => ({ ...result, label: label(result.case) })) }
  })
}

/** Where and when, in one line. */
function conditions(results: readonly Result[]): string {
  const each = results.map(({ machine, date, quick }) => `${machine}, ${date.slice(0, 10)}${quick ? ', QUICK' : ''}`)
  return [...new Set(each)].join('; ')
}
