// Our side with the rooms themselves: no streams.

import { FrameDecoder, FrameEncoder, type Message, MessageDecoder, MessageEncoder } from '@wirestream/codec'
import { ChunkPool, nodeEnvironment } from '@wirestream/node'
import { type CodecCase, type Form, together } from './cases.ts'
import { type Batch, EncodedTally, inGroups, maskedChunks, messageOf, messagesIn, MessageTally } from './material.ts'

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

/**
 * Chunks go back to the pool once they were counted, which is where a socket would have taken them: as it is for whoever writes to
 * sockets himself, and for connections. `ws` has no such way; its chunks are the collector's.
 */
function encode(one: CodecCase, aCall: number): Batch {
  const pool = new ChunkPool({ allocate })
  const messages = new MessageEncoder({ allocate })
  const frames = new FrameEncoder({ role: one.role, allocate: (length) => pool.allocate(length) })
  const all = new Array<Message>(messagesIn(one)).fill(messageOf(one))
  const calls = aCall === 1 ? all : inGroups(all, aCall)
  const tally = new EncodedTally(one)
  return () => {
    for (const call of calls) {
      for (const chunk of frames.encode(messages.encode(call))) {
        tally.add(chunk)
        pool.giveBack(chunk)
      }
    }
    return tally.take()
  }
}
