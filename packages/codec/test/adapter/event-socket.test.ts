// A socket that takes a part of what it is given.

import { expect, test } from 'vitest'
import { EventSocket } from '../../src/adapter/index.ts'
import { watch } from '../connection/helpers.ts'
import { World } from '../connection/transport.ts'

class TinySocket extends EventSocket {
  /** How many bytes it takes until more are allowed; less than 0 when it is closed. */
  room = 0
  readonly taken: number[] = []

  constructor() {
    super({ ...nothing, write: (chunk) => this.#give(chunk) }, new World().environment)
  }

  #give(chunk: Uint8Array): number {
    if (this.room < 0) return -1
    const bytes = chunk.subarray(0, this.room)
    this.taken.push(...bytes)
    this.room -= bytes.length
    return bytes.length
  }
}

const nothing = { resume() {}, pause() {}, shutdown() {}, end() {}, close() {} }

const CHUNKS = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3, 4)]

test('what is taken at once needs no promise', () => {
  const socket = new TinySocket()
  socket.room = 4
  expect(socket.write(CHUNKS)).toBe(undefined)
  expect(socket.taken).toEqual([1, 2, 3, 4])
})

test('whatever room there is at each drain, all bytes go out once and in order', async () => {
  for (const first of [0, 1, 2, 3]) {
    for (const then of [1, 2, 3, 4]) {
      const socket = new TinySocket()
      socket.room = first
      const written = Promise.resolve(socket.write(CHUNKS))
      const watched = watch(written)
      for (let sent = first; sent < 4; sent += then) {
        await undefined
        expect(watched.state).toBe('pending')
        socket.room = then
        socket.drain()
      }
      await written
      expect(socket.taken).toEqual([1, 2, 3, 4])
      socket.drain() // nobody waits
    }
  }
})

test.each(['write', 'drain'])(
  'a %s that finds the socket closed fails the write and ends both directions',
  async (when) => {
    const socket = new TinySocket()
    if (when === 'write') socket.room = -1
    const written = Promise.resolve(socket.write(CHUNKS))
    socket.room = -1
    if (when === 'drain') socket.drain()
    await expect(written).rejects.toThrow('Cannot use socket: it was closed')
    expect(socket.duplex.over).toBe(true)
  },
)
