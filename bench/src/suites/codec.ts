// The rooms: masked frames in chunks of 64 KiB to messages, text as a string, and messages to chunks for the socket.

import { codecGroups } from '../codec/cases.ts'
import { codecSuite } from '../codec/suite.ts'
import type { Suite } from '../suite.ts'

const suite: Suite = codecSuite('frames and messages, decoded and encoded, without streams', codecGroups)

export default suite
