// Law: a runtime that is too old is one clear error, and one that is new enough is none.

import { requireVersion } from '@wirestream/codec/adapter'
import { expect, test } from 'vitest'

test.each([['2.4.0', '2.4'], ['2.10.1', '2.4'], ['3.0.0', '2.4'], ['20.0.0', '20.0'], ['2.4.0-canary', '2.4']])(
  '%s is new enough for %s',
  (version, oldest) => expect(() => requireVersion('Runtime', version, oldest)).not.toThrow(),
)

test.each([['1.46.3', '2.4'], ['2.3.9', '2.4'], ['18.20.0', '20.0']])('%s is too old for %s', (version, oldest) => {
  // Not compared as a whole: some runtimes count the stack among an error's properties.
  expect(errorOf(() => requireVersion('Runtime', version, oldest))).toMatchObject({
    name: 'NotSupportedError',
    message: `Cannot use Runtime ${version}: want ${oldest} or newer`,
  })
})

function errorOf(act: () => void): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
