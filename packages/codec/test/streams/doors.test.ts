// The four doors: what goes through, in which order, and how backpressure, errors, cancel and abort travel.

import { describe, expect, it } from 'vitest'
import {
  type Frame,
  FrameDecoderStream,
  FrameEncoderStream,
  type FrameInit,
  type Message,
  MessageDecoderStream,
  MessageEncoderStream,
  Opcode,
  ProtocolError,
} from '../support/floors.ts'
import { chop, expectBytes, hex, join, pattern, utf8 } from '../support/bytes.ts'
import { expectFrames, frame, joinParts, randomFrames, wire } from '../support/frames.ts'
import { Random } from '../support/random.ts'
import { closing, flat, pendingAfter, readAll, source, turns } from '../support/streams.ts'

const { Text, Binary, Ping, Continuation } = Opcode
const pings = (count: number): Uint8Array =>
  join(Array.from({ length: count }, (_, i) => wire({ opcode: 9, payload: Uint8Array.of(i >> 8, i) })))
const numberOf = ({ payload }: Frame): number => payload[0]! * 256 + payload[1]!
const upTo = (count: number): number[] => [...Array(count).keys()]

const marks = [0, 1, 3, 100, Infinity]

describe('every door', () => {
  const doors: [name: string, make: () => TransformStream<unknown, unknown>][] = [
    ['FrameDecoderStream', () => new FrameDecoderStream({ role: 'client' }) as TransformStream<unknown, unknown>],
    ['FrameEncoderStream', () => new FrameEncoderStream({ role: 'client' }) as TransformStream<unknown, unknown>],
    ['MessageDecoderStream', () => new MessageDecoderStream() as TransformStream<unknown, unknown>],
    ['MessageEncoderStream', () => new MessageEncoderStream() as TransformStream<unknown, unknown>],
  ]

  describe.each(doors)('%s', (_, make) => {
    it('is a TransformStream with a readable and a writable side', () => {
      const door = make()
      expect(door).toBeInstanceOf(TransformStream)
      expect(door.readable).toBeInstanceOf(ReadableStream)
      expect(door.writable).toBeInstanceOf(WritableStream)
      expect(door.readable).toBe(door.readable)
    })

    it('closed without input, ends without output', async () => {
      const door = make()
      await door.writable.close()
      expect(await readAll(door.readable)).toEqual({ items: [] })
    })

    it('tells the writer of a cancel, with its reason, even while a write waits', async () => {
      for (const waiting of [false, true]) {
        const door = make()
        const writer = door.writable.getWriter()
        const write = waiting ? closing(writer.write(inputFor(door))) : undefined
        await turns()
        await door.readable.cancel('enough')
        expect(await write).toBe(waiting ? 'enough' : undefined)
        expect(await closing(writer.closed)).toBe('enough')
        expect(await closing(writer.write(inputFor(door)))).toBe('enough')
      }
    })

    it('tells the reader of an abort, with its reason, even while a write waits for a reader who never comes', async () => {
      for (const waiting of [false, true]) {
        const door = make()
        const writer = door.writable.getWriter()
        const write = waiting ? closing(writer.write(inputFor(door))) : undefined
        const closed = closing(writer.closed)
        await turns()
        await writer.abort('away')
        expect(await write).toBe(waiting ? 'away' : undefined)
        expect(await closed).toBe('away')
        expect(await readAll(door.readable)).toEqual({ items: [], error: 'away' })
      }
    })

    it("fails with the caller's TypeError for input of the wrong type, on both sides", async () => {
      const door = make()
      const write = closing(door.writable.getWriter().write(5))
      const { items, error } = await readAll(door.readable)
      expect([items, error]).toEqual([[], expect.any(TypeError)])
      expect(await write).toBe(error)
    })
  })

  function inputFor(door: unknown): unknown {
    if (door instanceof FrameDecoderStream) return pings(200)
    if (door instanceof FrameEncoderStream || door instanceof MessageDecoderStream) return [frame(Ping), frame(Text)]
    return { type: 'text', data: 'hi' }
  }
})

