// The adapter suite in Bun: `bun` starts this file, suite.test.ts reads what it prints.

import * as adapter from '@wirestream/bun'
import { upgrade } from '@wirestream/node'
import { adapterTests, runTests } from '@wirestream/testing/adapter-suite'
import { ownTests } from './own.ts'

await runTests([...adapterTests(adapter, { raw: adapter, upgrade }), ...ownTests])
