// Law: `for await` over `connection.readable` and its `values()` are as the Streams standard has them (§4.2.5, asynchronous iteration),
// whether messages are here already or come later.

import { describe, expect, test } from 'vitest'
import { Opcode } from '../../src/index.ts'
import { chop, join, pattern, utf8 } from '../support/bytes.ts'
import type { WireFrame } from '../support/frames.ts'
import { Random } from '../support/random.ts'
import { fragments, roles, watch, type Watched } from './helpers.ts'
import { World } from './transport.ts'
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
type Messages = AsyncIterableIterator<Message>
interface IteratorOptions {
  preventCancel?: boolean
}
type Values = (readable: ReadableStream<Message>, options?: IteratorOptions) => Messages

const ours: Values = (readable, options) =>
  (readable as unknown as { values: (options?: IteratorOptions) => Messages }).values(options)
/**
 * The standard's own steps (Web IDL §3.7.10.2 over Streams §4.2.5), since platforms do not all take them. Each call waits for the one
 * before: the standard means that too, but forgets who waits once the first was answered; Node then fails an assertion of its own.
 */
const standard: Values = (readable, options) => {
  if (!['undefined', 'object', 'function'].includes(typeof options)) throw new TypeError('no dictionary')
  const { preventCancel = false } = options ?? {}
  const reader = readable.getReader()
  reader.closed.catch(() => {})
  let ongoing: Promise<unknown> = Promise.resolve()
  let finished = false
  const nextSteps = (): Promise<IteratorResult<Message>> => {
    if (finished) return Promise.resolve({ done: true, value: undefined })
    return reader.read().then((result) => {
      if (!result.done) return { done: false, value: result.value }
      finished = true
      reader.releaseLock()
      return { done: true, value: undefined }
    }, (error) => {
      finished = true
      reader.releaseLock()
      throw error
    })
  }
  const returnSteps = async (value: unknown): Promise<void> => {
    if (finished) return
    finished = true
    const result = preventCancel ? undefined : reader.cancel(value)
    reader.releaseLock()
    await result
  }
  const inTurn = <T>(steps: () => Promise<T>): Promise<T> => {
    const result = ongoing.then(steps, steps)
    ongoing = result
    return result
  }
  return {
    next: () => inTurn(nextSteps),
    return: (value) => inTurn(() => returnSteps(value).then(() => ({ done: true, value: value as undefined }))),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** A connection whose messages are iterated, and what came of it. */
class Rig {
  readonly world = new World()
  readonly end: End
  readonly values: Values
  readonly calls: [string, Watched<unknown>][] = []
  iterator!: Messages

  constructor(values: Values, options: Partial<EndOptions> = {}) {
    this.values = values
    this.end = openEnd(this.world, { role: 'server', over: 'streams', ...options })
  }

  get readable(): ReadableStream<Message> {
    return this.end.connection.readable
  }

  open(options?: IteratorOptions): void {
    this.iterator = this.values(this.readable, options)
  }

  says(...messages: (Message | WireFrame)[]): void {
    this.end.peer.says(...messages.map((message) => frameOf(message)))
  }

  next(): void {
    this.#call('next', () => this.iterator.next())
  }

  return(value?: unknown): void {
    this.#call('return', () => this.iterator.return!(value))
  }

  /** All that can be seen from outside now. */
  get tale(): string[] {
    return [
      ...this.calls.map(([name, call]) => `${name} ${resultWord(call)}`),
      ...sentBy(this.end).map((frame) => `sent ${frame}`),
      ...seenBy(this.end),
      `closed ${outcome(this.end.closed)}`,
      `locked ${this.readable.locked}`,
      `stats ${JSON.stringify(this.end.connection.stats())}`,
      `transport ${this.end.transport.did.join()}`,
    ]
  }

  #call(name: string, call: () => Promise<unknown>): void {
    try {
      this.calls.push([name, watch(call())])
    } catch (error) {
      this.calls.push([`${name} threw ${errorWord(error)}`, { state: 'pending' }])
    }
  }
}

function resultWord({ state, value, error }: Watched<unknown>): string {
  if (state === 'pending') return state
  if (state === 'rejected') return `rejected ${errorWord(error)}`
  const { done, value: message } = value as IteratorResult<unknown>
  const isMessage = typeof message === 'string' || message instanceof Uint8Array
  return `${Object.keys(value as object).sort()} ${done} ${isMessage ? word(message) : String(message)}`
}

function frameOf(message: Message | WireFrame): WireFrame {
  if (typeof message === 'string') return { opcode: Opcode.Text, payload: utf8(message) }
  return message instanceof Uint8Array ? { opcode: Opcode.Binary, payload: message } : message
}

interface Step {
  readonly name: string
  readonly act: (rig: Rig) => unknown
}
const step = (name: string, act: Step['act']): Step => ({ name, act })
const say = (...messages: (Message | WireFrame)[]): Step => step('say', (rig) => rig.says(...messages))
const next = step('next', (rig) => rig.next())
const leave = step('return', (rig) => rig.return('why'))
const open = (options?: IteratorOptions): Step => step(`values ${JSON.stringify(options)}`, (rig) => rig.open(options))
const closeFrame: WireFrame = { opcode: Opcode.Close, payload: Uint8Array.of(0x0b, 0xb9) }
const later = step('let time pass', (rig) => rig.world.pass(30_000))

/** Lets the same happen to our iterator and the standard's and holds what is seen against each other after each step. */
async function expectSame(options: Partial<EndOptions>, steps: readonly Step[], name = ''): Promise<Rig> {
  const rigs = [ours, standard].map((values) => new Rig(values, options))
  for (const [i, step] of steps.entries()) {
    for (const rig of rigs) {
      await step.act(rig)
      await rig.world.settle()
    }
    const differs = firstDifference(rigs[0]!.tale, rigs[1]!.tale)
    if (differs === undefined) continue
    const story = steps.slice(0, i + 1).map(({ name }) => name).join('\n')
    throw new Error(`${name}: differs after step ${i}: ${differs}\n${JSON.stringify(options)}\n${story}`)
  }
  return rigs[0]!
}

const overs = ['duplex', 'duplex as streams', 'streams'] as const
const endings: [string, Step['act']][] = [
  ['the peer closes', (rig) => {
    rig.says(closeFrame)
    rig.end.transport.end()
  }],
  ['the transport ends', (rig) => rig.end.transport.end()],
  ['the transport breaks', (rig) => rig.end.transport.break(new Error('reset'))],
  ['a rule is broken', (rig) => rig.says({ opcode: 3 })],
  ['a message is too big', (rig) => rig.says(...fragments(pattern(80_000), 30_000, 30_000, 70_000), 'behind it')],
  ['we close', (rig) => rig.end.connection.close({ closeCode: 3002 })],
]

describe.each(overs)('the iterator of a connection over %s', (over) => {
  const options: Partial<EndOptions> = { over, limits: { maxMessageSize: 70_000 } }

  test('gives messages that are here and messages that come, in order', async () => {
    const content: Message[] = ['', 'a', pattern(0), pattern(65), pattern(40_000), 'x'.repeat(20_000), 'last']
    for (const before of [true, false]) {
      const nexts = content.map(() => next)
      const rig = await expectSame(options, [
        open(),
        ...(before ? [say(...content), ...nexts] : [...nexts, say(...content)]),
        say(...fragments(pattern(3000), 1000, 1000)),
        next,
        next,
        say('more'),
      ])
      const given = rig.calls.slice(0, content.length).map(([, { value }]) => (value as IteratorResult<Message>).value)
      expect(given.map((message) => word(message))).toEqual(content.map((message) => word(message)))
    }
  })

  test('next may be called many times before the first is answered', async () => {
    const many = Array.from({ length: 6 }, () => next)
    const together = step('six at once', (rig) => {
      for (let i = 0; i < 6; i++) rig.next()
    })
    await expectSame(options, [open(), say('a', 'b'), together, say('c'), say('d', 'e', 'f', 'g'), ...many])
    await expectSame(options, [
      say('a', 'b'),
      open(),
      together,
      step('return while they wait', (rig) => {
        rig.return(1)
        rig.next()
        rig.return(2)
      }),
      say('c', 'd', 'e', 'f', 'g', 'h'),
    ])
  })

  test.each(endings)('ends as the stream does: %s', async (name, ending) => {
    for (const said of [[], ['one'], ['one', 'two', 'three']]) {
      for (const asked of [0, 1, 2, 5]) {
        for (
          const tail of [[next, next, leave], [leave, next], [step('both', (rig) => {
            rig.next()
            rig.next()
            rig.return()
            rig.next()
          })]]
        ) {
          await expectSame(options, [
            open(),
            say(...said),
            ...Array.from({ length: asked }, () => next),
            step(name, ending),
            ...tail,
            later,
            next,
          ], name)
        }
      }
    }
  })

  test('return cancels, unless that is prevented, and lets go of the lock', async () => {
    for (const preventCancel of [undefined, false, true]) {
      for (const before of [[], [next], [next, next], [next, next, next, next]]) {
        await expectSame(options, [
          open({ preventCancel: preventCancel! }),
          say('one', 'two', 'three'),
          ...before,
          leave,
          leave,
          next,
          say('four'),
          step('iterate again', (rig) => rig.open({ preventCancel: true })),
          next,
          next,
          leave,
          later,
        ])
      }
    }
  })

  test('what one iterator left is the next one’s, a reader’s or a pipe’s', async () => {
    const read = step('read', async (rig) => {
      const reader = rig.readable.getReader()
      const { value } = await reader.read()
      rig.calls.push(['read', { state: 'resolved', value: { done: false, value } }])
      reader.releaseLock()
    })
    const rig = await expectSame(options, [
      say('1', '2', '3', '4', '5'),
      open({ preventCancel: true }),
      next,
      leave,
      read,
      open({ preventCancel: true }),
      next,
      leave,
      read,
    ])
    void rig.readable.pipeTo(rig.end.connection.writable)
    await rig.world.settle()
    expect(sentBy(rig.end)).toEqual(['1 text 5'])
  })

  test('a read that was let go of while it waited gives its message to the iterator', async () => {
    await expectSame(options, [
      step('read and let go', (rig) => {
        const reader = rig.readable.getReader()
        reader.read().catch(() => {})
        reader.releaseLock()
      }),
      open(),
      say('one', 'two'),
      next,
      next,
      next,
      say('three'),
    ])
  })

  test('a stream that was closed, failed or cancelled before is iterated as such', async () => {
    for (const [name, ending] of endings) {
      await expectSame(options, [step(name, ending), later, open(), next, next, leave], name)
    }
    await expectSame(options, [step('cancel', (rig) => rig.readable.cancel()), open(), next, next])
  })

  test('a locked stream throws at once, and an iterator locks it', () => {
    for (const values of [ours, standard]) {
      const rig = new Rig(values, options)
      rig.open()
      expect(rig.readable.locked).toBe(true)
      expect(() => values(rig.readable)).toThrow(TypeError)
      expect(() => rig.readable.getReader()).toThrow(TypeError)
    }
  })

  test('options are read as the standard says', () => {
    for (const given of [undefined, null, {}, { preventCancel: 1 }, 5, 'x', true]) {
      const results = [ours, standard].map((values) => {
        const rig = new Rig(values, options)
        try {
          values(rig.readable, given as never)
          return `fine ${rig.readable.locked}`
        } catch (error) {
          return `${(error as Error).name} ${rig.readable.locked}`
        }
      })
      expect([given, results[0]]).toEqual([given, results[1]])
    }
  })

  test('the bytes of what was given stay what they were while more comes', async () => {
    const rig = new Rig(ours, { ...options, binary: 'view' })
    rig.open()
    const got: Uint8Array[] = []
    for (let i = 0; i < 20; i++) {
      rig.says(...Array.from({ length: 5 }, (_, j) => pattern(100 + 700 * j, i * 5 + j)))
      for (let j = 0; j < 5; j++) got.push((await rig.iterator.next()).value as Uint8Array)
    }
    for (const [i, bytes] of got.entries()) expect(word(bytes)).toBe(word(pattern(100 + 700 * (i % 5), i)))
  })
})

describe('for await', () => {
  async function loop(rig: Rig, body: (message: Message) => void): Promise<void> {
    for await (const message of rig.readable as unknown as AsyncIterable<Message>) body(message)
  }

  test('runs to the clean end, and lets go of the lock', async () => {
    const rig = new Rig(ours)
    const got: Message[] = []
    const looped = watch(loop(rig, (message) => got.push(message)))
    rig.says('a', 'b')
    await rig.world.settle()
    rig.says('c', closeFrame)
    rig.end.transport.end()
    await rig.world.settle()
    expect([got, looped.state, rig.readable.locked]).toEqual([['a', 'b', 'c'], 'resolved', false])
  })

  test('throws what ended the connection', async () => {
    const rig = new Rig(ours)
    const looped = watch(loop(rig, () => {}))
    rig.says('a')
    rig.end.transport.break(new Error('reset'))
    await rig.world.settle()
    expect([looped.state, looped.error === rig.end.closed.error, rig.readable.locked]).toEqual([
      'rejected',
      true,
      false,
    ])
  })

  test('that is left by a throw closes the connection and throws on', async () => {
    const rig = new Rig(ours)
    const looped = watch(loop(rig, (message) => {
      if (message === 'b') throw new RangeError('mine')
    }))
    rig.says('a', 'b', 'c')
    await rig.world.settle()
    expect([(looped.error as Error).message, rig.readable.locked, sentBy(rig.end)]).toEqual(['mine', false, [
      '8 text ',
    ]])
  })

  test('and messages() do not iterate at once', async () => {
    const rig = new Rig(ours)
    rig.open()
    await expect(rig.end.connection.messages().next()).rejects.toThrow(TypeError)
    const other = new Rig(ours)
    void other.end.connection.messages().next()
    expect(() => other.open()).toThrow(TypeError)
  })
})

// Invariant: whatever comes and whatever is asked, in whatever order, our iterator answers as the standard's does.
test('random lives', async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed)
    const limits = { readAhead: random.pick([1, 1000, 65_536]), maxMessageSize: 60_000 }
    const options: Partial<EndOptions> = {
      role: random.pick(roles),
      over: random.pick(overs),
      observed: random.chance(0.3),
      limits,
      ...(random.chance(0.3) && { binary: 'view' as const }),
    }
    const prevents = { preventCancel: random.chance(0.5) }
    const steps: Step[] = random.chance(0.5) ? [say('before'), open(prevents)] : [open(prevents)]
    for (let i = 0; i < 12; i++) steps.push(randomStep(random))
    await expectSame(options, [...steps, later, next, leave], `seed ${seed}`)
  }
})

