// Law: `connection.readable.pipeTo` is the platform's in all that can be seen: what arrives and in which order, how the pipe and both
// connections end, locks, options and errors. Only where messages wait may differ, and never so that more is taken from the source.

import { describe, expect, test } from 'vitest'
import { Opcode, type Role } from '../../src/index.ts'
import { chop, join, pattern, utf8 } from '../support/bytes.ts'
import type { WireFrame } from '../support/frames.ts'
import { Random } from '../support/random.ts'
import { fragments, roles, watch, type Watched } from './helpers.ts'
import { drain, World } from './transport.ts'
import {
  type End,
  type EndOptions,
  errorWord,
  firstDifference,
  openEnd,
  outcome,
  seenBy,
  sentBy,
  word,
} from './twins.ts'

type Message = string | Uint8Array
type PipeTo = ReadableStream<Message>['pipeTo']
interface Way {
  readonly name: string
  readonly pipeTo: (readable: ReadableStream<Message>, ...args: Parameters<PipeTo>) => Promise<void>
}

const ours: Way = { name: 'ours', pipeTo: (readable, ...args) => readable.pipeTo(...args) }
const platform: Way = {
  name: 'the platform’s',
  pipeTo: (readable, ...args) => ReadableStream.prototype.pipeTo.call(readable, ...args),
}
const ways = [ours, platform]

interface Options {
  readonly source?: Partial<EndOptions>
  readonly target?: Partial<EndOptions>
}

/** A source that is piped to a target, and what is seen of both. */
class Rig {
  readonly world = new World()
  readonly source: End
  readonly target: End
  readonly way: Way
  readonly pipes: Watched<void>[] = []
  /** What was read from the source beside the pipes. */
  readonly read: string[] = []
  readonly sends: Watched<void>[] = []

  constructor(way: Way, { source, target }: Options = {}) {
    this.way = way
    this.source = openEnd(this.world, { role: 'server', over: 'streams', ...source })
    this.target = openEnd(this.world, { role: 'server', over: 'streams', ...target })
  }

  pipe(options?: Parameters<PipeTo>[1]): Watched<void> {
    const piped = watch(this.way.pipeTo(this.source.connection.readable, this.target.connection.writable, options))
    this.pipes.push(piped)
    return piped
  }

  send(message: Message | ReadableStream<Message>): void {
    this.sends.push(watch(this.target.connection.send(message as Message)))
  }

  /** The source's peer says messages, all in one chunk. */
  says(...messages: (Message | WireFrame)[]): void {
    const frames = messages.map((message) => frameOf(message))
    this.source.peer.says(...frames)
  }

  /** Reads what the source has left, until it would wait. */
  async readRest(): Promise<void> {
    const { readable } = this.source.connection
    if (readable.locked) return
    const reader = readable.getReader()
    for (;;) {
      const read = watch(reader.read())
      await this.world.settle()
      if (read.state === 'pending') break
      if (read.state === 'rejected') this.read.push(`failed ${errorWord(read.error)}`)
      else if (read.value!.done) this.read.push('done')
      else this.read.push(word(read.value!.value!))
      if (read.state === 'rejected' || read.value!.done) break
    }
    reader.releaseLock()
    await this.world.settle()
  }

  /** All that can be seen from outside now. */
  get tale(): string[] {
    const ends = [this.source, this.target].flatMap((end) => [
      ...sentBy(end).map((frame) => `sent ${frame}`),
      ...seenBy(end).map((frame) => `seen ${frame}`),
      `transport ${end.transport.did.join()}`,
      `closed ${outcome(end.closed)}`,
      `stats ${JSON.stringify(end.connection.stats())}`,
      `locked ${end.connection.readable.locked} ${end.connection.writable.locked}`,
    ])
    return [
      ...ends,
      ...this.pipes.map((pipe) => `pipe ${outcome(pipe)}`),
      ...this.sends.map((sent) => `send ${outcome(sent)}`),
      ...this.read.map((message) => `read ${message}`),
    ]
  }

