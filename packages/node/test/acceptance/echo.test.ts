// Messages larger than memory: what passes through is never held, and a ping does not wait for the message's end.

import { expect, test } from 'vitest'
import { measure, PATIENCE } from './figures.ts'

interface Echo {
  fresh: boolean
  right: boolean
  client: { growth: number }
  server: { growth: number }
  answered?: boolean
  beforePing?: { bytes: number }
  beforePong?: { bytes: number }
}

const FRAGMENT = 65536

test(
  'a message of 128 MiB comes back through send() and messages(), in hardly more memory than plain TCP',
  async () => {
    const cases = await measure<Echo>('echo')
    expect(cases.map((each) => each.case)).toEqual(['tcp', 'websocket', 'tcp', 'websocket'])
    for (const [i, echo] of cases.entries()) {
      expect(echo.right, `the sum of what came back, ${echo.case}`).toBe(true)
      if (echo.case === 'tcp') continue
      for (const end of ['client', 'server'] as const) {
        // Whoever held the message would need 128 more.
        expect(echo[end].growth, `growth of the ${end} in MiB`).toBeLessThan(cases[i - 1]![end].growth + 64)
      }
      // RFC 6455 §5.4: control frames pass between fragments, here before the next but one.
      expect(echo.answered).toBe(true)
      expect(echo.beforePing!.bytes, 'data sent before the ping').toBeLessThanOrEqual(FRAGMENT)
      expect(echo.beforePong!.bytes, 'data sent back between the ping and its pong').toBeLessThanOrEqual(2 * FRAGMENT)
    }
  },
  PATIENCE,
)
