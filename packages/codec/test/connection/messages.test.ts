// Messages of any size, from `messages()`: bodies read, left and cancelled; and the change to `readable` and back.

import { describe, expect, test } from 'vitest'
import { Opcode } from '../../src/index.ts'
import { expectBytes, join, pattern, utf8 } from '../support/bytes.ts'
import { collect, connect, expectClean, expectFault, expectUnclean, fragments, roles, watch } from './helpers.ts'

async function bodyOf(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const { items, end } = collect<Uint8Array>(body)
  while (end.state === 'pending') await new Promise((resolve) => setTimeout(resolve, 0))
  if (end.error !== undefined) throw end.error
  return join(items)
}

describe.each(roles)('as a %s', (role) => {
  describe('messages()', () => {
    test('gives each message its type and its body, whatever the fragments', async () => {
      const { connection, peer, world } = connect(role)
      peer.says(peer.text('grüß dich'), ...fragments(pattern(1000), 0, 10, 500), peer.text(''))
      peer.says(peer.close(1000))
      const seen: unknown[] = []
      for await (const message of connection.messages()) {
        seen.push(message.type, await bodyOf(message.body))
        if (seen.length === 6) break
      }
      await world.settle()
      expect([seen[0], seen[2], seen[4]]).toEqual(['text', 'binary', 'text'])
      expectBytes(seen[1] as Uint8Array, utf8('grüß dich'))
      expectBytes(seen[3] as Uint8Array, pattern(1000))
      expectBytes(seen[5] as Uint8Array, new Uint8Array(0))
    })

    test('a body begins with the first bytes, long before the last are there', async () => {
      const { connection, peer, transport } = connect(role)
      const whole = peer.wire({ opcode: Opcode.Binary, payload: pattern(100), length: 2 ** 40 }) // security.md, row 28
      transport.give(whole)
      const { value: message } = await connection.messages().next()
      const { value: chunk } = await message!.body.getReader().read()
      expectBytes(chunk!, pattern(100))
    })

    test('bytes() and text() give the whole, exact and the caller’s own', async () => {
      const { connection, peer } = connect(role)
      peer.says(...fragments(pattern(300), 100), peer.text('grüß dich'), {
        opcode: Opcode.Binary,
        payload: utf8('bin'),
      })
      const messages = connection.messages()
      const bytes = await (await messages.next()).value!.bytes()
      expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, 300])
      expectBytes(bytes, pattern(300))
      expect(await (await messages.next()).value!.text()).toBe('grüß dich')
      expect(await (await messages.next()).value!.text()).toBe('bin')
    })

    test('the size limit binds bytes() and text() with 1009, and no body', async () => { // connection.md, Messages
      for (const whole of ['bytes', 'text'] as const) {
        const { connection, peer, transport, world, end } = connect(role, { limits: { maxMessageSize: 100 } })
        peer.says(...fragments(pattern(1000), 500))
        const messages = connection.messages()
        const { value: first } = await messages.next()
        expect((await bodyOf(first!.body)).length).toBe(1000)
        peer.says({ opcode: Opcode.Binary, payload: pattern(60), fin: false }, { opcode: 0, payload: pattern(41) })
        const { value: second } = await messages.next()
        const taken = watch(second![whole]())
        expect((await peer.hears())[0]).toMatch('close 1009')
        transport.end()
        await world.settle()
        const error = expectUnclean(end)
        expectFault(error, 'message-too-big')
        expect(taken.error).toBe(error)
      }
    })

    test('a body left unread, cancelled half-way, or read half-way is skipped, and the next message follows', async () => {
      const { connection, peer } = connect(role, { limits: { readAhead: 100 } })
      const messages = connection.messages()
      for (const how of ['unread', 'cancelled', 'half', 'whole']) {
        const next = watch(messages.next())
        for (const frame of fragments(pattern(1000), 10, 200, 500)) peer.says(frame)
        peer.says(peer.text(`after ${how}`))
        await peer.hears()
        const message = next.value!.value!
        if (how === 'cancelled') {
          const reader = message.body.getReader()
          await reader.read()
          await reader.cancel()
        }
        const half = how === 'half' ? message.body.getReader() : undefined
        await half?.read()
        if (how === 'whole') await message.bytes()
        expect(await (await messages.next()).value!.text()).toBe(`after ${how}`)
        await expect(half?.read() ?? Promise.reject(new TypeError())).rejects.toBeInstanceOf(TypeError)
      }
    })

    test('a reader that waits for a body’s next bytes hears when the message is left', async () => {
      const { connection, peer, world } = connect(role)
      const messages = connection.messages()
      peer.says({ opcode: Opcode.Binary, payload: pattern(10), fin: false })
      const { value: message } = await messages.next()
      const reader = message!.body.getReader()
      await reader.read()
      const waiting = watch(reader.read())
      const next = watch(messages.next())
      await world.settle()
      peer.says({ opcode: 0, payload: pattern(10) }, peer.text('next'))
      await world.settle()
      expect(waiting.error).toBeInstanceOf(TypeError)
      expect(await next.value!.value!.text()).toBe('next')
    })

    test('and hears at once, whether anything comes or not', async () => {
      const { connection, peer, world } = connect(role)
      const messages = connection.messages()
      peer.says({ opcode: Opcode.Binary, payload: pattern(10), fin: false })
      const { value: message } = await messages.next()
      const whole = watch(message!.bytes())
      await world.settle()
      await messages.return!()
      await world.settle()
      expect(whole.error).toEqual(new TypeError('Cannot read message: it was left, and the rest of it skipped'))
      const read = watch(connection.readable.getReader().read())
      peer.says({ opcode: 0, payload: pattern(10) }, peer.text('next'))
      await world.settle()
      expect(read.value).toEqual({ done: false, value: 'next' })
    })

    test('a body reads no further than it is read: its backpressure is the transport’s', async () => {
      const { connection, peer, transport, world } = connect(role, { limits: { readAhead: 3000 } })
      const chunks = 50
      peer.says({ opcode: Opcode.Binary, length: chunks * 1000 })
      for (let i = 0; i < chunks; i++) transport.give(new Uint8Array(1000))
      const { value: message } = await connection.messages().next()
      await world.settle()
      const stalled = transport.pulled
      expect(stalled).toBeLessThan(5100)
      const reader = message!.body.getReader()
      for (let i = 0; i < 10; i++) await reader.read()
      await world.settle()
      expect(transport.pulled).toBeGreaterThan(stalled + 8000)
      expect(transport.pulled).toBeLessThan(stalled + 12_000)
      await reader.cancel() // the rest is skipped only when somebody asks for the next
      await world.settle()
      const held = transport.pulled
      peer.says(peer.text('next'))
      await world.settle()
      expect(transport.pulled).toBe(held)
    })

    test('body chunks share their buffers with nothing: they may be transferred while more is to come', async () => { // architecture.md, Who owns which bytes
      const { connection, peer, world } = connect(role)
      // One chunk of the transport holds a large message, a small one, and the begin of a third.
      const large = pattern(3000)
      const third = pattern(100, 7)
      peer.says({ opcode: Opcode.Binary, payload: large }, peer.text('small'), {
        opcode: Opcode.Binary,
        payload: third,
      })
      const messages = connection.messages()
      for (const want of [large, utf8('small'), third]) {
        const { items } = collect<Uint8Array>((await messages.next()).value!.body)
        await world.settle()
        expectBytes(join(items), want)
        for (const item of items) structuredClone(item, { transfer: [item.buffer as ArrayBuffer] })
      }
    })

    test('a body writes to no memory beside what was received, whoever cut the chunks from one buffer', async () => {
      const { connection, peer, transport, world } = connect(role)
      const fragment = (fin: boolean, length: number): Uint8Array =>
        peer.wire({ opcode: fin ? Opcode.Continuation : Opcode.Binary, fin, payload: pattern(length) })
      // Behind the first chunk is somebody else's memory, which is long enough for the small part that follows.
      const [large, small] = [fragment(false, 600), fragment(true, 4)]
      const slab = new Uint8Array(large.length + 100).fill(0x55)
      slab.set(large)
      transport.give(slab.subarray(0, large.length))
      transport.give(small)
      // The second chunk stands before the first one in their buffer.
      const halves = [fragment(false, 500), fragment(true, 500)]
      const ring = join([halves[1]!, halves[0]!])
      transport.give(ring.subarray(halves[0]!.length))
      transport.give(ring.subarray(0, halves[0]!.length))
      const messages = connection.messages()
      for (const want of [join([pattern(600), pattern(4)]), join([pattern(500), pattern(500)])]) {
        const { items, end } = collect<Uint8Array>((await messages.next()).value!.body)
        await world.settle()
        expect(end.state).toBe('resolved')
        expectBytes(join(items), want)
      }
      expect(slab.subarray(large.length).every((byte) => byte === 0x55)).toBe(true)
    })

    test('a message that the end of the connection cuts: its body fails, clean end or not', async () => {
      for (const clean of [true, false]) {
        const { connection, peer, transport, world, end } = connect(role)
        peer.says({ opcode: Opcode.Binary, payload: pattern(10), fin: false })
        const messages = connection.messages()
        const { value: message } = await messages.next()
        const whole = watch(message!.bytes())
        if (clean) peer.says(peer.close(1000))
        transport.end()
        await world.settle()
        expect(whole.error).toMatchObject({ name: 'WebSocketError', closeCode: 1006 })
        if (clean) expectClean(end, 1000)
        else expect(whole.error).toBe(expectUnclean(end))
        const next = watch(messages.next())
        await world.settle()
        expect(next.state).toBe(clean ? 'resolved' : 'rejected')
      }
    })

    test('ends with the connection, after what was read ahead', async () => {
      const { connection, peer, transport, world } = connect(role)
      peer.says(peer.text('a'), peer.text('b'), peer.close(1000))
      transport.end()
      await world.settle()
      const texts: string[] = []
      for await (const message of connection.messages()) texts.push(await message.text())
      expect(texts).toEqual(['a', 'b'])
      await expect(connection.readable.getReader().closed).resolves.toBeUndefined()
    })

    test('body after bytes(), bytes() after body, and either twice are TypeErrors', async () => {
      const { connection, peer } = connect(role)
      peer.says(peer.text('a'), peer.text('b'))
      const messages = connection.messages()
      const { value: first } = await messages.next()
      await first!.bytes()
      expect(() => first!.body).toThrow(TypeError)
      await expect(first!.text()).rejects.toBeInstanceOf(TypeError)
      const { value: second } = await messages.next()
      expect(second!.body).toBe(second!.body)
      await expect(second!.bytes()).rejects.toBeInstanceOf(TypeError)
    })
  })

  describe('readable and messages()', () => {
    test('together are a TypeError that says so', async () => {
      const { connection } = connect(role)
      const reader = connection.readable.getReader()
      await expect(connection.messages().next()).rejects.toThrow(/Cannot iterate messages: readable is locked/)
      reader.releaseLock()
      const messages = connection.messages()
      void messages.next()
      expect(() => connection.readable.getReader()).toThrow(TypeError)
      await expect(connection.messages().next()).rejects.toThrow(TypeError)
    })

    test('one after the other: break skips the rest of the message and leaves the connection open', async () => { // connection.md, Messages
      const { connection, peer, world, end } = connect(role)
      peer.says({ opcode: Opcode.Binary, payload: pattern(10), fin: false })
      for await (const message of connection.messages()) {
        await message.body.getReader().read()
        break
      }
      expect([connection.readable.locked, end.state]).toEqual([false, 'pending'])
      const read = watch(connection.readable.getReader().read())
      peer.says({ opcode: 0, payload: pattern(10) }, peer.text('mine'))
      await world.settle()
      expect(read.value?.value).toBe('mine')
    })

    test('an error thrown in the loop leaves the connection open as well', async () => {
      const { connection, peer, end } = connect(role)
      peer.says(peer.text('a'), peer.text('b'))
      const loop = async () => {
        for await (const _ of connection.messages()) throw new Error('mine')
      }
      await expect(loop()).rejects.toThrow('mine')
      expect((await connection.readable.getReader().read()).value).toBe('b')
      expect(end.state).toBe('pending')
    })

    test('a read that was given up loses no message: what readable has begun must be read from it', async () => {
      for (const when of ['before', 'half', 'whole']) {
        const { connection, peer, world } = connect(role)
        const reader = connection.readable.getReader()
        reader.read().catch(() => {})
        if (when === 'half') peer.says(...fragments(utf8('onetwo'), 3).slice(0, 1))
        await world.settle()
        reader.releaseLock()
        if (when === 'whole') peer.says(peer.text('whole'))
        await world.settle()
        if (when === 'before') {
          const next = watch(connection.messages().next())
          await world.settle()
          peer.says(peer.text('whole'), peer.text('next'))
          await world.settle()
          expect(await next.value!.value!.text()).toBe('whole')
          continue
        }
        await expect(connection.messages().next()).rejects.toThrow(/readable has begun to take a message/)
        if (when === 'half') peer.says(...fragments(utf8('onetwo'), 3).slice(1))
        const again = connection.readable.getReader()
        const { value } = await again.read()
        again.releaseLock()
        if (when === 'half') expectBytes(value as Uint8Array, utf8('onetwo'))
        else expect(value).toBe('whole')
        peer.says(peer.text('next'))
        expect(await (await connection.messages().next()).value!.text()).toBe('next')
      }
    })
  })
})