describe('order', () => {
  it('holds for any high-water mark, any number of waiting reads and any delay', async () => {
    for (const highWaterMark of marks) {
      for (const waiting of [0, 1, 2, 63, 64, 65, 300]) {
        const door = new FrameDecoderStream({ role: 'client' }, undefined, { highWaterMark })
        const reader = door.readable.getReader()
        await turns() // so that the stream has asked for more before anything comes
        const reads = upTo(waiting).map(() => reader.read())
        await turns()
        const writer = door.writable.getWriter()
        const bytes = pings(300)
        const writes = closing(
          writer.write(bytes.slice(0, 601)).then(() => writer.write(bytes.slice(601))).then(() => writer.close()),
        )
        const got = (await Promise.all(reads)).map(({ value }) => numberOf(value!))
        for (let next = await reader.read(); !next.done; next = await reader.read()) got.push(numberOf(next.value))
        expect(got).toEqual(upTo(300))
        expect(await writes).toBe(undefined)
      }
    }
  })

  it('holds for batches too', async () => {
    for (const highWaterMark of marks) {
      const door = new FrameDecoderStream({ role: 'client', batch: true }, undefined, { highWaterMark })
      await turns()
      const read = readAll(door.readable)
      await source(chop(new Random(1), pings(500))).pipeTo(door.writable)
      expect(flat((await read).items).map(numberOf)).toEqual(upTo(500))
    }
  })
})

describe('what came before a violation', () => {
  const bad = hex('83 00') // opcode 3
  for (const batch of [false, true]) {
    for (const highWaterMark of marks) {
      it(`is read first: ${batch ? 'batch, ' : ''}high-water mark ${highWaterMark}, reader first or writer first`, async () => {
        for (const readerFirst of [true, false]) {
          for (const count of [0, 1, 5, 64, 65, 200]) {
            for (const together of [true, false]) {
              const door = new FrameDecoderStream({ role: 'client', batch }, undefined, { highWaterMark })
              let read = readerFirst ? readAll<Frame | Frame[]>(door.readable) : undefined
              if (readerFirst) await turns()
              const writer = door.writable.getWriter()
              const chunks = together ? [join([pings(count), bad, pings(1)])] : [pings(count), join([bad, pings(1)])]
              const failed = Promise.all(chunks.map((chunk) => closing(writer.write(chunk))))
              const closed = closing(writer.closed)
              if (!readerFirst) await turns()
              read ??= readAll<Frame | Frame[]>(door.readable)
              const { items, error } = await read
              expect(flat(items).map(numberOf)).toEqual(upTo(count))
              expect(error).toBeInstanceOf(ProtocolError)
              expect(error).toMatchObject({ code: 'unknown-opcode' })
              expect((await failed).at(-1)).toBe(error)
              expect(await closed).toBe(error)
            }
          }
        }
      })
    }
  }

  it('is read first by a slow reader, one at a time', async () => {
    for (const highWaterMark of marks) {
      const door = new FrameDecoderStream({ role: 'client' }, undefined, { highWaterMark })
      const write = closing(door.writable.getWriter().write(join([pings(130), bad])))
      const reader = door.readable.getReader()
      for (let i = 0; i < 130; i++) {
        await turns()
        expect(numberOf((await reader.read()).value!)).toBe(i)
      }
      await turns()
      const error = await closing(reader.read())
      expect(error).toMatchObject({ code: 'unknown-opcode' })
      expect(await write).toBe(error)
    }
  })

  it('is read first also when its size counts nothing', async () => {
    const empty = join([wire({ opcode: 9 }), wire({ opcode: 9 }), wire({ opcode: 9 }), bad])
    for (const highWaterMark of [1, 1000]) {
      const size = (one?: Frame) => one!.payload.length
      const door = new FrameDecoderStream({ role: 'client' }, undefined, { highWaterMark, size })
      const write = closing(door.writable.getWriter().write(empty))
      await turns()
      const { items, error } = await readAll(door.readable)
      expect(items.length).toBe(3)
      expect(error).toMatchObject({ code: 'unknown-opcode' })
      expect(await write).toBe(error)
    }
  })

  it('reaches the end of a pipeline: messages before, then the error, and the source is cancelled with it', async () => {
    let cancelled: unknown
    const bytes = source([
      join([wire({ opcode: 1, payload: utf8('a') }), wire({ opcode: 1, payload: utf8('b') }), wire({ opcode: 0 })]),
      pings(1),
    ], (reason) => cancelled = reason)
    const messages = bytes.pipeThrough(new FrameDecoderStream({ role: 'client' })).pipeThrough(
      new MessageDecoderStream(),
    )
    const { items, error } = await readAll(messages)
    expect(items).toEqual([{ type: 'text', data: 'a' }, { type: 'text', data: 'b' }])
    expect(error).toMatchObject({ code: 'unexpected-continuation' })
    await turns()
    expect(cancelled).toBe(error)
  })
})

