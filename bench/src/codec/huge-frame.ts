// The process of the suite `huge-frame`: one frame through encoder and decoder in parts, synchronously.

import process from 'node:process'
import { FrameDecoder, FrameEncoder, Opcode, type Role } from '@wirestream/codec'
import { answer } from '../answer.ts'

/** Who sends, and from what memory. */
export interface Way {
  name: string
  sender: Role
  reuse: boolean
}

/** What came of it. */
export interface Passage {
  /** MiB, of resident memory at its highest over that at the start. */
  growth: number
  seconds: number
}

const PART = 65536

answer({ pass })

/** Sends the frame from `sender` to its peer. */
function pass({ sender, reuse, payloadLength }: Way & { payloadLength: number }): Passage {
  const memory = new Uint8Array(PART + 14)
  const allocate = reuse ? (length: number) => memory.subarray(0, length) : undefined
  const encoder = new FrameEncoder({ role: sender, allocate })
  const decoder = new FrameDecoder({ role: sender === 'client' ? 'server' : 'client' })
  const payload = new Uint8Array(PART).fill(0x61)
  const start = process.memoryUsage.rss()
  const began = performance.now()
  let [highest, received, headers] = [start, 0, 0]
  for (let offset = 0; offset < payloadLength; offset += PART) {
    for (const chunk of encoder.encode({ opcode: Opcode.Binary, payload, payloadLength, offset })) {
      for (const part of decoder.decode(chunk)) {
        check(part.offset === received && part.payloadLength === payloadLength && part.fin)
        check(part.payload.length === 0 || (part.payload[0] === 0x61 && part.payload.at(-1) === 0x61))
        received += part.payload.length
        headers += part.offset === 0 && part.payload.length === 0 ? 1 : 0
      }
    }
    if (offset % (2 ** 24) === 0) highest = Math.max(highest, process.memoryUsage.rss())
  }
  decoder.end()
  check(received === payloadLength && headers <= 1)
  highest = Math.max(highest, process.memoryUsage.rss())
  return { growth: (highest - start) / 2 ** 20, seconds: (performance.now() - began) / 1000 }
}

function check(holds: boolean): void {
  if (!holds) throw new Error('Cannot measure: what was decoded is not what was encoded')
}
