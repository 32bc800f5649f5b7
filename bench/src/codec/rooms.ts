// Our side with the rooms themselves: no streams.

import { FrameDecoder, FrameEncoder, type Message, MessageDecoder, MessageEncoder } from '@wirestream/codec'
import { nodeEnvironment } from '@wirestream/node'
import { type CodecCase, type Form, together } from './cases.ts'
import { type Batch, EncodedTally, maskedChunks, messageOf, messagesIn, MessageTally } from './material.ts'

// As whoever works on Node would have it.
const { allocate } = nodeEnvironment

/** The work of a case. */
export function rooms(one: CodecCase, form: Form): Batch {
  return one.work === 'decode' ? decode(one) : encode(one, form === 'one a call' ? 1 : together(one))
}

function decode(one: CodecCase): Batch {
  const chunks = maskedChunks(one)
  const frames = new FrameDecoder({ role: 'server', allocate })
  const messages = new MessageDecoder({ allocate })
  const tally = new MessageTally(one)
  return () => {
    for (const chunk of chunks) {
      // Both rooms in one step, as docs/performance.md says; frame by frame takes up to twice as long (docs/decisions/0023).
      for (const message of messages.decode(frames.decode(chunk))) {
        if (message.type !== 'close') tally.add(message.data)
      }
    }
    return tally.take()
  }
}

function encode(one: CodecCase, aCall: number): Batch {
  const messages = new MessageEncoder({ allocate })
  const frames = new FrameEncoder({ role: one.role, allocate })
  const message = messageOf(one)
  const count = messagesIn(one)
  const tally = new EncodedTally(one)
  return () => {
    for (let left = count; left > 0; left -= aCall) {
      const now = Math.min(left, aCall)
      const chunks = frames.encode(now === 1 ? messages.encode(message) : many(messages, message, now))
      for (const chunk of chunks) tally.add(chunk)
    }
    return tally.take()
  }
}

function* many(messages: MessageEncoder, message: Message, count: number) {
  for (let i = 0; i < count; i++) yield* messages.encode(message)
}