describe('the end', () => {
  it('inside a frame is unexpected-end for the reader and for close()', async () => {
    for (const highWaterMark of marks) {
      const door = new FrameDecoderStream({ role: 'client' }, undefined, { highWaterMark })
      const writer = door.writable.getWriter()
      const write = closing(writer.write(join([pings(3), hex('82 05 41')])))
      const close = closing(writer.close())
      const { items, error } = await readAll(door.readable)
      expect(items.map(numberOf)).toEqual([0, 1, 2])
      expect(error).toMatchObject({ code: 'unexpected-end', statusCode: 1006 })
      expect([await write, await close]).toEqual([undefined, error])
    }
  })

  it('inside a message is unexpected-end', async () => {
    const door = new MessageDecoderStream()
    const writer = door.writable.getWriter()
    const read = readAll(door.readable)
    await writer.write([frame(Text, utf8('a')), frame(Text, utf8('b'), { fin: false })])
    const close = closing(writer.close())
    const { items, error } = await read
    expect(items).toEqual([{ type: 'text', data: 'a' }])
    expect(error).toMatchObject({ code: 'unexpected-end' })
    expect(await close).toBe(error)
  })

  it('comes after all that is still queued', async () => {
    for (const highWaterMark of marks) {
      const door = new FrameDecoderStream({ role: 'client' }, undefined, { highWaterMark })
      const writer = door.writable.getWriter()
      const done = Promise.all([writer.write(pings(70)), writer.close()])
      await turns()
      expect((await readAll(door.readable)).items.map(numberOf)).toEqual(upTo(70))
      await done
    }
  })
})

it('an abort behind a close leaves what was made to be read, as the platform’s does', async () => {
  const door = new FrameDecoderStream({ role: 'client' }, undefined, { highWaterMark: 10 })
  const writer = door.writable.getWriter()
  await writer.write(pings(3))
  const ends = [writer.close(), writer.abort('late')]
  expect((await readAll(door.readable)).items.map(numberOf)).toEqual(upTo(3))
  await Promise.all(ends)
})

it('MessageDecoderStream refuses what is neither a frame nor an array of frames', async () => {
  for (const input of [[[frame(Text)]], new Set([frame(Text)]), pings(1)]) {
    const door = new MessageDecoderStream() as TransformStream<unknown, unknown>
    const write = closing(door.writable.getWriter().write(input))
    const { items, error } = await readAll(door.readable)
    expect([items, error]).toEqual([[], expect.any(TypeError)])
    expect(await write).toBe(error)
  }
})

