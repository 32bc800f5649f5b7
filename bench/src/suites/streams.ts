// The same through the stream doors, one chunk an item and batched.

import { streamGroups } from '../codec/cases.ts'
import { codecSuite } from '../codec/suite.ts'
import type { Suite } from '../suite.ts'

const suite: Suite = codecSuite('frames and messages, decoded and encoded, through the stream doors', streamGroups)

export default suite
