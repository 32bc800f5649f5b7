// Doors behind one another: what came before a violation, an early end or an error upstream gets through all of them, since a write
// is done only when the reader has what it gave. The oracle is the rooms without streams.

import { describe, expect, it } from 'vitest'
import {
  type Control,
  type Frame,
  FrameDecoder,
  FrameDecoderStream,
  FrameEncoderStream,
  type Message,
  MessageDecoder,
  MessageDecoderStream,
  Opcode,
  ProtocolError,
} from '../support/floors.ts'
import { everyCut, hex, join, oneByOne, pattern, utf8 } from '../support/bytes.ts'
import { frame, wire } from '../support/frames.ts'
import { closing, pendingAfter, source, turns } from '../support/streams.ts'

type Item = Message | Control

/** What a stream gives to a reader who takes its time, or not, and what ended it. */
async function read<T>(readable: ReadableStream<T>, slow: boolean): Promise<{ items: T[]; error?: unknown }> {
  const items: T[] = []
  const reader = readable.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      items.push(next.value)
      if (slow) await turns(2)
    }
    return { items }
  } catch (error) {
    return { items, error }
  }
}

/** The same of the rooms. */
function decode(chunks: readonly Uint8Array[]): { items: Item[]; error?: unknown } {
  const frames = new FrameDecoder({ role: 'client' })
  const messages = new MessageDecoder()
  const items: Item[] = []
  try {
    for (const chunk of chunks) for (const item of messages.decode(frames.decode(chunk.slice()))) items.push(item)
    frames.end()
    messages.end()
    return { items }
  } catch (error) {
    return { items, error }
  }
}

const texts = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => wire({ opcode: 1, payload: utf8(String(i % 10)) }))
const ends: [name: string, bytes: Uint8Array][] = [
  ['a reserved opcode', hex('83 00')],
  ['a cut frame', hex('81 05 41')],
  ['a continuation of nothing', hex('80 00 81 00')],
  ['a cut message', hex('01 01 41')],
  ['a proper end', new Uint8Array(0)],
]
const marks = [undefined, 1, 3, 16, 1000, Infinity].map((highWaterMark) =>
  highWaterMark === undefined ? undefined : { highWaterMark }
)

describe('what came before the end of a pipeline gets through', () => {
  for (const [name, end] of ends) {
    for (const batch of [false, true]) {
      it(`${name}, frames ${batch ? 'in batches' : 'one by one'}, for any mark and reader`, async () => {
        for (const slow of [false, true]) {
          for (const mark of marks) {
            for (const count of [1, 2, 10, 64, 65, 130]) {
              const chunks = [join([...texts(count), end])]
              const want = decode(chunks)
              const got = await read(
                source(chunks)
                  .pipeThrough(new FrameDecoderStream({ role: 'client', batch }, undefined, mark as undefined))
                  .pipeThrough(new MessageDecoderStream({}, undefined, mark)),
                slow,
              )
              expect(got.items).toEqual(want.items)
              expect(got.error).toEqual(want.error)
            }
          }
        }
      })
    }

    it(`${name}, wherever the bytes are cut`, async () => {
      const bytes = join([...texts(4), wire({ opcode: 9 }), end])
      for (const chunks of [...everyCut(bytes), oneByOne(bytes)]) {
        const want = decode(chunks)
        for (const batch of [false, true]) {
          const got = await read(
            source(chunks.map((chunk) => chunk.slice()))
              .pipeThrough(new FrameDecoderStream({ role: 'client', batch }))
              .pipeThrough(new MessageDecoderStream()),
            true,
          )
          expect(got.items).toEqual(want.items)
          expect(got.error).toEqual(want.error)
        }
      }
    })
  }

  it('through a proxy, whose frames of one write go out in several chunks', async () => {
    const sent = [wire({ opcode: 2, payload: pattern(5000) }), wire({ opcode: 2, payload: pattern(9000) })]
    for (const slow of [false, true]) {
      for (const batch of [false, true]) {
        const { items, error } = await read(
          source([join([...sent, hex('83 00')])])
            .pipeThrough(new FrameDecoderStream({ role: 'client', batch }))
            .pipeThrough(new FrameEncoderStream({ role: 'server' }))
            .pipeThrough(new FrameDecoderStream({ role: 'client' }))
            .pipeThrough(new FrameEncoderStream({ role: 'server' })),
          slow,
        )
        expect(join(items)).toEqual(join(sent))
        expect(error).toBeInstanceOf(ProtocolError)
      }
    }
  })

  it('before an error of the transport, too', async () => {
    for (const slow of [false, true]) {
      for (const batch of [false, true]) {
        let pulls = 0
        const bytes = new ReadableStream<Uint8Array>({
          pull(controller) {
            if (pulls++ === 0) controller.enqueue(join(texts(100)))
            else controller.error('reset')
          },
        }, { highWaterMark: 0 })
        const { items, error } = await read(
          bytes.pipeThrough(new FrameDecoderStream({ role: 'client', batch })).pipeThrough(new MessageDecoderStream()),
          slow,
        )
        expect(items).toEqual(decode([join(texts(100))]).items)
        expect(error).toBe('reset')
      }
    }
  })
})