describe('backpressure', () => { // law 6
  it('a write waits until its items were taken, and the next one waits for its reader', async () => {
    const door = new FrameDecoderStream({ role: 'client' })
    const writer = door.writable.getWriter()
    const reader = door.readable.getReader()
    const first = writer.write(pings(1))
    expect(await pendingAfter(first)).toBe(true)
    expect(writer.desiredSize).toBe(0)
    await reader.read()
    await first
    await writer.ready
    const second = writer.write(pings(1))
    expect(await pendingAfter(second)).toBe(true)
    await reader.read()
    await second
  })

  it('a reader who takes nothing makes nothing happen beyond the high-water mark', async () => {
    let taken = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        taken++
        controller.enqueue(pings(100))
      },
    }, { highWaterMark: 0 })
    const door = new FrameDecoderStream({ role: 'client' }, undefined, { highWaterMark: 250 })
    const piping = closing(endless.pipeTo(door.writable))
    await turns(50)
    expect(taken).toBeLessThanOrEqual(5)
    const before = taken
    await turns(50)
    expect(taken).toBe(before)
    await door.readable.cancel('enough')
    expect(await piping).toBe('enough')
  })

  it('a slow reader of many frames in one chunk has the high-water mark made ahead of it, and at most 64 more', async () => {
    for (const highWaterMark of [0, 1, 100]) {
      let made = 0
      const frames = new Proxy(upTo(1000).map(() => frame(Ping)), {
        get(target, name) {
          if (typeof name === 'string' && /^\d+$/.test(name)) made = Math.max(made, Number(name) + 1)
          return Reflect.get(target, name, target)
        },
      })
      const door = new MessageDecoderStream({}, undefined, { highWaterMark })
      const write = closing(door.writable.getWriter().write(frames))
      const reader = door.readable.getReader()
      await turns()
      expect(made).toBe(highWaterMark)
      for (let read = 1; read <= 1000; read++) {
        await reader.read()
        await turns(1)
        expect(made - read).toBeLessThanOrEqual(highWaterMark + 64)
        expect(made - read).toBeGreaterThanOrEqual(Math.min(highWaterMark, 1000 - read))
      }
      await reader.cancel()
      await write
    }
  })

  it('strategies may count bytes', async () => {
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: 1000 })
    const door = new FrameEncoderStream({ role: 'server' }, { highWaterMark: 10 }, strategy)
    const writer = door.writable.getWriter()
    const writes = upTo(6).map(() => writer.write({ opcode: Binary, payload: pattern(398) }))
    const settled = await Promise.all(writes.map(pendingAfter))
    expect(settled).toEqual([false, false, true, true, true, true]) // 400, 800, then 1200 is over
    expect(writer.desiredSize).toBe(10 - 4)
    const closed = writer.close()
    expect((await readAll(door.readable)).items.length).toBe(6)
    await Promise.all([...writes, closed])
  })

  it('strategies that are none are refused', () => {
    const make = (strategy: unknown) => () =>
      new FrameDecoderStream({ role: 'client' }, undefined, strategy as QueuingStrategy<Frame>)
    for (const highWaterMark of [-1, NaN, 'x', {}]) expect(make({ highWaterMark })).toThrow(RangeError)
    for (const highWaterMark of [undefined, 0, 1, '5', Infinity]) expect(make({ highWaterMark })).not.toThrow()
    for (const size of [5, null, 'x']) expect(make({ size })).toThrow(TypeError)
    expect(make(null)).not.toThrow()
    expect(() => new FrameDecoderStream({ role: 'client' }, { highWaterMark: -1 })).toThrow(RangeError)
  })

  it('a size that is none, or throws, fails the stream', async () => {
    for (
      const size of [() => -1, () => NaN, () => Infinity, () => {
        throw new RangeError('mine')
      }]
    ) {
      const door = new FrameDecoderStream({ role: 'client' }, undefined, { highWaterMark: 5, size })
      const write = closing(door.writable.getWriter().write(pings(2)))
      const { error } = await readAll(door.readable)
      expect(error).toBeInstanceOf(RangeError)
      expect(await write).toBe(error)
    }
  })

  it('asks for the size of each item once, as it is when it is made', async () => {
    let calls = 0
    const size = (): number => {
      if (++calls > 10) throw new Error('asked again')
      return calls
    }
    const door = new FrameDecoderStream({ role: 'client' }, undefined, { highWaterMark: 5, size })
    const write = door.writable.getWriter().write(pings(10))
    await turns()
    expect(calls).toBe(3) // 1 + 2 + 3 reach the mark
    const reader = door.readable.getReader()
    for (let i = 0; i < 10; i++) expect(numberOf((await reader.read()).value!)).toBe(i)
    await write
    expect(calls).toBe(10)
  })
})