  /** What arrived at the target’s peer. */
  get arrived(): string[] {
    return sentBy(this.target).filter((frame) => /^[012]\D/.test(frame))
  }
}

function frameOf(message: Message | WireFrame): WireFrame {
  if (typeof message === 'string') return { opcode: Opcode.Text, payload: utf8(message) }
  return message instanceof Uint8Array ? { opcode: Opcode.Binary, payload: message } : message
}

/** Lets the same happen in both worlds and holds what is seen of them against each other after each step. */
async function expectSame(options: Options, steps: readonly Step[], name = ''): Promise<Rig> {
  const rigs = ways.map((way) => new Rig(way, options))
  for (const [i, step] of steps.entries()) {
    for (const rig of rigs) {
      await step.act(rig)
      await rig.world.settle()
    }
    const differs = firstDifference(rigs[0]!.tale, rigs[1]!.tale)
    if (differs !== undefined) {
      const story = steps.slice(0, i + 1).map(({ name }) => name).join('\n')
      throw new Error(
        `${name}: differs after step ${i}, ${step.name}: ${differs}\n${JSON.stringify(options)}\n${story}`,
      )
    }
  }
  return rigs[0]!
}

interface Step {
  readonly name: string
  readonly act: (rig: Rig) => unknown
}

const step = (name: string, act: Step['act']): Step => ({ name, act })
const say = (...messages: (Message | WireFrame)[]): Step =>
  step(
    `say ${messages.map((m) => typeof m === 'string' ? m.slice(0, 20) : m instanceof Uint8Array ? m.length : 'frame')}`,
    (rig) => rig.says(...messages),
  )
const pipe = (options?: Parameters<PipeTo>[1]): Step =>
  step(`pipe ${JSON.stringify(options ?? {})}`, (rig) => rig.pipe(options))
const readRest = step('read the rest', (rig) => rig.readRest())
const later = step('let time pass', (rig) => rig.world.pass(30_000))

const overs = ['duplex', 'duplex as streams', 'streams'] as const
const combinations = overs.flatMap((over) => roles.map((role) => [over, role] as const))
const CONTENT: Message[] = [
  '',
  'a',
  pattern(0),
  pattern(1),
  pattern(64),
  pattern(65),
  'ü'.repeat(40),
  pattern(900),
  'nearly ascii, to its last letter but onę.',
  'a'.repeat(1024),
  'b'.repeat(1025),
  pattern(5000),
  'x'.repeat(5000),
  pattern(16_384),
  pattern(16_385),
  pattern(40_000),
]
const closeFrame = (code: number): WireFrame => ({
  opcode: Opcode.Close,
  payload: Uint8Array.of(code >> 8, code & 255),
})