function randomStep(random: Random): Step {
  const kind = random.pick(['say', 'say', 'say', 'next', 'next', 'next', 'calls', 'return', 'end'])
  if (kind === 'next') return next
  if (kind === 'return') return random.chance(0.3) ? leave : next
  if (kind === 'end') {
    const [name, act] = random.pick(endings)
    return random.chance(0.3) ? step(name, act) : next
  }
  if (kind === 'calls') {
    const calls = Array.from({ length: 4 }, () => random.chance(0.9))
    return step(`calls ${calls}`, (rig) => {
      for (const isNext of calls) isNext ? rig.next() : rig.return()
    })
  }
  const frames = Array.from({ length: 1 + random.below(3) }, () => {
    const bytes = random.bytes(random.pick([0, 1, 64, 65, 5000, 30_000]))
    if (random.chance(0.5)) return fragments(bytes, random.below(bytes.length + 1))
    return [random.chance(0.5) ? { opcode: Opcode.Text, payload: utf8('é'.repeat(bytes.length / 2)) } : frameOf(bytes)]
  }).flat()
  const seed = random.word()
  return step(`say ${frames.map(({ payload }) => payload!.length)}`, (rig) => {
    const bytes = join(frames.map((frame) => rig.end.peer.wire(frame)))
    for (const chunk of seed % 2 ? [bytes] : chop(new Random(seed), bytes)) rig.end.transport.give(chunk)
  })
}