describe('batch', () => {
  it('gives one array for each chunk that completes something', async () => {
    const door = new FrameDecoderStream({ role: 'client', batch: true })
    const read = readAll(door.readable)
    const bytes = pings(10)
    await source([bytes.slice(0, 12), bytes.slice(12, 13), bytes.slice(13)]).pipeTo(door.writable)
    expect((await read).items.map((frames) => frames.map(numberOf))).toEqual([[0, 1, 2], [3, 4, 5, 6, 7, 8, 9]])
  })

  it('never holds more than 32768 frames for a reader, also of 4 MiB of empty ones', async () => { // law 1
    const chunk = new Uint8Array(4 * 2 ** 20)
    for (let i = 0; i < chunk.length; i += 2) chunk[i] = 0x8a
    const door = new FrameDecoderStream({ role: 'client', batch: true })
    const writer = door.writable.getWriter()
    const write = writer.write(chunk)
    const reader = door.readable.getReader()
    let total = 0
    for (let i = 0; i < 64; i++) {
      const { value } = await reader.read()
      expect(value!.length).toBe(32768)
      total += value!.length
    }
    expect(total).toBe(chunk.length / 2)
    const close = writer.close()
    expect((await reader.read()).done).toBe(true)
    await Promise.all([write, close])
  })

  it('makes no second array before the first was asked for and read', async () => { // law 1
    let looked = 0
    const frames = new Proxy(Array<Frame>(100_000).fill(frame(Ping)), {
      get: (target, key) => {
        if (typeof key === 'string' && key !== 'length') looked++
        return Reflect.get(target, key)
      },
    })
    const door = new MessageDecoderStream({ batch: true })
    const write = closing(door.writable.getWriter().write(frames))
    const reader = door.readable.getReader()
    for (const batches of [1, 2]) {
      expect((await reader.read()).value!.length).toBe(32768)
      await turns()
      expect(looked).toBe(batches * 32768)
    }
    await reader.cancel('enough')
    expect(await write).toBe('enough')
  })

  it('gives messages and frames in arrays too', async () => {
    const encoder = new MessageEncoderStream({ batch: true, fragmentSize: 2 })
    const decoder = new MessageDecoderStream({ batch: true })
    const read = readAll(encoder.readable.pipeThrough(decoder))
    await source<Message | Message[]>([[{ type: 'text', data: 'one' }, { type: 'text', data: 'two' }], {
      type: 'text',
      data: 'three',
    }]).pipeTo(encoder.writable)
    expect((await read).items.map((messages) => messages.map((message) => (message as Message).data))).toEqual([[
      'one',
      'two',
    ], ['three']])
  })
})

