// A program to be counted by valgrind: pass.js WAY SIZE COUNT passes so many messages of that size.

import { Buffer } from 'node:buffer'
import process from 'node:process'
import { Connection, FrameDecoder, FrameEncoder, type Message, MessageDecoder, MessageEncoder } from '@wirestream/codec'
import { nodeEnvironment } from '@wirestream/node'
import { headerOf } from '../load/frames.ts'

const PART = 65536
const KEY = Uint8Array.of(0x37, 0x7a, 0x21, 0x3d)
const MOST = 2 ** 30

const { allocate } = nodeEnvironment
const [way, size, count] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])]
const ways: Record<string, () => unknown> = {
  'decode binary': () => decode(0x82),
  'decode text': () => decode(0x81),
  'encode binary, client': encode,
  'echo through a connection': echo,
}
await ways[way]!()

function decode(firstByte: number): void {
  const frames = new FrameDecoder({ role: 'server', allocate })
  const messages = new MessageDecoder({ allocate, maxMessageSize: MOST })
  let received = 0
  for (const chunk of maskedChunks(firstByte)) {
    for (const frame of frames.decode(chunk)) {
      const message = messages.decode(frame) as Message | undefined
      if (message !== undefined) received += message.data.length
    }
  }
  check(received, size * count)
}

function encode(): void {
  const messages = new MessageEncoder()
  const frames = new FrameEncoder({ role: 'client', allocate })
  const data = Buffer.alloc(size)
  let sent = 0
  for (let i = 0; i < count; i++) {
    for (const chunk of frames.encode(messages.encode({ type: 'binary', data }))) sent += chunk.length
  }
  check(sent, (headerOf(size, true).length + KEY.length + size) * count)
}

/** A connection over streams in memory that sends back what comes, until its peer has nothing more. */
async function echo(): Promise<void> {
  const chunks = maskedChunks(0x82)
  let sent = 0
  const readable = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { value } = chunks.next()
      if (value === undefined) controller.close()
      else controller.enqueue(value)
    },
  }, { highWaterMark: 0 })
  const writable = new WritableStream<Uint8Array>({ write: (chunk) => void (sent += chunk.length) })
  const limits = { maxMessageSize: MOST, maxQueued: MOST }
  const connection = new Connection({ readable, writable }, { role: 'server', limits, environment: nodeEnvironment })
  // There is no closing handshake, so the pipe ends with an error: the bytes tell whether all was sent.
  await connection.readable.pipeTo(connection.writable).catch(() => {})
  check(sent, (headerOf(size, false).length + size) * count)
}

/** The messages as frames, as a socket brings them: each chunk is memory of its own, since its taker may keep it. */
function* maskedChunks(firstByte: number): Generator<Uint8Array, undefined> {
  const header = headerOf(size, true)
  header[0] = firstByte
  const payload = Uint8Array.from({ length: PART }, (_, i) => 0x61 ^ KEY[i & 3]!)
  for (let i = 0; i < count; i++) {
    yield Uint8Array.of(...header, ...KEY)
    for (let at = 0; at < size; at += PART) yield payload.slice(0, Math.min(PART, size - at))
  }
}

function check(length: number, wanted: number): void {
  if (length !== wanted) throw new Error(`Cannot count: ${length} bytes came out, wanted ${wanted}`)
}
