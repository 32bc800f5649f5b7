// observe: sees every frame in both directions, and can do no harm.

import { describe, expect, test } from 'vitest'
import { type Frame, Opcode, prepareMessage, ProtocolError } from '../../src/index.ts'
import { utf8 } from '../support/bytes.ts'
import { collect, connect, expectUnclean, roles, source } from './helpers.ts'

const ping = (text: string) => ({ opcode: Opcode.Ping, payload: utf8(text) })
const pong = (text: string) => ({ opcode: Opcode.Pong, payload: utf8(text) })

describe.each(roles)('as a %s', (role) => {
  describe('observe sees every frame in both directions', () => {
    test('texts, binaries, prepared messages, fragments, parts of long frames, control frames and Close', async () => {
      const seen: string[] = []
      const words = (direction: string, { opcode, fin, payload, payloadLength, offset }: Readonly<Frame>) =>
        `${direction} ${opcode}${fin ? '' : '…'} ${offset}/${payloadLength} ${new TextDecoder().decode(payload)}`.trim()
      const { connection, peer, world, transport } = connect(role, {
        observe: (direction, frame) => seen.push(words(direction, frame)),
      })
      const { items } = collect(connection.readable)
      void connection.send('text')
      void connection.send(utf8('bytes'))
      void connection.send(prepareMessage('prepared'))
      void connection.send(source('a', 'b').stream).catch(() => {})
      await world.settle()
      expect(seen.splice(0)).toEqual([
        'out 1 0/4 text',
        'out 2 0/5 bytes',
        'out 1 0/8 prepared',
        'out 1… 0/1 a',
        'out 0… 0/1 b',
      ])
      const whole = peer.wire(peer.text('in parts'))
      transport.give(whole.slice(0, -5))
      await world.settle()
      transport.give(whole.slice(-5))
      peer.says(ping('p'), pong('q'), peer.close(1000, 'r'))
      await world.settle()
      expect(seen).toEqual([
        'in 1 0/8 in',
        'in 1 3/8 parts',
        'in 9 0/1 p',
        'out 10 0/1 p',
        'in 10 0/1 q',
        'in 8 0/3 \u0003\ufffdr',
        'out 8 0/3 \u0003\ufffdr',
      ])
      expect(items).toEqual(['in parts'])
    })

    test('one frame of declared length as its parts, an empty one too', async () => {
      const seen: string[] = []
      const { connection, world } = connect(role, {
        observe: (_, { offset, payload, payloadLength }) => seen.push(`${offset}+${payload.length}/${payloadLength}`),
      })
      const long = source(utf8('ab'), utf8('c'))
      void connection.send(long.stream, { length: 3 })
      await world.settle()
      long.close()
      await world.settle()
      const empty = source<Uint8Array>()
      void connection.send(empty.stream, { length: 0 })
      empty.close()
      await world.settle()
      expect(seen).toEqual(['0+2/3', '2+1/3', '0+0/0'])
    })

    test('before the data reaches the application, and also what is discarded while closing', async () => {
      const seen: number[] = []
      const { connection, peer, world } = connect(role, { observe: (_, { opcode }) => seen.push(opcode) })
      connection.close()
      await world.settle()
      peer.says(peer.text('late'))
      await world.settle()
      expect(seen).toEqual([Opcode.Close, Opcode.Text])
    })

    test('and may send, ping and close from inside without harm to the frame that it sees', async () => {
      const { connection, peer, world } = connect(role, {
        observe: (direction, { opcode, payload }) => {
          const text = new TextDecoder().decode(payload)
          if (direction === 'in' && text === 'go') void connection.send('reply')
          if (direction === 'out' && text === 'reply') void connection.ping(utf8('nested'))
          if (direction === 'out' && text === 'first') void connection.send('second')
          if (opcode === Opcode.Ping) connection.close({ closeCode: 3000 })
        },
      })
      void connection.send('first')
      peer.says(peer.text('go'))
      expect(await peer.hears()).toEqual(['text first', 'text second', 'text reply', 'ping nested', 'close 3000'])
      await world.settle()
    })

    test('a throw of it fails the connection with 1011, and the frame still goes out whole', async () => {
      for (const direction of ['in', 'out']) {
        for (
          const mistake of [new Error('a mistake in observe'), new ProtocolError('unknown-opcode', 'ü'.repeat(100))]
        ) {
          let seen = 0
          const { connection, peer, transport, world, end } = connect(role, {
            observe: (way, { opcode }) => {
              seen++
              if (way === direction && opcode === Opcode.Text) throw mistake
            },
          })
          if (direction === 'out') void connection.send('hello')
          else peer.says(peer.text('hello'))
          expect(await peer.hears()).toEqual([...(direction === 'out' ? ['text hello'] : []), 'close 1011'])
          const before = seen
          peer.says(peer.text('late'))
          await world.settle()
          expect(seen).toBe(before) // rule 50: nothing more is looked at
          transport.end()
          await world.settle()
          expect(expectUnclean(end).cause).toBe(mistake)
        }
      }
    })
  })
})