describe('pipelines', () => {
  it('messages go to bytes and back, both roles, any cutting, batch or not', async () => {
    const random = new Random(7)
    const messages: Message[] = [
      { type: 'text', data: 'Grüße, 世界 😀' },
      { type: 'binary', data: pattern(100_000) },
      { type: 'text', data: '' },
      { type: 'binary', data: pattern(10) },
    ]
    for (const [from, to] of [['client', 'server'], ['server', 'client']] as const) {
      for (const batch of [false, true]) {
        const frames = source(messages).pipeThrough(new MessageEncoderStream({ fragmentSize: 7000, batch }))
        const bytes = (frames as ReadableStream<Frame | Frame[]>).pipeThrough(new FrameEncoderStream({ role: from }))
        const { items } = await readAll(bytes)
        const cut = source(chop(random, join(items)))
        const decoded = cut.pipeThrough(
          new FrameDecoderStream({ role: to, batch, wholeFrameLimit: 100 }),
        ) as ReadableStream<Frame | Frame[]>
        const got = flat((await readAll(decoded.pipeThrough(new MessageDecoderStream({ batch })))).items) as Message[]
        expect(got.map(({ type }) => type)).toEqual(messages.map(({ type }) => type))
        got.forEach(({ data }, i) => {
          const want = messages[i]!.data
          if (typeof data === 'string') expect(data).toBe(want)
          else expectBytes(data, want as Uint8Array)
        })
      }
    }
  })

  it('a proxy: frames decoded for one side are encoded for the other, parts and all', async () => {
    const frames = upTo(20).flatMap((seed) => randomFrames(new Random(seed), [0, 1, 70_000]))
    const bytes = source<FrameInit[]>([frames]).pipeThrough(new FrameEncoderStream({ role: 'client' }))
    const proxied = bytes.pipeThrough(new FrameDecoderStream({ role: 'server', wholeFrameLimit: 0, allowedRsv: 0x70 }))
      .pipeThrough(new FrameEncoderStream({ role: 'server' }))
      .pipeThrough(new FrameDecoderStream({ role: 'client', allowedRsv: 0x70 }))
    expectFrames(joinParts((await readAll(proxied)).items), frames)
  })

  it('readable and writable sides work after tee() with copy', async () => {
    const [left, right] = source([wire({ opcode: 1, payload: utf8('tee'), key: hex('01 02 03 04') })]).tee()
    const decode = (bytes: ReadableStream<Uint8Array>) =>
      readAll(bytes.pipeThrough(new FrameDecoderStream({ role: 'server', copy: true })))
    const both = await Promise.all([decode(left), decode(right)])
    for (const { items } of both) expectFrames(items, [frame(Text, utf8('tee'))])
  })

  it('what the protocol forbids fails the encoding door with a RangeError, after what came before', async () => {
    const door = new FrameEncoderStream({ role: 'server' })
    const read = readAll(door.readable)
    const writer = door.writable.getWriter()
    await writer.write(frame(Text, utf8('ok')))
    const error = await closing(writer.write(frame(Ping, pattern(126))))
    expect(error).toBeInstanceOf(RangeError)
    const result = await read
    expectBytes(join(result.items), wire({ opcode: 1, payload: utf8('ok') }))
    expect(result.error).toBe(error)
    const messages = new MessageEncoderStream()
    const failed = closing(messages.writable.getWriter().write({ type: 'close', statusCode: 1005, reason: '' }))
    expect((await readAll(messages.readable)).error).toBeInstanceOf(RangeError)
    expect(await failed).toBeInstanceOf(RangeError)
  })

  it('an abort signal on a pipe ends both sides with its reason', async () => {
    const controller = new AbortController()
    const door = new FrameDecoderStream({ role: 'client' })
    const never = new ReadableStream<Uint8Array>({ start: (stream) => stream.enqueue(pings(200)) })
    const piping = closing(never.pipeTo(door.writable, { signal: controller.signal }))
    await turns()
    controller.abort('over')
    // As the Streams standard has it, a pipe lets the write under way finish first, and that one needs its reader.
    const { items, error } = await readAll(door.readable)
    expect(items.map(numberOf)).toEqual(upTo(items.length)) // an abort drops what is queued
    expect(error).toBe('over')
    expect(await piping).toBe('over')
  })

  it('a message in fragments goes through one door after another with a Continuation', async () => {
    const door = new MessageEncoderStream({ fragmentSize: 1 })
    const read = readAll(door.readable)
    await source<Message>([{ type: 'text', data: 'ab' }]).pipeTo(door.writable)
    expect((await read).items.map(({ opcode, fin }) => [opcode, fin])).toEqual([[Text, false], [Continuation, true]])
  })
})