describe.each(combinations)('a pipe to a connection over %s as %s', (over, role) => {
  const options: Options = { source: { over, role }, target: { over, role } }

  test('brings every message, whole, in order, of its type, however the bytes were cut', async () => {
    for (const observed of [false, true]) {
      const cut = fragments(pattern(100_000), 1, 64, 66, 30_000, 30_000, 99_999)
      const text = 'ö'.repeat(3000)
      const halves: WireFrame[] = [
        { opcode: Opcode.Text, payload: utf8(text).slice(0, 3001), fin: false },
        { opcode: Opcode.Ping, payload: utf8('in between') },
        { opcode: Opcode.Continuation, payload: utf8(text).slice(3001) },
      ]
      const rig = await expectSame(
        { source: { ...options.source, observed }, target: { ...options.target, observed } },
        [
          say('before'),
          pipe(),
          say(...CONTENT),
          say(...cut, ...halves, 'last'),
          step('byte by byte', (rig) => {
            for (const byte of rig.source.peer.wire(frameOf(pattern(300)))) {
              rig.source.transport.give(Uint8Array.of(byte))
            }
          }),
        ],
      )
      const expected = ['before', ...CONTENT, pattern(100_000), text, 'last', pattern(300)]
      expect(rig.arrived).toEqual(expected.map((message) => `${typeof message === 'string' ? 1 : 2} ${word(message)}`))
    }
  })

  test('brings a message as long as the source may take, and none that is longer', async () => { // rule 53
    const limits = { maxMessageSize: 1000 }
    const rig = await expectSame({ ...options, source: { ...options.source, limits } }, [
      pipe(),
      say(pattern(1000), 'x'.repeat(1000)),
      say(pattern(1001)),
      later,
    ])
    expect(rig.arrived.length).toBe(2)
    expect(rig.source.closed.error).toMatchObject({ cause: { code: 'message-too-big' } })
  })

  test('takes no message for one of its own where a fragmented one was left unread', async () => { // rule 32
    const rig = await expectSame(options, [
      say({ opcode: Opcode.Text, payload: utf8('begun'), fin: false }),
      step('leave it', async ({ source }) => {
        for await (const _ of source.connection.messages()) break
      }),
      pipe(),
      say('wrong here'),
      later,
    ])
    expect(rig.arrived).toEqual([])
    expect(rig.source.closed.error).toMatchObject({ cause: { code: 'expected-continuation' } })
  })

  test('keeps its place among messages that are sent beside it', async () => {
    const stream = () =>
      new ReadableStream<Message>({
        pull: async (controller) => {
          await drain()
          controller.enqueue('part')
          controller.close()
        },
      })
    const begun = new Map<Rig, ReadableStreamDefaultController<Message>>()
    const rig = await expectSame(options, [
      pipe(),
      step('send before', (rig) => rig.send('one')),
      say('two', 'three'),
      step('all at once', (rig) => {
        rig.send('four')
        rig.says('five')
      }),
      step('a stream', (rig) => rig.send(stream())),
      step('begin a stream', (rig) =>
        rig.send(
          new ReadableStream<Message>({
            start: (controller) => {
              controller.enqueue('begun ')
              begun.set(rig, controller)
            },
          }),
        )),
      say('no fragment', pattern(30)), // rule 34
      step('end it', (rig) => {
        begun.get(rig)!.enqueue('and ended')
        begun.get(rig)!.close()
      }),
      say('six', pattern(30_000)),
      step('send', (rig) => rig.send(pattern(30_000, 7))),
    ])
    expect(rig.arrived.length).toBeGreaterThanOrEqual(9)
  })

  test('ends as its source and its options say', async () => {
    const endings: [string, Step['act']][] = [
      ['a clean close', (rig) => {
        rig.says('last', closeFrame(3001))
        rig.source.transport.end()
      }],
      ['an end without Close', (rig) => rig.source.transport.end()],
      ['a fault', (rig) => rig.source.transport.break(new Error('reset'))],
      ['a violation', (rig) => {
        rig.says('last', { opcode: 3 })
        rig.says('in the same turn')
      }],
      ['our own close', (rig) => rig.source.connection.close({ closeCode: 3002, reason: 'enough' })],
    ]
    for (const [name, ending] of endings) {
      for (const preventClose of [false, true]) {
        for (const preventAbort of [false, true]) {
          await expectSame(options, [
            pipe({ preventClose, preventAbort }),
            say('hello', pattern(1000)),
            step(name, ending),
            ...(name === 'our own close' ? [say('too late', pattern(100))] : []),
            step('the target still sends', (rig) => rig.send('after')),
            step('the target’s peer closes', (rig) => {
              rig.target.peer.says(closeFrame(1000))
              rig.target.transport.end()
            }),
            later,
          ], name)
        }
      }
    }
  })

  test('ends as its target and its options say', async () => {
    const endings: [string, Step['act']][] = [
      ['the peer closes', (rig) => {
        rig.target.peer.says(closeFrame(3001))
        rig.target.transport.end()
      }],
      ['a fault', (rig) => rig.target.transport.break(new Error('reset'))],
      ['a violation', (rig) => rig.target.peer.says({ opcode: 3 })],
      ['our own close', (rig) => rig.target.connection.close({ closeCode: 3002 })],
    ]
    for (const [name, ending] of endings) {
      for (const preventCancel of [false, true]) {
        // Of two that come at once, Node's pipes take both from 24 on before they hear that the first was refused; ours takes
        // that one (failing-pipe.node.test.ts).
        const more = name === 'our own close' ? [say('more'), say('and more')] : [say('more', 'and more')]
        await expectSame(options, [
          pipe({ preventCancel }),
          say('hello', pattern(1000)),
          step(name, ending),
          ...more,
          readRest,
          later,
          readRest,
        ], name)
      }
    }
  })

  test('stops at its signal, before it begins, in the middle of a message, and between messages', async () => {
    for (const when of ['before', 'between', 'inside']) {
      for (let bits = 0; bits < 8; bits++) {
        const controllers = new Map<Rig, AbortController>()
        const [first, second] = fragments(pattern(3000), 1000)
        const abort = step('abort', (rig) => controllers.get(rig)!.abort(new Error('enough')))
        const begin = step(`pipe with prevents ${bits}`, (rig) => {
          const controller = new AbortController()
          controllers.set(rig, controller)
          if (when === 'before') controller.abort(new Error('enough'))
          rig.pipe({
            preventCancel: (bits & 1) > 0,
            preventAbort: (bits & 2) > 0,
            preventClose: (bits & 4) > 0,
            signal: controller.signal,
          })
        })
        await expectSame(options, [
          say('queued'),
          begin,
          say('one', 'two'),
          ...(when === 'between' ? [abort] : []),
          say(first!),
          ...(when === 'inside' ? [abort] : []),
          say(second!, 'three'),
          step('the target still sends', (rig) => rig.send('after')),
          readRest,
          later,
        ], when)
      }
    }
  })

  test('can follow another, to the same target or from the same source', async () => {
    const controllers = new Map<Rig, AbortController>()
    const begin = step('pipe', (rig) => {
      const controller = new AbortController()
      controllers.set(rig, controller)
      rig.pipe({ preventCancel: true, preventAbort: true, signal: controller.signal })
    })
    const abort = step('abort', (rig) => controllers.get(rig)!.abort())
    await expectSame(options, [
      begin,
      say('one'),
      abort,
      say('two', 'three'),
      begin,
      say('four'),
      abort,
      readRest,
      begin,
      say('five'),
    ])
  })
})