describe('a write of several items', () => {
  const pings = (count: number) => Array<Frame>(count).fill(frame(Opcode.Ping))

  it('is done when the last of them was taken, and not before', async () => {
    for (const count of [1, 2, 3, 63, 64, 65, 127, 128, 129, 200]) {
      const door = new MessageDecoderStream()
      const write = door.writable.getWriter().write(pings(count))
      const reader = door.readable.getReader()
      for (let i = 1; i < count; i++) await reader.read()
      expect(await pendingAfter(write)).toBe(true)
      await reader.read()
      await write
    }
  })

  it('is done below the high-water mark, and at it once there is room', async () => {
    for (const [count, waits] of [[4, false], [5, true], [6, true]] as const) {
      const door = new MessageDecoderStream({}, undefined, { highWaterMark: 5 })
      const write = door.writable.getWriter().write(pings(count))
      expect(await pendingAfter(write)).toBe(waits)
      const reader = door.readable.getReader()
      for (let i = 5; i <= count; i++) await reader.read()
      await write
    }
  })

  it('waits, too, for a reader who comes after one that stopped waiting', async () => {
    const door = new MessageDecoderStream()
    const first = door.readable.getReader()
    const given = closing(first.read())
    await turns()
    first.releaseLock()
    expect(await given).toBeInstanceOf(TypeError)
    const write = door.writable.getWriter().write(pings(1))
    expect(await pendingAfter(write)).toBe(true)
    const reader = door.readable.getReader()
    expect((await reader.read()).value?.type).toBe('ping')
    void closing(reader.read())
    await write
  })
})

describe('an abort with a ProtocolError', () => {
  const violation = new ProtocolError('unknown-opcode', 'a door before found it')

  it('comes after all that was written', async () => {
    for (const highWaterMark of [0, 1, 10, Infinity]) {
      for (const waiting of [false, true]) {
        const door = new MessageDecoderStream({}, undefined, { highWaterMark })
        const reader = door.readable.getReader()
        const reads = waiting ? Array.from({ length: 3 }, () => reader.read()) : []
        const writer = door.writable.getWriter()
        const write = closing(writer.write(Array<Frame>(100).fill(frame(Opcode.Ping))))
        await turns()
        await writer.abort(violation)
        expect(await write).toBe(highWaterMark === Infinity ? undefined : violation)
        const got = await Promise.all(reads)
        reader.releaseLock()
        const { items, error } = await read(door.readable, false)
        expect(got.length + items.length).toBe(100)
        expect(error).toBe(violation)
      }
    }
  })

  it('is told at once to a reader who has everything', async () => {
    const door = new MessageDecoderStream()
    const reader = door.readable.getReader()
    const next = closing(reader.read())
    await turns()
    await door.writable.getWriter().abort(violation)
    expect(await next).toBe(violation)
  })
})
