// Our side through the stream doors: a pipeline that lives through all batches.

import {
  FrameDecoderStream,
  FrameEncoderStream,
  type Message,
  MessageDecoderStream,
  MessageEncoderStream,
} from '@wirestream/codec'
import { nodeEnvironment } from '@wirestream/node'
import type { CodecCase } from './cases.ts'
import { type Batch, encodedLength, maskedChunks, MessageCount, messageOf, messagesIn } from './material.ts'

// As whoever works on Node would have it.
const { allocate } = nodeEnvironment

/** How many messages go in together where doors are batched. */
const TOGETHER = 64

/** The work of a case. */
export function doors(one: CodecCase): Batch {
  return one.work === 'decode' ? decode(one) : encode(one)
}

function decode(one: CodecCase): Batch {
  const chunks = maskedChunks(one)
  const batch = one.doors === 'batched'
  const { readable, feed } = source<Uint8Array>()
  const reader = readable
    .pipeThrough(new FrameDecoderStream({ role: 'server', batch, allocate }))
    .pipeThrough(new MessageDecoderStream({ batch, allocate }))
    .getReader()
  const counted = new MessageCount(one)
  const wanted = messagesIn(one)
  return async () => {
    feed(chunks)
    while (counted.count < wanted) {
      const { value } = await reader.read()
      if (Array.isArray(value)) { for (const message of value) counted.add(message) }
      else counted.add(value!)
    }
    return counted.take()
  }
}

function encode(one: CodecCase): Batch {
  const batch = one.doors === 'batched'
  const count = messagesIn(one)
  const messages = Array.from({ length: count }, () => messageOf(one))
  const { readable, feed } = source<Message | Message[]>()
  const reader = readable
    .pipeThrough(new MessageEncoderStream({ batch }))
    .pipeThrough(new FrameEncoderStream({ role: one.role, allocate }))
    .getReader()
  const inputs = batch ? inGroups(messages, TOGETHER) : messages
  const wanted = encodedLength(one, count)
  return async () => {
    feed(inputs)
    let length = 0
    while (length < wanted) {
      const { value } = await reader.read()
      length += value!.length
    }
    if (length !== wanted) throw new Error(`Cannot measure: got ${length} bytes, wanted ${wanted}`)
    return count
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

function inGroups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
}
