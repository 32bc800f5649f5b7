// Our side with the rooms themselves: no streams.

import { FrameDecoder, FrameEncoder, type Message, MessageDecoder, MessageEncoder } from '@wirestream/codec'
import { nodeEnvironment } from '@wirestream/node'
import type { CodecCase } from './cases.ts'
import { type Batch, encodedLength, maskedChunks, MessageCount, messageOf, messagesIn } from './material.ts'

// As whoever works on Node would have it.
const { allocate } = nodeEnvironment

/** The work of a case. */
export function rooms(one: CodecCase): Batch {
  return one.work === 'decode' ? decode(one) : encode(one)
}

function decode(one: CodecCase): Batch {
  const chunks = maskedChunks(one)
  const frames = new FrameDecoder({ role: 'server', allocate })
  const messages = new MessageDecoder({ allocate })
  const counted = new MessageCount(one)
  return () => {
    for (const chunk of chunks) {
      for (const frame of frames.decode(chunk)) {
        const message = messages.decode(frame)
        if (message !== undefined) counted.add(message)
      }
    }
    return counted.take()
  }
}

function encode(one: CodecCase): Batch {
  const { role, together = 1 } = one
  const messages = new MessageEncoder()
  const frames = new FrameEncoder({ role, allocate })
  const message = messageOf(one)
  const calls = Math.max(1, Math.floor(messagesIn(one) / together))
  const wanted = encodedLength(one, calls * together)
  return () => {
    let length = 0
    for (let i = 0; i < calls; i++) {
      const chunks = frames.encode(together === 1 ? messages.encode(message) : many(messages, message, together))
      for (const chunk of chunks) length += chunk.length
    }
    if (length !== wanted) throw new Error(`Cannot measure: got ${length} bytes, wanted ${wanted}`)
    return calls * together
  }
}

function* many(messages: MessageEncoder, message: Message, count: number) {
  for (let i = 0; i < count; i++) yield* messages.encode(message)
}