describe('a pipe', () => {
  test('asks for locks and arguments as the platform does', async () => {
    const cases: [string, (rig: Rig) => Promise<void>][] = [
      ['source locked', (rig) => {
        rig.source.connection.readable.getReader()
        return rig.way.pipeTo(rig.source.connection.readable, rig.target.connection.writable)
      }],
      ['target locked', (rig) => {
        rig.target.connection.writable.getWriter()
        return rig.way.pipeTo(rig.source.connection.readable, rig.target.connection.writable)
      }],
      ['two at once', (rig) => {
        void rig.pipe()
        return rig.way.pipeTo(rig.source.connection.readable, rig.target.connection.writable)
      }],
      ...[undefined, null, 5, {}, new ReadableStream()].map((target): typeof cases[number] => [
        'no target',
        (rig) => rig.way.pipeTo(rig.source.connection.readable, target as never),
      ]),
      ...[5, 'x', { signal: 5 }, { signal: {} }, { signal: null }].map((options): typeof cases[number] => [
        `options ${JSON.stringify(options)}`,
        (rig) => rig.way.pipeTo(rig.source.connection.readable, rig.target.connection.writable, options as never),
      ]),
      [
        'an option that throws',
        (rig) =>
          rig.way.pipeTo(rig.source.connection.readable, rig.target.connection.writable, {
            get preventClose(): boolean {
              throw new RangeError('mine')
            },
          }),
      ],
    ]
    for (const [name, call] of cases) {
      const results = await Promise.all(ways.map(async (way) => {
        const rig = new Rig(way)
        let result = 'pending'
        try {
          const promise = call(rig)
          result = 'a promise'
          const watched = watch(promise)
          await rig.world.settle()
          result += ` ${watched.state} ${(watched.error as Error | undefined)?.name}`
        } catch (error) {
          result = `thrown ${(error as Error).name}`
        }
        rig.says('still here')
        await rig.world.settle()
        return [name, result, rig.source.connection.readable.locked, rig.target.connection.writable.locked, rig.arrived]
      }))
      expect(results[0]).toEqual(results[1])
    }
  })

  test('is a method of every stream: called for another one it pipes that one', async () => {
    const rig = new Rig(ours)
    const other = new ReadableStream<Message>({
      start(controller) {
        controller.enqueue('from another')
        controller.close()
      },
    })
    const { pipeTo } = rig.source.connection.readable
    const piped = watch(pipeTo.call(other, rig.target.connection.writable, { preventClose: true }))
    rig.says('mine')
    await rig.world.settle()
    expect([piped.state, rig.arrived, rig.source.connection.readable.locked]).toEqual(['resolved', [
      '1 text from another',
    ], false])
  })

  test('to any other stream is the platform’s own', async () => {
    const tales = await Promise.all(ways.map(async (way) => {
      const rig = new Rig(way)
      const got: string[] = []
      const sink = new WritableStream<Message>({
        write: (message) => void got.push(word(message)),
        close: () => void got.push('close'),
      })
      const piped = watch(way.pipeTo(rig.source.connection.readable, sink))
      rig.says(...CONTENT, closeFrame(1000))
      rig.source.transport.end()
      await rig.world.settle()
      return [...got, outcome(piped), ...rig.tale]
    }))
    expect(firstDifference(tales[0]!, tales[1]!)).toBeUndefined()
  })

  test('through a transform, into a tee and behind one works as with any stream', async () => {
    const rig = new Rig(ours)
    const upper = new TransformStream<Message, Message>({
      transform: (message, controller) => controller.enqueue(String(message).toUpperCase()),
    })
    const [left, right] = rig.source.connection.readable.pipeThrough(upper).tee()
    void left.pipeTo(rig.target.connection.writable)
    const reader = right.getReader()
    rig.says('a', 'b')
    await rig.world.settle()
    expect([rig.arrived, (await reader.read()).value, (await reader.read()).value]).toEqual([
      ['1 text A', '1 text B'],
      'A',
      'B',
    ])
  })

  test('of a connection into itself echoes', async () => {
    const rig = new Rig(ours)
    const { connection, peer } = rig.source
    void connection.readable.pipeTo(connection.writable)
    peer.says(...CONTENT.map((message) => frameOf(message)))
    await peer.world.settle()
    expect(sentBy(rig.source).length).toBe(CONTENT.length)
  })

  test('hook of the target that sends, pings and closes in the middle of what is piped breaks no frame', async () => {
    for (const what of ['send', 'ping', 'close'] as const) {
      const tales = await Promise.all(ways.map(async (way) => {
        let left = 2
        const rig: Rig = new Rig(way, {
          source: { over: 'duplex' },
          target: {
            over: 'duplex',
            observe: (direction, frame) => {
              if (direction === 'in' || frame.opcode > 2 || left-- <= 0) return
              if (what === 'send') rig.send(`after ${frame.opcode}`)
              else if (what === 'ping') void rig.target.connection.ping(utf8('hi')).catch(() => {})
              else rig.target.connection.close({ closeCode: 3000 })
            },
          },
        })
        rig.pipe()
        rig.says(...fragments(pattern(60_000), 20_000, 40_000))
        await rig.world.settle()
        rig.says(...fragments(pattern(60_000, 1), 20_000, 40_000), 'end')
        await rig.world.settle()
        await rig.world.pass(30_000)
        return rig.tale
      }))
      expect(firstDifference(tales[0]!, tales[1]!), what).toBeUndefined()
    }
  })
})

