// Law: what happens in a room goes to its members and to nobody else; a member that does not read is let go, and holds up nobody.

import { connect, type Connection, UpgradeError } from '@wirestream/node'
import { wsClient } from '@wirestream/testing'
import { expect, test } from 'vitest'
import { describeAdapters } from './support.ts'

/** A member that reads one event at a time. */
class Member {
  readonly connection: Connection
  readonly #reader

  constructor(connection: Connection) {
    this.connection = connection
    this.#reader = connection.readable.getReader()
  }

  static async join(url: string, path: string): Promise<Member> {
    return new Member(await connect(url + path))
  }

  async next(): Promise<unknown> {
    const { value, done } = await this.#reader.read()
    return done ? 'the end' : JSON.parse(value as string)
  }
}

await describeAdapters((start) => {
  test('members hear each other, who comes and who goes, in their own room only', async () => {
    await using server = start('chat.mjs', '--port', '0')
    const url = await server.url()
    const ann = await Member.join(url, '/lobby?name=Ann')
    expect(await ann.next()).toEqual({ joined: 'Ann', members: ['Ann'] })
    const cleo = await Member.join(url, '/garden?name=Cleo')
    expect(await cleo.next()).toEqual({ joined: 'Cleo', members: ['Cleo'] })
    const bob = await wsClient(`${url}/lobby?name=B%C3%B6b`) // a member with another library
    const heardByBob: unknown[] = []
    bob.on('message', (data: unknown) => heardByBob.push(JSON.parse(String(data))))
    expect(await ann.next()).toEqual({ joined: 'Böb', members: ['Ann', 'Böb'] })

    await ann.connection.send('hi\n"you"')
    expect(await ann.next()).toEqual({ from: 'Ann', text: 'hi\n"you"' })
    bob.send('hällo')
    expect(await ann.next()).toEqual({ from: 'Böb', text: 'hällo' })
    const closed = new Promise((resolve) => bob.on('close', resolve))
    bob.close()
    expect(await ann.next()).toEqual({ left: 'Böb' })
    await closed
    expect(heardByBob.slice(-2)).toEqual([{ from: 'Ann', text: 'hi\n"you"' }, { from: 'Böb', text: 'hällo' }])

    // The garden heard nothing of all that.
    await cleo.connection.send('quiet here')
    expect(await cleo.next()).toEqual({ from: 'Cleo', text: 'quiet here' })

    const { code, stderr } = await server.interrupt()
    expect([code, stderr]).toEqual([0, ''])
    expect([await ann.next(), await cleo.next()]).toEqual(['the end', 'the end'])
    expect(await ann.connection.closed).toMatchObject({ closeCode: 1001 })
  })

  test('who asks for no room or has no proper name is not let in, nor is a page of another origin', async () => {
    await using server = start('chat.mjs', '--port', '0', '--origin', 'https://chat.example')
    const url = await server.url()
    const refused = async (path: string, origin?: string) => {
      const error = await connect(url + path, { origin }).catch((error: unknown) => error)
      return error instanceof UpgradeError ? error.status : error
    }
    const paths = [
      '/',
      '/lobby',
      '/lobby?name=',
      '//?name=Ann',
      '/a/b?name=Ann',
      '/lobby?name=A%0Ann',
      '/lobby?name=A%E2%80%AEnn',
    ]
    for (const path of paths) expect(await refused(path), path).toBe(404)
    expect(await refused('/lobby?name=Eve', 'https://evil.example')).toBe(403)
    const { connection } = await Member.join(url, '/lobby?name=Ann')
    const page = await connect(`${url}/lobby?name=Bob`, { origin: 'https://chat.example' })
    connection.close()
    page.close()
    expect(await server.interrupt()).toMatchObject({ code: 0, stderr: '' })
  })

  test('a message that is no text, or too long, ends its sender only', async () => {
    await using server = start('chat.mjs', '--port', '0')
    const url = await server.url()
    const ann = await Member.join(url, '/lobby?name=Ann')
    for (const [message, closeCode] of [[Uint8Array.of(1), 4003], ['x'.repeat(4097), 1009]] as const) {
      const bob = await connect(`${url}/lobby?name=Bob`)
      await bob.send(message)
      expect((await bob.closed).closeCode).toBe(closeCode)
    }
    await ann.connection.send('still here')
    const heard = []
    for (let i = 0; i < 6; i++) heard.push(Object.keys(await ann.next() as object)[0])
    expect(heard).toEqual(['joined', 'joined', 'left', 'joined', 'left', 'from'])
    expect(await server.interrupt()).toMatchObject({ code: 0, stderr: '' })
  })

  test('a member that does not read is closed with 4008 and nobody waits for it', async () => {
    await using server = start('chat.mjs', '--port', '0')
    const url = await server.url()
    const slow = await connect(`${url}/lobby?name=Slow`) // nothing of it is read yet
    const fast = await Member.join(url, '/lobby?name=Fast')
    expect(await fast.next()).toMatchObject({ joined: 'Fast' })

    // More than the buffers of two systems hold. That the answers come shows that the room goes on.
    const text = 'x'.repeat(4000)
    const SENT = 6000
    for (let i = 0; i < SENT; i++) {
      await fast.connection.send(text)
      const { from } = await fast.next() as { from: string }
      if (from !== 'Fast') throw new Error(`want an answer of one's own, got ${from}`)
    }
    let got = 0
    for await (const message of slow.readable) if (message.length > 4000) got++
    expect(await slow.closed).toEqual({ closeCode: 4008, reason: 'you read too slowly' })
    expect(got).toBeGreaterThan(0)
    expect(got).toBeLessThan(SENT) // the rest was never kept for it
    expect(await fast.next()).toEqual({ left: 'Slow' })
    expect(await server.interrupt()).toMatchObject({ code: 0, stderr: '' })
  })
})
