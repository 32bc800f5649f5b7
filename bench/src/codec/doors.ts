// Our side through the stream doors: a pipeline that lives through all batches.

import {
  type Control,
  FrameDecoderStream,
  FrameEncoderStream,
  type Message,
  MessageDecoderStream,
  MessageEncoderStream,
} from '@wirestream/codec'
import { nodeEnvironment } from '@wirestream/node'
import { type CodecCase, together } from './cases.ts'
import { type Batch, EncodedTally, inGroups, maskedChunks, messageOf, messagesIn, MessageTally } from './material.ts'

// As whoever works on Node would have it.
const { allocate } = nodeEnvironment

/** How many bytes of messages go in together at most where doors are batched. */
const TOGETHER = 2 ** 18

/** The work of a case. */
export function doors(one: CodecCase, form: 'per item' | 'batched'): Batch {
  return one.work === 'decode' ? decode(one, form === 'batched') : encode(one, form === 'batched')
}

function decode(one: CodecCase, batch: boolean): Batch {
  const chunks = maskedChunks(one)
  const { readable, feed } = source<Uint8Array>()
  const reader = readable
    .pipeThrough(new FrameDecoderStream({ role: 'server', batch, allocate }))
    .pipeThrough(new MessageDecoderStream({ batch, allocate }))
    .getReader()
  const tally = new MessageTally(one)
  const add = (message: Message | Control) => {
    if (message.type !== 'close') tally.add(message.data)
  }
  return async () => {
    feed(chunks)
    while (!tally.full) {
      const { value } = await reader.read()
      if (Array.isArray(value)) { for (const message of value) add(message) }
      else add(value!)
    }
    return tally.take()
  }
}

function encode(one: CodecCase, batch: boolean): Batch {
  const messages = Array.from({ length: messagesIn(one) }, () => messageOf(one))
  const { readable, feed } = source<Message | Message[]>()
  const reader = readable
    .pipeThrough(new MessageEncoderStream({ batch, allocate }))
    .pipeThrough(new FrameEncoderStream({ role: one.role, allocate }))
    .getReader()
  const inputs = batch ? inGroups(messages, together(one, TOGETHER)) : messages
  const tally = new EncodedTally(one)
  return async () => {
    feed(inputs)
    while (!tally.full) tally.add((await reader.read()).value!)
    return tally.take()
  }
}

/** A stream that gives what it is fed. */
function source<T>(): { readable: ReadableStream<T>; feed(chunks: readonly T[]): void } {
  let feed!: (chunks: readonly T[]) => void
  const readable = new ReadableStream<T>({
    start(controller) {
      feed = (chunks) => {
        for (const chunk of chunks) controller.enqueue(chunk)
      }
    },
  })
  return { readable, feed }
}