/** Whether a pipe that waits for its source hears at once of its signal; workerd's hears of nothing until a message comes. */
async function hearsAtOnce(): Promise<boolean> {
  const source = new ReadableStream({}, { highWaterMark: 0 })
  const stop = new AbortController()
  source.pipeTo(new WritableStream(), { signal: stop.signal, preventAbort: true, preventCancel: true }).catch(() => {})
  await drain()
  stop.abort()
  await drain()
  return !source.locked
}

describe.each(overs)('backpressure of a pipe over %s', (over) => {
  const limits = { readAhead: 4000, highWaterMark: 4000 }
  const options: Options = { source: { over, limits }, target: { over, limits } }

  test('reaches the source: no more is taken than by the platform’s and one message', async () => {
    for (const size of [0, 100, 3000, 20_000]) {
      const left = await Promise.all(ways.map(async (way) => {
        const rig = new Rig(way, options)
        rig.target.transport.hold()
        rig.pipe()
        for (let i = 0; i < 150; i++) rig.says(pattern(size, i))
        await rig.world.settle()
        const held = rig.source.transport.left
        const { bytesWaiting } = rig.target.connection.stats()
        expect(bytesWaiting).toBeLessThanOrEqual(2 * (limits.highWaterMark + size + 16))
        rig.target.transport.letAll()
        await rig.world.settle()
        expect(rig.arrived).toEqual(Array.from({ length: 150 }, (_, i) => `2 ${word(pattern(size, i))}`))
        return held
      }))
      expect(left[0]!).toBeGreaterThanOrEqual(left[1]! - 1)
      if (size > 100) expect(left[0]!).toBeGreaterThan(50)
    }
  })

  test('a source that ends cleanly while its target is stalled still brings everything', async () => {
    for (const preventClose of [false, true]) {
      const tales = await Promise.all(ways.map(async (way) => {
        const rig = new Rig(way, {
          source: { over, limits: { readAhead: 60_000 } },
          target: { over, limits: { highWaterMark: 100 } },
        })
        rig.target.transport.hold()
        rig.pipe({ preventClose })
        for (let i = 0; i < 10; i++) rig.says(pattern(1000, i))
        await rig.world.settle()
        rig.says(closeFrame(1000))
        rig.source.transport.end()
        await rig.world.settle()
        expect(rig.pipes[0]!.state).toBe('pending')
        rig.target.transport.letAll()
        await rig.world.settle()
        expect(rig.arrived.length).toBe(10)
        rig.target.peer.says(closeFrame(1000))
        rig.target.transport.end()
        await rig.world.settle()
        return rig.tale
      }))
      expect(firstDifference(tales[0]!, tales[1]!)).toBeUndefined()
    }
  })

  // The platform's waits for its target before it lets go of its source.
  test('a pipe that was stopped while its target stalled does not hold back the next one', async () => {
    const rig = new Rig(ours, options)
    const second = openEnd(rig.world, { role: 'server', over, limits })
    rig.target.transport.hold()
    second.transport.hold()
    const stop = new AbortController()
    rig.pipe({ preventCancel: true, preventAbort: true, signal: stop.signal })
    for (let i = 0; i < 50; i++) rig.says(pattern(1000, i))
    await rig.world.settle()
    stop.abort()
    await rig.world.settle()
    if (!await hearsAtOnce()) return
    const next = watch(rig.source.connection.readable.pipeTo(second.connection.writable))
    await rig.world.settle()
    second.transport.letAll()
    await rig.world.settle()
    expect([rig.source.transport.left, next.state]).toEqual([0, 'pending'])
    rig.target.transport.letAll()
    await rig.world.settle()
    const all = Array.from({ length: 50 }, (_, i) => `2 ${word(pattern(1000, i))}`)
    expect([...rig.arrived, ...sentBy(second)]).toEqual(all)
  })

  test('a target that fails while it is stalled loses no message of a source that lives on', async () => {
    const states: string[] = []
    const lost = await Promise.all(ways.map(async (way) => {
      const rig = new Rig(way, options)
      rig.target.transport.hold()
      const piped = rig.pipe({ preventCancel: true })
      for (let i = 0; i < 50; i++) rig.says(pattern(1000, i))
      await rig.world.settle()
      const taken = rig.target.connection.stats().messagesSent
      rig.target.transport.break(new Error('reset'))
      await rig.world.settle()
      expect(piped.state).not.toBe('pending')
      states.push(piped.state)
      await rig.readRest()
      const all = Array.from({ length: 50 }, (_, i) => word(pattern(1000, i)))
      expect(all.slice(-rig.read.length)).toEqual(rig.read)
      return 50 - taken - rig.read.length
    }))
    if (await hearsAtOnce()) expect([lost[0], states]).toEqual([0, ['rejected', 'rejected']])
    else expect(lost[0]!).toBeLessThanOrEqual(lost[1]! + 1)
  })

  test('messages() can begin where a pipe was stopped while its target stalled', async () => {
    const rig = new Rig(ours, options)
    rig.target.transport.hold()
    const stop = new AbortController()
    rig.pipe({ preventCancel: true, preventAbort: true, signal: stop.signal })
    for (let i = 0; i < 50; i++) rig.says(pattern(1000, i))
    await rig.world.settle()
    stop.abort()
    await rig.world.settle()
    rig.target.transport.letAll()
    await rig.world.settle()
    expect(rig.pipes[0]!.state).toBe('rejected')
    if (!await hearsAtOnce()) return
    const { value: message } = await rig.source.connection.messages().next()
    expect(word(await message!.bytes())).toBe(word(pattern(1000, rig.arrived.length)))
  })
})

