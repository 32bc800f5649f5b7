// One frame larger than memory should ever be, through encoder and decoder in parts, synchronously. Fails above 64 MiB of
// growth, except where fresh memory for each part is asked for: how much of that garbage waits is the collector's affair.

import process from 'node:process'
import { FrameDecoder, FrameEncoder, Opcode, type Role } from '@wirestream/codec'
import { environment } from '../report.ts'
import type { Suite } from '../suite.ts'

const PART = 65536
const MOST_GROWTH = 64

const ways: { name: string; sender: Role; reuse: boolean }[] = [
  { name: 'unmasked: payloads are lent', sender: 'server', reuse: false },
  { name: 'masked, the allocator reuses its memory', sender: 'client', reuse: true },
  { name: 'masked, fresh memory for each part', sender: 'client', reuse: false },
]

const suite: Suite = {
  about: 'one frame of 5 GiB through encoder and decoder in parts: growth of memory and throughput',
  inAll: false,
  packages: [],
  run({ quick, report }) {
    const payloadLength = (quick ? 1 : 5) * 2 ** 30
    report.heading(`huge-frame: ${payloadLength / 2 ** 30} GiB in parts of 64 KiB`, environment(), quick)
    const results = ways.map(({ name, sender, reuse }) => {
      const { growth, seconds } = through(sender, payloadLength, reuse)
      const throughput = payloadLength / seconds
      report.row([
        name,
        `growth ${growth.toFixed(1)} MiB`,
        `${(throughput / 2 ** 30).toFixed(2)} GiB/s encoded and decoded`,
      ], [42, 18])
      if (growth > MOST_GROWTH && (reuse || sender === 'server')) {
        throw new Error(`Memory grew by ${growth.toFixed(1)} MiB, wanted at most ${MOST_GROWTH}`)
      }
      return { name, payloadLength, growth, throughput }
    })
    return Promise.resolve(results)
  },
}

export default suite

/** Sends the frame from `sender` to its peer; growth in MiB, of resident memory at its highest over that at the start. */
function through(sender: Role, payloadLength: number, reuse: boolean): { growth: number; seconds: number } {
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
