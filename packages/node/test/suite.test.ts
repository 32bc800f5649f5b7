// Law: the adapter for Node passes the one suite of all adapters.

import * as adapter from '@wirestream/node'
import { adapterTests } from '@wirestream/testing/adapter-suite'
import { expect, test } from 'vitest'

const tests = adapterTests(adapter, { upgrade: adapter.upgrade })

for (const { name, run } of tests) test(name, run)

test('there are tests', () => expect(tests.length).toBeGreaterThan(0))