// Invariant: whatever happens, in whatever order, nobody can tell our pipe from the platform's. Between two steps everything settles.
test('random lives with a target that takes what comes', async () => {
  for (let seed = 1; seed <= 80; seed++) {
    const random = new Random(seed)
    const end = (): Partial<EndOptions> => ({
      role: random.pick<Role>(roles),
      over: random.pick(overs),
      observed: random.chance(0.3),
      ...(random.chance(0.3) && { binary: 'view' as const }),
      limits: {
        readAhead: random.pick([1, 1000, 65_536]),
        highWaterMark: random.pick([1, 1000, 65_536]),
        maxMessageSize: 60_000,
      },
    })
    await expectSame(
      { source: end(), target: end() },
      [...randomSteps(random, false), readRest, later, readRest],
      `seed ${seed}`,
    )
  }
})

// Invariant: with a target that stalls and is let go again before anything ends, the same arrives in the same order.
test('random lives with a target that stalls at times', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(1000 + seed)
    const limits = { readAhead: random.pick([1, 1000, 65_536]), highWaterMark: random.pick([1, 1000, 65_536]) }
    const [source, target] = [0, 1].map(() => ({ role: random.pick<Role>(roles), over: random.pick(overs), limits }))
    const steps = randomSteps(random, true)
    const tales = await Promise.all(ways.map(async (way) => {
      const rig = new Rig(way, { source: source!, target: target! })
      for (const { act } of steps) {
        await act(rig)
        await rig.world.settle()
      }
      rig.target.transport.letAll()
      await rig.world.settle()
      rig.says(closeFrame(1000))
      rig.source.transport.end()
      await rig.world.settle()
      // Where sends and pongs stand among what waits, and how many pongs are left, depends on where it waits.
      const pipes = [...rig.pipes, ...rig.sends, rig.source.closed, rig.target.closed].map((pipe) => outcome(pipe))
      const isBeside = (frame: string) => frame.includes('beside')
      const [piped, beside] = [rig.arrived.filter((frame) => !isBeside(frame)), rig.arrived.filter(isBeside)]
      return [...piped, ...beside, ...pipes, String(rig.source.connection.stats().messagesReceived)]
    }))
    const differs = firstDifference(tales[0]!, tales[1]!)
    if (differs) throw new Error(`seed ${1000 + seed}: ${differs}\n${steps.map(({ name }) => name).join('\n')}`)
  }
})

