// What test files import as `vitest` when they run outside it: the same runner and the same matchers, without the
// parts that need Node. A name that is missing here fails the bundle, and an unknown matcher throws in chai.

import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  customMatchers,
  getState,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect'
import { getCurrentTest } from '@vitest/runner'
import { fn, spyOn } from '@vitest/spy'

export {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  it,
  onTestFailed,
  onTestFinished,
  suite,
  test,
} from '@vitest/runner'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

/** vitest's `expect`, without snapshots, polling and counts of assertions. */
export const expect: unknown = Object.assign(
  (value: unknown, message?: string) => {
    const assertion = chai.expect(value, message) as unknown as { withTest(test: unknown): unknown }
    const test = getCurrentTest()
    return test ? assertion.withTest(test) : assertion
  },
  chai.expect,
  (globalThis as unknown as Record<symbol, object>)[ASYMMETRIC_MATCHERS_OBJECT],
  {
    unreachable: (message?: string): never =>
      chai.assert.fail(`expected${message ? ` "${message}"` : ''} not to be reached`),
    assertions: () => refuse('expect.assertions'),
    hasAssertions: () => refuse('expect.hasAssertions'),
  },
)
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect, writable: true, configurable: true })
const state = expect as Parameters<typeof setState>[1]
setState({ ...getState(state), assertionCalls: 0, isExpectingAssertions: false }, state)
;(chai.expect as unknown as { extend(expect: unknown, matchers: object): void }).extend(expect, customMatchers)

/** Of vitest's `vi`: functions that note their calls. Everything else of it is undefined, so that using it fails. */
export const vi: { fn: typeof fn; spyOn: typeof spyOn } = { fn, spyOn }

function refuse(what: string): never {
  throw new Error(`Cannot use ${what}: the matrix does not have it`)
}