/** Messages, cut anywhere, pings and sends, and an end somewhere; with `stalls` the target stalls at times, and nothing ends. */
function randomSteps(random: Random, stalls: boolean): Step[] {
  const controllers = new Map<Rig, AbortController>()
  const options = {
    preventCancel: random.chance(0.5),
    preventAbort: random.chance(0.5),
    preventClose: random.chance(0.5),
  }
  const begin = step(`pipe ${JSON.stringify(options)}`, (rig) => {
    const controller = new AbortController()
    controllers.set(rig, controller)
    rig.pipe({ ...options, signal: controller.signal })
  })
  const steps: Step[] = random.chance(0.3) ? [randomMessages(random)] : []
  steps.push(begin)
  for (let i = 0; i < 10; i++) {
    const kind = random.pick([
      'say',
      'say',
      'say',
      'say',
      'send',
      'target says',
      stalls ? 'hold' : 'end',
      stalls ? 'let' : 'say',
    ])
    if (kind === 'say') steps.push(randomMessages(random))
    else if (kind === 'send') {
      const size = random.pick([0, 10, 1000, 20_000])
      steps.push(step(`send ${size}`, (rig) => rig.send(`beside ${i} `.padEnd(size))))
    } else if (kind === 'target says') {
      steps.push(step('target’s peer pings', (rig) => rig.target.peer.says({ opcode: Opcode.Ping })))
    } else if (kind === 'hold') steps.push(step('hold', (rig) => rig.target.transport.hold()))
    else if (kind === 'let') {
      steps.push(
        random.chance(0.5)
          ? step('let one', (rig) => rig.target.transport.letOne())
          : step('let all', (rig) => rig.target.transport.letAll()),
      )
    } else if (random.chance(0.6)) steps.push(randomEnd(random, controllers), ...(random.chance(0.3) ? [begin] : []))
  }
  return steps
}

function randomMessages(random: Random): Step {
  const frames: WireFrame[] = []
  for (let count = 1 + random.below(4); count > 0; count--) {
    const size = random.pick([0, 1, 63, 64, 65, 500, 5000, 16_384, 16_385, 40_000])
    if (random.chance(0.4)) {
      const text = random.pick(['aé', 'abc']).repeat(size / 3)
      frames.push({ opcode: Opcode.Text, payload: utf8(text) })
    } else if (random.chance(0.5)) frames.push({ opcode: Opcode.Binary, payload: random.bytes(size) })
    else {
      const places = [random.below(size + 1), random.below(size + 1)].sort((a, b) => a - b)
      frames.push(...fragments(random.bytes(size), ...places))
    }
    if (random.chance(0.2)) {
      frames.splice(random.below(frames.length), 0, { opcode: Opcode.Ping, payload: random.bytes(5) })
    }
  }
  const whole = random.chance(0.5)
  const seed = random.word()
  return step(`say ${frames.map(({ opcode, payload }) => `${opcode}:${payload!.length}`)}`, (rig) => {
    const bytes = join(frames.map((frame) => rig.source.peer.wire(frame)))
    for (const chunk of whole ? [bytes] : chop(new Random(seed), bytes)) rig.source.transport.give(chunk)
  })
}

function randomEnd(random: Random, controllers: Map<Rig, AbortController>): Step {
  const which = random.pick(['source', 'target'] as const)
  return random.pick([
    step('abort', (rig) => controllers.get(rig)!.abort(new Error('enough'))),
    step('abort', (rig) => controllers.get(rig)!.abort(new Error('enough'))),
    step(`${which} closes`, (rig) => rig[which].connection.close({ closeCode: 3005 })),
    step(`${which}'s peer closes`, (rig) => rig[which].peer.says(closeFrame(3006))),
    step('the peer closes and goes on', (rig) => rig.says('text', closeFrame(3007), 'lost', pattern(5))),
    step(`${which}'s transport ends`, (rig) => rig[which].transport.end()),
    step(`${which}'s transport breaks`, (rig) => rig[which].transport.break(new Error('reset'))),
    step(`${which}'s peer breaks a rule`, (rig) => rig[which].peer.says({ opcode: 3 })),
    step('breaks a rule behind messages', (rig) => rig.says('text', pattern(80), { opcode: 3 }, 'lost')),
    step(
      'text that is none',
      (rig) => rig.says('text', { opcode: Opcode.Text, payload: Uint8Array.of(0x61, 0xff) }, 'lost'),
    ),
    step('too big', (rig) => rig.says(pattern(70_000))),
  ])
}
